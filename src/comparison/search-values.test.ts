import { describe, expect, test } from 'vitest';
import type { AxisPoint } from '../config/comparison.js';
import { parsed } from './plan/planned-runs.fixture.js';
import { cellExperiment } from './plan/run.js';
import { bestValues, tuningRuns as runsOf, type Tried } from './search.js';

const text = (tune: string) => `
name: small
compare:
  models:
    - { type: single-task, levels: [[8], [8]], tower: [4] }
    - { label: shared, type: hard-sharing, levels: [[8]], tower: [8, 4] }
  seeds: [3, 9, 4]
  axes: { dataset.correlation: [0.2, 1] }
  tune: ${tune}
dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 20 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
`;
const config = (tune: string) => parsed(text(tune));
const searched = config('{ train.optimizer.learningRate: [0.1, 0.01, 0.001], train.batchSize: [5, 10] }');
const values = [
  { 'train.optimizer.learningRate': 0.1, 'train.batchSize': 5 },
  { 'train.optimizer.learningRate': 0.1, 'train.batchSize': 10 },
  { 'train.optimizer.learningRate': 0.01, 'train.batchSize': 5 },
  { 'train.optimizer.learningRate': 0.01, 'train.batchSize': 10 },
  { 'train.optimizer.learningRate': 0.001, 'train.batchSize': 5 },
  { 'train.optimizer.learningRate': 0.001, 'train.batchSize': 10 },
];

/** The runs of a model's search, which may have further changes. */
function tuningRuns(of: typeof searched, label: string, point: AxisPoint, changesWith = (tried: AxisPoint) => tried) {
  const candidates = of.settings(label).map((values) => ({ values, changes: changesWith(values) }));
  return runsOf({ label, point, groups: [tasks], candidates }, of.tuneSeeds);
}

const tasks = ['click', 'watch'];

describe('the search', () => {
  const point = { 'dataset.correlation': 0.2 };
  const searchRuns = (of: typeof searched, label: string, changesWith?: (values: AxisPoint) => AxisPoint) =>
    tuningRuns(of, label, point, changesWith).map(({ values = {}, ...run }) => ({
      ...run,
      values,
      experiment: cellExperiment(of, { ...run, values }),
    }));

  test('28b: is the same for every model, the baseline too: all combinations, under the seed of the search', () => {
    for (const { label, type } of searched.models) {
      const runs = searchRuns(searched, label);
      expect(runs.map((run) => run.values)).toEqual(values);
      for (const { label: of, seed, point: at, experiment, values: tried } of runs) {
        expect([of, at, experiment.model.type]).toEqual([label, point, type]);
        expect([seed, experiment.seed]).toEqual([1_000_000, 1_000_000]);
        expect(experiment.dataset).toMatchObject({ correlation: 0.2 });
        expect(experiment.train.batchSize).toBe(tried['train.batchSize']);
        expect(experiment.train.optimizer).toMatchObject({ learningRate: tried['train.optimizer.learningRate'] });
      }
      expect(new Set(runs.map(({ experiment }) => experiment.name)).size).toBe(6);
    }
  });
});

/** AUC and nmse on validation of a binary and a regression task; of a task that is not there, undefined. */
type Scores = readonly [click: number | null | undefined, watch: number | null | undefined];

const taskResult = (type: string, metric: string, value: number, test = 0.5) => ({
  type,
  validation: { [metric]: Number.isNaN(value) ? null : value },
  test: { [metric]: test },
});
const runResult = ([click, watch]: Scores, [clickTest, watchTest]: readonly number[] = []) => ({
  tasks: {
    ...(click === undefined ? {} : { click: taskResult('binary', 'auc', click ?? Number.NaN, clickTest) }),
    ...(watch === undefined ? {} : { watch: taskResult('regression', 'nmse', watch ?? Number.NaN, watchTest) }),
  },
});
const tried = (...scores: (Scores | undefined)[]): Tried[] =>
  scores.map((score, index) => ({ values: values[index] ?? {}, results: [score && runResult(score)] }));

describe('the values chosen together', () => {
  const chosen = (all: readonly Tried[]) => bestValues(all, [tasks])[0];

  test('have the best mean over tasks in units of .001 AUC and 1 % of the error', () => {
    // Sums: 969, 961, 960, 958. Of AUC and 1 - nmse, the second would be the best.
    expect(chosen(tried([0.9, 0.5], [0.8, 0.2], [0.95, 0.9], [0.89, 0.5]))).toEqual(values[0]);
  });

  test('21: are not those that the test split would choose', () => {
    const all = [
      { values: values[0] ?? {}, results: [runResult([0.7, 0.4], [0.7, 0.4])] },
      { values: values[1] ?? {}, results: [runResult([0.6, 0.4], [1, 0])] }, // a leak
      { values: values[2] ?? {}, results: [runResult([0.8, 0.4], [0.5, 1.5])] },
    ];
    expect(chosen(all)).toEqual(values[2]);
  });

  test('a run that failed, and one without a score that others have, is worse than any', () => {
    expect(chosen(tried(undefined, [null, 0.01], [0.99, null], [0.01, 40]))).toEqual(values[3]);
    expect(chosen(tried([Number.NaN, 0.01], [0.01, 40]))).toEqual(values[1]);
  });

  test('are the best by the mean over seeds', () => {
    const chosenByScores = (...scores: (Scores | undefined)[]) =>
      chosen(
        [5, 10, 2].map((size, index) => ({
          values: { 'train.batchSize': size },
          results: scores.slice(2 * index, 2 * index + 2).map((score) => score && runResult(score)),
        })),
      );
    // Batch 5 is best under the first seed (.8, .5: mean .65), 10 over both (.7, .7), 2 under neither (.69, .69).
    const all: Scores[] = [
      ...([
        [0.8, 0.2],
        [0.5, 0.5],
      ] as const), // batch 5
      ...([
        [0.7, 0.3],
        [0.7, 0.3],
      ] as const), // batch 10
      ...([
        [0.69, 0.31],
        [0.69, 0.31],
      ] as const), // batch 2
    ];
    expect(chosenByScores(...all)).toEqual({ 'train.batchSize': 10 });
    // one of batch 10 failed
    expect(chosenByScores(...all.slice(0, 3), undefined, ...all.slice(4))).toEqual({ 'train.batchSize': 2 });
  });
});
