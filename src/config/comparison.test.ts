import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { catalogue } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { combinations, isComparison, parseComparison } from './comparison.js';
import { type Definitions, stringifyExperiment } from './experiment.js';

const widths = z.array(z.int().positive());
const layered = <Name extends string>(name: Name, more = {}) => ({
  name,
  options: z.strictObject({
    type: z.literal(name),
    levels: z.array(widths).default([[7, 5]]),
    tower: widths.default([3]),
    ...more,
  }),
});
const definitions: Definitions = {
  loaders: catalogue('loader', [
    {
      name: 'file',
      paths: ['path'],
      options: z.strictObject({ loader: z.literal('file'), path: z.string(), mixing: z.number().default(0) }),
    },
  ]),
  models: catalogue('model', [layered('apart'), layered('deep', { experts: z.int().default(2) }), layered('flat')]),
  schedules: catalogue('schedule', [{ name: 'constant', options: z.strictObject({ type: z.literal('constant') }) }]),
  optimizers: catalogue('optimizer', [
    { name: 'adam', options: z.strictObject({ type: z.literal('adam'), learningRate: z.number().default(0.001) }) },
  ]),
  metrics: catalogue('metric', [
    { name: 'auc', type: 'binary', better: 'higher' },
    { name: 'bias', type: 'binary', better: null },
    { name: 'mse', type: 'regression', better: 'lower' },
    { name: 'nmse', type: 'regression', better: 'lower', influence: () => null },
  ]),
  baseline: 'apart',
};

const whole = `name: test
compare:
  models:
    - { type: apart, levels: [[6], [4]], tower: [2] }
    - label: two experts
      type: deep
      experts: 2
    - { label: four, type: deep, experts: 4 }
  seeds: [2, 5]
dataset: { loader: file, path: a }
tasks:
  - { name: click, type: binary }
  - { name: watch, type: regression }
train:
  epochs: 3
  batchSize: 8
  optimizer: { type: adam }
`;

