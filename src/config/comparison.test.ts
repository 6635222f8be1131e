import { describe, expect, test } from 'vitest';
import { changed, failure, parse, whole } from './comparison.fixture.js';
import { isComparison } from './comparison.js';
import { stringifyExperiment } from './experiment.js';
import { combinations } from './search.js';

describe('a comparison', () => {
  test('has models in their order, with labels', () => {
    const config = parse(whole);
    expect(config.models).toEqual([
      { label: 'apart', type: 'apart', tune: null },
      { label: 'two experts', type: 'deep', tune: null },
      { label: 'four', type: 'deep', tune: null },
    ]);
    expect(config).toMatchObject({ name: 'test', baseline: 'apart', seeds: [2, 5] });
    expect(config).toMatchObject({
      axes: {},
      points: [{}],
      match: null,
      tune: null,
      uncertainty: null,
      looks: [2],
      ...{ metrics: {}, margins: {}, taskWeights: {}, contrasts: [] },
    });
  });

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
        accumulate: 1,
        earlyStopping: { monitor: 'mean', patience: null },
      },
      engine: { name: 'compiled', device: 'auto' },
    });
  });

  test('does not read the model of a run beside it', () => {
    const config = parse(`${whole}model: { type: flat, levels: [[9]] }\n`);
    expect(config.models.map(({ type }) => type)).toEqual(['apart', 'deep', 'deep']);
    expect(config.experiment('two experts', {}, 2).model).toEqual({
      type: 'deep',
      experts: 2,
      levels: [[7, 5]],
      tower: [3],
    });
  });

  test('a number of seeds counts from 1', () => {
    expect(parse(changed('[2, 5]', '3')).seeds).toEqual([1, 2, 3]);
  });

  test('seeds may come look by look', () => {
    const config = parse(changed('[2, 5]', '{ first: 3, step: 2, most: 6 }'));
    expect(config.seeds).toEqual([1, 2, 3, 4, 5, 6]);
    expect(config.looks).toEqual([3, 5, 6]);
    expect(parse(changed('[2, 5]', '{ first: 3, step: 2, most: 3 }')).looks).toEqual([3]);
    expect(failure(changed('[2, 5]', '{ first: 4, step: 1, most: 3 }'))).toBe(
      "c.yaml:9:31: 'compare.seeds.most': 3 is fewer than the first look's 4.",
    );
  });

  test('a margin is in the metric’s unit, in percent, or none', () => {
    const { margins } = parse(whole, ['compare.margin={ auc: 0.002, mse: 2.5 %, nmse: null }']);
    expect(margins).toEqual({ auc: { absolute: 0.002 }, mse: { percent: 2.5 }, nmse: null });
    expect(failure(whole, ['compare.margin.ac=1'])).toMatch(
      /no metric 'ac' \(did you mean 'auc'\?\); there are: auc, mse, nmse/,
    );
    expect(failure(whole, ['compare.margin.bias=1'])).toMatch(/no metric 'bias'/);
    expect(failure(whole, ['compare.margin.auc=0'])).toMatch(/^override 'compare\.margin\.auc=0'/);
    expect(failure(whole, ["compare.margin.auc='1 percent'"])).toMatch(/'1 %'/);
  });

  test('contrasts name two models, tasks have weights', () => {
    const config = parse(whole, ['compare.contrasts=[[four, two experts]]', 'compare.taskWeights={ click: 2 }']);
    expect(config.contrasts).toEqual([['four', 'two experts']]);
    expect(config.taskWeights).toEqual({ click: 2 });
    expect(failure(whole, ['compare.contrasts=[[four, five]]'])).toMatch(/no model is labelled 'five'/);
    expect(failure(whole, ['compare.contrasts=[[four, four]]'])).toMatch(/'four' cannot be compared with itself/);
    expect(failure(whole, ['compare.contrasts=[[four, apart], [four, apart]]'])).toMatch(
      /these two are compared above/,
    );
    expect(failure(whole, ['compare.taskWeights={ clik: 2 }'])).toMatch(/no task 'clik' \(did you mean 'click'\?\)/);
    expect(failure(whole, ['compare.taskWeights={ click: 0, watch: 0 }'])).toMatch(/a task has a weight above 0/);
  });

  test('match is the baseline or a number', () => {
    expect(parse(whole, ['compare.match=parameters']).match).toBe('baseline');
    expect(parse(whole, ['compare.match={ parameters: 500 }']).match).toBe(500);
    expect(failure(whole, ['compare.match={ parameters: 100000001 }'])).toMatch(/'compare\.match/); // gigabytes
    expect(failure(whole, ['compare.match=widths'])).toMatch(/^override 'compare\.match=widths': 'compare\.match'/);
  });

  test('takes overrides of its own keys and of a run’s', () => {
    const config = parse(whole, ['compare.seeds=4', 'train.epochs=9', 'compare.models.2.experts=6']);
    expect(config.seeds).toEqual([1, 2, 3, 4]);
    expect(config.experiment('four', {}, 1)).toMatchObject({ train: { epochs: 9 }, model: { experts: 6 } });
  });

  test('is told from the config of a run', () => {
    const run = stringifyExperiment(parse(whole).experiment('four', {}, 2));
    expect(isComparison(whole, 'c.yaml', [])).toBe(true);
    expect(isComparison(run, 'c.yaml', [])).toBe(false);
    expect(isComparison(run, 'c.yaml', ['compare.seeds=3'])).toBe(true);
    expect(isComparison('a: [', 'c.yaml', [])).toBe(false);
    expect(failure(run)).toBe(
      "c.yaml: 'compare' is missing: this is the config of one run (ple train --config c.yaml).",
    );
  });
});

