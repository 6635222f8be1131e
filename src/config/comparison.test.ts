import { describe, expect, test } from 'vitest';
import { changed, failure, parse, whole } from './comparison.fixture.js';
import { isComparison } from './comparison.js';
import { stringifyExperiment } from './experiment.js';

describe('a comparison', () => {
  test('gives a run its model, seed, point and changes, the changes last', () => {
    const config = parse(changed('  seeds:', '  axes: { dataset.mixing: [0, 0.5] }\n  seeds:'));
    const experiment = config.experiment('four', { 'dataset.mixing': 0.5, 'model.experts': 8 }, 5, {
      'model.experts': 16,
      'train.optimizer.learningRate': 0.1,
    });
    const { inputs: _, ...rest } = experiment;
    expect(rest).toEqual({
      name: 'test',
      seed: 5,
      dataset: { loader: 'file', path: 'a', mixing: 0.5 },
      tasks: [
        { name: 'click', type: 'binary', standardize: false },
        { name: 'watch', type: 'regression', standardize: false },
      ],
      model: { type: 'deep', experts: 16, levels: [[7, 5]], tower: [3] },
      loss: { schedule: { type: 'constant' }, balancing: { type: 'fixed' }, weights: {} },
      train: {
        epochs: 3,
        batchSize: 8,
        optimizer: { type: 'adam', learningRate: 0.1 },
        keep: 'best',
        earlyStopping: { monitor: 'mean', patience: null },
      },
      engine: { name: 'compiled', device: 'auto' },
      diagnostics: false,
    });
  });

  test('a number of seeds counts from 1', () => {
    expect(parse(changed('[2, 5]', '3')).seeds).toEqual([1, 2, 3]);
  });

  test('a margin is in the metric’s unit, in percent, or none', () => {
    const { margins } = parse(whole, ['compare.margin={ auc: 0.002, mse: 2.5 %, nmse: null }']);
    expect(margins).toEqual({ auc: { absolute: 0.002 }, mse: { percent: 2.5 }, nmse: null });
    expect(failure(whole, ['compare.margin.ac=1'])).toMatch(
      /no metric 'ac' \(did you mean 'auc'\?\); there are: auc, mse, nmse/,
    );
    expect(failure(whole, ["compare.margin.auc='1 percent'"])).toMatch(/'1 %'/);
  });

  test('a front has the loss weights of one task, of joint models', () => {
    const config = parse(whole, ['compare.front={ loss.weights.watch.initial: [4, 1, 0.5] }']);
    expect(config.front).toEqual({
      key: 'loss.weights.watch.initial',
      task: 'watch',
      values: [0.5, 1, 4],
      areTimes: false,
      labels: ['two experts', 'four'],
    });
    const times = parse(whole, ['compare.front={ loss.weights.watch.initial: { times: [2, 0.5] } }']);
    expect(times.front).toMatchObject({ values: [0.5, 2], areTimes: true });
    const mistake = (front: string) => failure(whole, [`compare.front=${front}`]);
    const [click, watch] = ['loss.weights.click.initial: [1, 2]', 'loss.weights.watch.initial: [1, 2]'];
    expect(mistake(`{ ${click}, ${watch} }`)).toMatch(
      /'compare\.front': name one key, loss\.weights\.<task>\.initial\.$/,
    );
    expect(mistake('{ train.epochs: [1, 2] }')).toMatch(/is no loss weight of a task: name/);
    expect(mistake('{ loss.weights.wach.initial: [1, 2] }')).toMatch(/no task 'wach' \(did you mean 'watch'\?\)/);
    expect(failure(whole, [`compare.front={ ${watch} }`, `compare.axes={ ${watch} }`])).toMatch(/is an axis already/);
    const alone = changed('  - { name: watch, type: regression }\n', '');
    expect(failure(alone, [`compare.front={ ${click} }`])).toMatch(/a front is of two tasks or more/);
    const many = Array.from({ length: 100 }, (_, index) => index + 1).join();
    expect(failure(whole, ['compare.seeds=100', `compare.front={ loss.weights.watch.initial: [${many}] }`])).toMatch(
      /make 20,303 runs; 20,000 is the most/,
    );
  });

  test('contrasts name two models, tasks have weights', () => {
    const config = parse(whole, ['compare.contrasts=[[four, two experts]]', 'compare.taskWeights={ click: 2 }']);
    expect(config.contrasts).toEqual([['four', 'two experts']]);
    const means = parse(whole, ['compare.contrasts=[[four, [two experts, apart]]]']);
    expect(means.contrasts).toEqual([['four', ['two experts', 'apart']]]);
    expect(failure(whole, ['compare.contrasts=[[four, [four, two experts]]]'])).toMatch(
      /cannot be compared with itself/,
    );
    expect(config.taskWeights).toEqual({ click: 2 });
    expect(failure(whole, ['compare.contrasts=[[four, five]]'])).toMatch(/no model is labelled 'five'/);
    expect(failure(whole, ['compare.taskWeights={ clik: 2 }'])).toMatch(/no task 'clik' \(did you mean 'click'\?\)/);
    expect(failure(whole, ['compare.taskWeights={ click: 0, watch: 0 }'])).toMatch(/a task has a weight above 0/);
  });

  test('match is the baseline or a number', () => {
    const target = 'baseline';
    expect(parse(whole, ['compare.match=parameters']).match).toEqual({ target, embeddings: false });
    expect(parse(whole, ['compare.match={ embeddings: true }']).match).toEqual({ target, embeddings: true });
    expect(parse(whole, ['compare.match={ parameters: 500 }']).match).toEqual({ target: 500, embeddings: false });
    expect(failure(whole, ['compare.match={}'])).toMatch(/'compare\.match.*give parameters, embeddings or both/);
  });

  test('takes overrides of its own keys and of a run’s', () => {
    const config = parse(whole, ['compare.seeds=4', 'train.epochs=9', 'compare.models.2.experts=6']);
    expect(config.seeds).toEqual([1, 2, 3, 4]);
    expect(config.experiment('four', {}, 1)).toMatchObject({ train: { epochs: 9 }, model: { experts: 6 } });
    expect(failure(whole, ['model.experts=6'])).toMatch(
      /^override 'model\.experts=6': .* so for the first model say compare\.models\.0\.experts; this key is one of ple train\.$/,
    );
    expect(failure(whole, ['seed=6'])).toMatch(/from compare\.models and compare\.seeds; this key/);
  });

  test('is told from the config of a run', () => {
    const run = stringifyExperiment(parse(whole).experiment('four', {}, 2));
    expect(isComparison(whole, 'c.yaml', [])).toBe(true);
    expect(isComparison(run, 'c.yaml', [])).toBe(false);
    expect(isComparison(run, 'c.yaml', ['compare.seeds=3'])).toBe(true);
    expect(failure(run)).toBe(
      "c.yaml: 'compare' is missing: this is the config of one run (ple train --config c.yaml).",
    );
  });
});

test('mistakes of all models, of the comparison and of the rest are told at once', () => {
  const places = (text: string) =>
    Array.from(failure(text).matchAll(/^c\.yaml:\d+:\d+: '([^']*)'/gm), ([, key]) => key);
  const rest = (text: string) => text.replace('epochs: 3', 'epochs: many');
  const models = rest(whole.replace('experts: 2', 'experts: two').replace('experts: 4', 'experts: four'));
  const own = ['compare.models.1.experts', 'compare.models.2.experts'];
  expect(places(models)).toEqual([...own, 'train.epochs']);
  expect(places(models.replace('seeds:', 'seed:'))).toEqual([...own, 'compare.seed', 'train.epochs']);
  expect(places(rest(changed('  seeds:', '  axes: { engine: [1, 2], seed: [3] }\n  seeds:')))).toEqual([
    'compare.axes.engine',
    'compare.axes.seed',
    'train.epochs',
  ]);
  const names = changed('  seeds:', '  taskWeights: { clik: 2 }\n  contrasts: [[four, five]]\n  seeds:');
  expect(places(names)).toEqual(['compare.taskWeights.clik', 'compare.contrasts.0.1']);
});

describe('a mistake is one line with its place', () => {
  test.each([
    ['an unknown key', changed('seeds:', 'seed:'), /^c\.yaml:9:3: 'compare\.seed': unknown key \(did you mean 'seeds'/],
    ['a label twice', changed('label: four', 'label: two experts'), /^c\.yaml:3:3: .*labelled 'two experts'/],
    [
      'no baseline',
      changed('    - { type: apart, levels: [[6], [4]], tower: [2] }\n', ''),
      /^c\.yaml:3:3: 'compare\.models': list a apart model: gains are over it/,
    ],
    ['a seed twice', changed('[2, 5]', '[2, 5, 2]'), /^c\.yaml:9:3: 'compare\.seeds': a seed is listed twice/],
    [
      'an unknown model',
      changed('type: deep, experts', 'type: deap, experts'),
      /^c\.yaml:8:22: 'compare\.models\.2\.type': unknown model 'deap' \(did you mean 'deep'/,
    ],
    [
      'a wrong option of a model',
      changed('experts: 4', 'experts: many'),
      /^c\.yaml:8:34: 'compare\.models\.2\.experts'/,
    ],
  ])('%s', (_, text, message) => {
    expect(failure(text)).toMatch(message);
    expect(failure(text)).not.toMatch(/\n/);
  });

  const withKey = (key: string, value: string) => changed('  seeds:', `  ${key}: ${value}\n  seeds:`);

  test.each([
    ['{ clik: auc }', /^c\.yaml:9:14: 'compare\.metrics\.clik': no task 'clik' \(did you mean 'click'/],
    ['{ watch: auc }', /'watch' is not judged by 'auc'; there are: mse, nmse/],
  ])('metrics: %s', (metrics, message) => expect(failure(withKey('metrics', metrics))).toMatch(message));

  test('errors over test rows need a metric that has them', () => {
    const judgedBy = (metric: string, uncertainty: string) =>
      changed('  seeds:', `  metrics: { watch: ${metric} }\n  uncertainty: ${uncertainty}\n  seeds:`);
    expect(failure(judgedBy('mse', 'both'))).toMatch(/'compare\.metrics\.watch': mse has no error over test rows/);
    expect(parse(judgedBy('nmse', 'both')).uncertainty).toBe('both');
    expect(parse(judgedBy('mse', 'seeds')).metrics).toEqual({ watch: 'mse' });
  });
});

const varying = (key: string, value: string) => changed('  seeds:', `  ${key}: ${value}\n  seeds:`);

test.each(['axes', 'tune'])('a key that cannot be varied by %s', (key) => {
  for (const name of ['seed', 'model', 'engine.threads']) {
    const text = varying(key, `{ train.epochs: [1], ${name}: [1] }`);
    expect(failure(text)).toMatch(new RegExp(`^c\\.yaml:9:.*'compare\\.${key}\\.${name}': cannot be varied here`));
    const parts = `${key === 'axes' ? 'dataset, ' : ''}inputs, tasks, model, loss or train`;
    expect(failure(text)).toContain(`name a key below ${parts}`);
  }
});

test.each(['axes', 'tune'])('a key or a value of %s that a run does not take', (key) => {
  expect(failure(varying(key, '{ train.epoch: [1] }'))).toMatch(
    /^c\.yaml:9:25: 'train\.epoch': unknown key \(did you mean 'epochs'/,
  );
  expect(failure(varying(key, '{ train.epochs: [1, much] }'))).toMatch(/^c\.yaml:9:29: 'train\.epochs'/);
});

test('a key of the data that is tuned: every model would choose its own', () => {
  const message = /^c\.yaml:9:11: 'compare\.tune\.dataset': cannot be tuned: .*same data and split/;
  expect(failure(varying('tune', '{ dataset: [{ loader: file, path: b }] }'))).toMatch(message);
  expect(parse(varying('axes', '{ dataset.mixing: [0, 1] }')).points).toHaveLength(2);
});

test.each([
  ['axes', 'tasks.0.name', '[click, buy]'],
  ['tune', 'tasks.0.type', '[binary, regression]'],
])('%s that vary %s', (part, key, values) => {
  expect(failure(varying(part, `{ tasks.1.standardize: [true, false], ${key}: ${values} }`))).toMatch(
    new RegExp(`^c\\.yaml:9:47: 'compare\\.${part}\\.${key}': cannot be varied: all points .* have the same tasks\\.$`),
  );
});
