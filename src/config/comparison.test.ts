import { describe, expect, test } from 'vitest';
import { ConfigError } from '../support/errors.js';
import { definitions } from '../training/definitions.js';
import { type ComparisonConfig, isComparison, parseComparison, stringifyComparison } from './comparison.js';
import { readDocument } from './document.js';
import { isQueue, parseExecute } from './execute.js';
import { parseExperiment, stringifyExperiment } from './experiment.js';
import { hash8 } from './hash.js';

// src/cli/goldens/config.txt has what is refused.

const text = `name: test
compare:
  models:
    - { type: single-task, levels: [[6], [4]], tower: [2] }
    - { label: two experts, type: cgc, experts: 2, tune: { model.experts: [2, 4, 8] } }
    - { label: four, type: cgc, experts: 4, tune: { model.tower: [[3], [6]], train.batchSize: [8] } }
    - { label: theirs, type: external, command: python3 theirs.py }
  seeds: [2, 5]
  axes: { dataset.correlation: [0, 0.5] }
  tune: { train.optimizer.learningRate: [0.1, 0.01] }
dataset: { loader: synthetic, rows: { train: 100, validation: 50, test: 50 }, dimension: 4 }
tasks: [{ name: click, type: binary }, { name: watch, type: regression }]
train: { epochs: 3, batchSize: 16, optimizer: { type: adam } }
`;
const parse = (overrides: readonly string[] = [], from = text) =>
  parseComparison(from, 'c.yaml', overrides, definitions);

test('a run has its model, seed, point and changes, the changes last', () => {
  const changes = { 'model.experts': 16, 'train.optimizer.learningRate': 0.2 };
  const run = parse().experiment('four', { 'dataset.correlation': 0.5, 'model.experts': 8 }, 5, changes);
  const expected = `name: test
seed: 5
dataset: { loader: synthetic, rows: { train: 100, validation: 50, test: 50 }, dimension: 4, correlation: 0.5 }
tasks: [{ name: click, type: binary }, { name: watch, type: regression }]
model: { type: cgc, experts: 16 }
train: { epochs: 3, batchSize: 16, optimizer: { type: adam, learningRate: 0.2 } }
`;
  expect(run).toEqual(parseExperiment(expected, 'run.yaml', [], definitions));
});

test('a model searches its own values beside those of every model, the last key changing fastest', () => {
  const { settings } = parse();
  const key = 'train.optimizer.learningRate';
  expect(settings('single-task')).toEqual([{ [key]: 0.1 }, { [key]: 0.01 }]);
  expect(settings('two experts')).toEqual(
    [0.1, 0.01].flatMap((rate) => [2, 4, 8].map((experts) => ({ [key]: rate, 'model.experts': experts }))),
  );
  expect(settings('four')[3]).toEqual({ [key]: 0.01, 'model.tower': [6], 'train.batchSize': 8 });
});

test('short values are written in full', () => {
  const config = parse([
    'compare.seeds=3',
    'compare.margin={ auc: 0.002, mse: 2.5 %, nmse: null }',
    'compare.match=parameters',
  ]);
  expect(config).toMatchObject({
    seeds: [1, 2, 3],
    tuneSeeds: [1_000_000], // it does not move when seeds are added
    margins: { auc: { absolute: 0.002 }, mse: { percent: 2.5 }, nmse: null },
    match: { target: 'baseline', embeddings: false },
    baseline: 'single-task',
    external: [{ label: 'theirs', command: 'python3 theirs.py' }],
    points: [{ 'dataset.correlation': 0 }, { 'dataset.correlation': 0.5 }],
    execute: { on: 'local' },
  });
  expect(parse(['compare.match={ parameters: 9 }']).match).toEqual({ target: 9, embeddings: false });
  expect(parse(['compare.match={ embeddings: true }']).match).toEqual({ target: 'baseline', embeddings: true });
});

test('an axis may take multiples of the config’s number, and name the models that it varies', () => {
  const key = 'loss.weights.watch.initial';
  const axis = (values: string, ...words: string[]) => parse([`compare.axes={ ${key}: ${values} }`, ...words]);
  const weights = ({ points, experiment }: ComparisonConfig, label: string) =>
    points.map((point) => experiment(label, point, 1).loss.weights['watch']?.initial);
  const some = axis('{ times: [2, 0.5], models: [four] }', 'loss.weights.watch=0.2');
  expect(some.axes).toEqual({ [key]: [0.4, 0.1] });
  expect(weights(some, 'four')).toEqual([0.4, 0.1]);
  expect(weights(some, 'single-task')).toEqual([0.2, 0.2]);
  expect(weights(axis('{ times: [4, 1] }'), 'four')).toEqual([4, undefined]); // 1 where the config has none: nothing changes
  expect(weights(axis('{ values: [3, 5], models: [four] }'), 'four')).toEqual([3, 5]);
});