describe('the baseline', () => {
  const without = changed('    - { type: apart, levels: [[6], [4]], tower: [2] }\n', '');

  test('is put first where it is not listed, with the layers that the others have', () => {
    const config = parse(without);
    expect(config.models.map(({ label }) => label)).toEqual(['apart', 'two experts', 'four']);
    expect(config.baseline).toBe('apart');
    // [[7, 5]], then [3], is how many layers lie between input and logit, whatever each level holds.
    expect(config.experiment('apart', {}, 2).model).toEqual({ type: 'apart', levels: [[7], [5], [3]], tower: [] });
  });

  test('follows models that divide the same layers differently', () => {
    const config = parse(without.replace('experts: 4', 'levels: [[7], [5]]'));
    expect(config.experiment('apart', {}, 2).model).toMatchObject({ levels: [[7], [5], [3]], tower: [] });
  });

  test('must be listed where their widths differ', () => {
    expect(failure(without.replace('experts: 4', 'tower: [4]'))).toMatch(
      /^c\.yaml:3:3: 'compare\.models': list a apart model: the models differ in the widths/,
    );
  });

  test('may have a label of its own', () => {
    const config = parse(changed('type: apart', 'label: alone, type: apart'));
    expect(config.baseline).toBe('alone');
    expect(config.models).toHaveLength(3);
  });
});

describe('a mistake is one line with its place', () => {
  test.each([
    ['an unknown key', changed('seeds:', 'seed:'), /^c\.yaml:9:3: 'compare\.seed': unknown key \(did you mean 'seeds'/],
    ['a label twice', changed('label: four', 'label: two experts'), /^c\.yaml:3:3: .*labelled 'two experts'/],
    [
      'a type twice without labels',
      changed('label: four, type: deep', 'type: apart'),
      /two models are labelled 'apart'/,
    ],
    ['a seed twice', changed('[2, 5]', '[2, 5, 2]'), /^c\.yaml:9:3: 'compare\.seeds': a seed is listed twice/],
    ['a seed beside it that is none', `seed: -1\n${whole}`, /^c\.yaml:1:1: 'seed': it must be at least 0\./],
    ['no models', changed('seeds: [2, 5]', 'seeds: 0'), /^c\.yaml:9:3: 'compare\.seeds'/],
    [
      'an unknown model',
      changed('type: deep, experts', 'type: deap, experts'),
      /^c\.yaml:8:22: 'compare\.models\.2\.type': unknown model 'deap' \(did you mean 'deep'/,
    ],
    [
      'an unknown option of a model',
      changed('      experts: 2', '      expert: 2'),
      /^c\.yaml:7:7: 'compare\.models\.1\.expert': unknown key/,
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
    ['{ watch: auc }', /a regression task is judged by one of: mse, nmse/],
    ['{ watch: nmze }', /one of: mse, nmse \(did you mean 'nmse'/],
    ['{ click: bias }', /a binary task is judged by one of: auc/],
  ])('metrics: %s', (metrics, message) => expect(failure(withKey('metrics', metrics))).toMatch(message));

  test('known metrics are taken', () =>
    expect(parse(withKey('metrics', '{ watch: nmse }')).metrics).toEqual({ watch: 'nmse' }));

  test('errors over test rows need a metric that has them', () => {
    const judgedBy = (metric: string, uncertainty: string) =>
      changed('  seeds:', `  metrics: { watch: ${metric} }\n  uncertainty: ${uncertainty}\n  seeds:`);
    expect(failure(judgedBy('mse', 'both'))).toMatch(/'compare\.metrics\.watch': mse has no error over test rows/);
    expect(failure(judgedBy('mse', 'rows'))).toContain('uncertainty: rows');
    expect(parse(judgedBy('nmse', 'both')).uncertainty).toBe('both');
    expect(parse(judgedBy('mse', 'seeds')).metrics).toEqual({ watch: 'mse' });
  });
});

test('combinations: the last key changes fastest', () => {
  expect(combinations({ a: [1, 2], b: ['x', 'y', 'z'] })).toEqual([
    { a: 1, b: 'x' },
    { a: 1, b: 'y' },
    { a: 1, b: 'z' },
    { a: 2, b: 'x' },
    { a: 2, b: 'y' },
    { a: 2, b: 'z' },
  ]);
  expect(combinations({})).toEqual([{}]);
  const axes = '  axes: { dataset.mixing: [0, 1], train.batchSize: [8, 16] }\n';
  expect(parse(changed('  seeds:', `${axes}  seeds:`)).points).toEqual([
    { 'dataset.mixing': 0, 'train.batchSize': 8 },
    { 'dataset.mixing': 0, 'train.batchSize': 16 },
    { 'dataset.mixing': 1, 'train.batchSize': 8 },
    { 'dataset.mixing': 1, 'train.batchSize': 16 },
  ]);
});