const parse = (text: string, overrides: string[] = []) => parseComparison(text, 'c.yaml', overrides, definitions);
const failure = (text: string, overrides: string[] = []): string => {
  try {
    parse(text, overrides);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  throw new Error('no mistake was found');
};

function changed(from: string, to: string): string {
  if (!whole.includes(from)) throw new Error(`no '${from}'`);
  return whole.replace(from, to);
}

describe('a comparison', () => {
  test('has models in their order, with labels', () => {
    const config = parse(whole);
    expect(config.models).toEqual([
      { label: 'apart', type: 'apart' },
      { label: 'two experts', type: 'deep' },
      { label: 'four', type: 'deep' },
    ]);
    expect(config).toMatchObject({ name: 'test', baseline: 'apart', seeds: [2, 5], tuneSeed: 6 });
    expect(config).toMatchObject({
      axes: {},
      points: [{}],
      match: null,
      tune: null,
      uncertainty: 'seeds',
      metrics: {},
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
      loss: { schedule: { type: 'constant' }, weights: {} },
      train: {
        epochs: 3,
        batchSize: 8,
        optimizer: { type: 'adam', learningRate: 0.1 },
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
    expect(parse(changed('[2, 5]', '3'))).toMatchObject({ seeds: [1, 2, 3], tuneSeed: 4 });
  });

  test('match is the baseline or a number', () => {
    expect(parse(whole, ['compare.match=parameters']).match).toBe('baseline');
    expect(parse(whole, ['compare.match={ parameters: 500 }']).match).toBe(500);
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
    [
      'a seed without a next one',
      changed('[2, 5]', '[9007199254740991]'),
      /^c\.yaml:9:11: 'compare\.seeds\.0': Too big/,
    ],
    ['a seed beside it that is none', `seed: -1\n${whole}`, /^c\.yaml:1:1: 'seed': Too small/],
    ['a long name', changed('name: test', `name: ${'a'.repeat(201)}`), /^c\.yaml:1:1: 'name': Too big.*200 char/],
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
    ['an unknown key of a run', changed('  epochs:', '  epoch:'), /^c\.yaml:15:3: 'train\.epoch': unknown key/],
  ])('%s', (_, text, message) => {
    expect(failure(text)).toMatch(message);
    expect(failure(text)).not.toMatch(/\n/);
  });

  const withKey = (key: string, value: string) => changed('  seeds:', `  ${key}: ${value}\n  seeds:`);

  test.each(['axes', 'tune'])('a key that cannot be varied by %s', (key) => {
    for (const name of ['seed', 'name', 'model', 'engine', 'engine.threads', 'compare.seeds']) {
      const text = withKey(key, `{ train.epochs: [1], ${name}: [1] }`);
      expect(failure(text)).toMatch(new RegExp(`^c\\.yaml:9:.*'compare\\.${key}\\.${name}': cannot be varied here`));
    }
  });

  test.each(['axes', 'tune'])('a key or a value of %s that a run does not take', (key) => {
    expect(failure(withKey(key, '{ train.epoch: [1] }'))).toMatch(
      /^c\.yaml:9:25: 'train\.epoch': unknown key \(did you mean 'epochs'/,
    );
    expect(failure(withKey(key, '{ train.epochs: [1, much] }'))).toMatch(/^c\.yaml:9:29: 'train\.epochs'/);
    expect(failure(withKey(key, '{ train.epochs: [] }'))).toMatch(new RegExp(`^c\\.yaml:9:.*compare\\.${key}`));
    expect(failure(withKey(key, '{ train.epochs: [1, 1.0] }'))).toMatch(/train\.epochs': a value is listed twice/);
  });

  test('a key of the data that is tuned: every model would choose its own', () => {
    const whole = '{ dataset: [{ loader: file, path: b }] }';
    for (const [key, typed] of [
      ['dataset.mixing', '{ dataset.mixing: [0, 1] }'],
      ['dataset', whole],
    ]) {
      const message = new RegExp(`^c\\.yaml:9:11: 'compare\\.tune\\.${key}': cannot be tuned: .*same data and split`);
      expect(failure(withKey('tune', `${typed}`))).toMatch(message);
    }
    expect(parse(withKey('axes', '{ dataset.mixing: [0, 1] }')).points).toHaveLength(2);
  });

  test.each([
    ['axes', 'tasks.0.name', '[click, buy]', 'click: binary, watch: regression; buy: binary, watch: regression'],
    ['tune', 'tasks.0.type', '[binary, regression]', 'click: binary, watch: regression; click: regression, '],
    ['axes', 'tasks', '[[{ name: click, type: binary }], [{ name: buy, type: binary }]]', 'click: binary; buy: binary'],
  ])('%s that vary %s', (part, key, values, tasks) => {
    const message = failure(
      withKey(part, `{ tasks.1.standardize: [true, false], train.epochs: [1], ${key}: ${values} }`),
    );
    expect(message).toMatch(new RegExp(`^c\\.yaml:9:\\d+: 'compare\\.${part}\\.${key}': gives other tasks \\(`));
    expect(message).toContain(tasks);
  });

  test('tasks may differ in what they are not named by', () => {
    expect(parse(withKey('axes', '{ tasks.1.standardize: [true, false] }')).points).toHaveLength(2);
  });

  test.each(['axes', 'tune'])('a value of %s is told where it was written, also by an override', (key) => {
    for (const [typed, message] of [
      ['{ a: [1] }', "'a': unknown key"],
      ['{ name.x: [1] }', "'name.x': 'name' is not a mapping or a list"],
      ['{ model.experts: [2, many] }', "'compare.models.0.experts': unknown key"],
    ] as const) {
      expect(failure(whole, [`compare.${key}=${typed}`])).toContain(`override 'compare.${key}=${typed}': ${message}`);
      expect(failure(withKey(key, typed))).toMatch(/^c\.yaml:9:\d+: /);
    }
    expect(failure(withKey(key, '{ dataset..mixing: [1] }'))).toMatch(/^c\.yaml:9:\d+: .*is not a key: join its parts/);
  });

  test('a key that is an axis and tuned', () => {
    const text = changed('  seeds:', '  axes: { train.epochs: [1, 2] }\n  tune: { train.epochs: [1] }\n  seeds:');
    expect(failure(text)).toMatch(/^c\.yaml:10:11: 'compare\.tune\.train\.epochs': is an axis already/);
  });

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