test.each([
  ['compare={ models: [{ type: single-task, levels: [[4]] }], seeds: 1, tuneSeed: 1 }', 'nothing is searched'],
  ['compare.contrasts=[[four, [two experts, single-task]]]', 'a mean of models'],
  ['dataset={ loader: table, path: a.csv, tasks: { click: {}, watch: {} }, splitSeed: run }', 'nothing is searched'],
])('%s is taken: %s', (word) => {
  const searched = word.startsWith('dataset')
    ? text.replaceAll(/,? *tune: \{[^}]*\}/g, '').replace(/ axes.*\n/, '')
    : text;
  expect(() => parse([word], searched)).not.toThrow();
});

test.each([
  [
    'of: [[four, four], [two experts, single-task]]',
    "'compare.contrasts.0.of.0': a model cannot be compared with itself",
  ],
  ['of: [[four, single-task], [four, single-task]]', "'compare.contrasts.0.of': a pair is listed twice"],
  ['of: []', "'compare.contrasts.0.of': it needs an item or more"],
])('a mean of pairs counts each pair once, and no model beside itself: %s', (pairs, fault) => {
  const word = `compare.contrasts=[{ name: effect, ${pairs} }]`;
  expect(() => parse([word])).toThrow(new ConfigError(`override '${word}': ${fault}.`));
});

test('a resolved comparison asks for the same runs', () => {
  const config = parse(['compare.search={ type: random, candidates: 7 }']);
  const again = parseComparison(stringifyComparison(config), 'resolved.yaml', [], definitions);
  const { experiment: _, settings: __, pointOf: ___, ...rest } = config;
  expect(again).toMatchObject(rest);
  for (const { label } of config.models) {
    expect(again.settings(label)).toEqual(config.settings(label));
    for (const point of config.points)
      expect(again.experiment(label, point, 5)).toEqual(config.experiment(label, point, 5));
  }
});

test('a comparison is told from the config of a run', () => {
  const run = stringifyExperiment(parse().experiment('four', {}, 2));
  const isIt = (from: string, words: readonly string[] = []) => isComparison(readDocument(from, 'c.yaml', words));
  expect([isIt(text), isIt(run), isIt(run, ['compare.seeds=3'])]).toEqual([true, false, true]);
});

test('a mistake in an axis has the place of its value, one in a model that of the comparison', () => {
  expect(() => parse(['compare.seeds=[1]'], text.replace('[0, 0.5]', '[0, much]'))).toThrow(
    /^c\.yaml:9:36: 'dataset\.correlation': /,
  );
  expect(() => parse([], text.replace('tune: { model.experts', 'tune: { model.expert'))).toThrow(
    /^c\.yaml:5:75: 'compare\.models\.1\.expert': unknown key \(did you mean 'experts'\?\)\.$/,
  );
});

describe('where runs train', () => {
  test('is a name or has options, and the command line goes before', () => {
    expect(parse(['execute=slurm']).execute).toEqual({ on: 'slurm' });
    expect(parse(['execute={ on: "redis://queue:6379/1" }']).execute).toEqual({ on: 'redis://queue:6379/1' });
    expect(parseExecute({ on: 'slurm', sbatch: { mem: '8G' } }, { arrayLimit: 4, sbatch: { time: 5 } })).toEqual({
      ...{ on: 'slurm', arrayLimit: 4, sbatch: { mem: '8G', time: 5 } },
    });
    expect(parseExecute('slurm', { on: 'local' })).toEqual({ on: 'local' });
    expect(() => parseExecute(undefined, { on: 'redis://user:secret@queue/x' })).toThrow(
      /^--on: expected local, slurm/,
    );
    expect(['redis://h', 'rediss://u:p@h:6379/3', 'http://h', 'redis://h/a'].map(isQueue)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('is in no run, hash or stored config', () => {
    const [plain, queued] = [parse(), parse(['execute=redis://user:secret@queue'])];
    const [run, other] = [plain, queued].map(({ experiment }) => experiment('four', {}, 1));
    expect(other).toEqual(run);
    expect(hash8(queued.experiment('four', {}, 1), 'c', definitions)).toBe(
      hash8(plain.experiment('four', {}, 1), 'c', definitions),
    );
    expect(stringifyComparison(queued)).not.toMatch(/redis|secret/);
  });
});
