import { describe, expect, test } from 'vitest';
import { parseComparison } from '../config/comparison.js';
import { UserError } from '../support/errors.js';
import { definitions } from '../training/definitions.js';
import { chosenValues, type TuningRun, tuningRuns } from './tune.js';

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
const config = (tune: string) => parseComparison(text(tune), 'small.yaml', [], definitions);
const searched = config('{ train.optimizer.learningRate: [0.1, 0.01, 0.001], train.batchSize: [5, 10] }');
const values = [
  { 'train.optimizer.learningRate': 0.1, 'train.batchSize': 5 },
  { 'train.optimizer.learningRate': 0.1, 'train.batchSize': 10 },
  { 'train.optimizer.learningRate': 0.01, 'train.batchSize': 5 },
  { 'train.optimizer.learningRate': 0.01, 'train.batchSize': 10 },
  { 'train.optimizer.learningRate': 0.001, 'train.batchSize': 5 },
  { 'train.optimizer.learningRate': 0.001, 'train.batchSize': 10 },
];

describe('the search', () => {
  const point = { 'dataset.correlation': 0.2 };

  test('28b: is the same for every model, the baseline too: all combinations, under a seed that is not reported', () => {
    for (const { label, type } of searched.models) {
      const runs = tuningRuns(searched, label, point);
      expect(runs.map((run) => run.values)).toEqual(values);
      for (const { label: of, seed, point: at, experiment, values: tried } of runs) {
        expect([of, at, experiment.model.type]).toEqual([label, point, type]);
        expect(searched.seeds).not.toContain(seed);
        expect(experiment.seed).toBe(seed);
        expect(experiment.dataset).toMatchObject({ correlation: 0.2 });
        expect(experiment.train.batchSize).toBe(tried['train.batchSize']);
        expect(experiment.train.optimizer).toMatchObject({ learningRate: tried['train.optimizer.learningRate'] });
      }
      expect(new Set(runs.map((run) => run.seed)).size).toBe(1);
      expect(new Set(runs.map(({ experiment }) => experiment.name)).size).toBe(6);
    }
  });

  test('further changes depend on the values', () => {
    const runs = tuningRuns(searched, 'shared', point, (tried) => ({
      ...tried,
      'model.tower': [Number(tried['train.batchSize'])],
    }));
    expect(runs.map(({ experiment }) => experiment.model)).toEqual(
      values.map((tried) => ({ type: 'hard-sharing', levels: [[8]], tower: [tried['train.batchSize']] })),
    );
    expect(runs.map((run) => run.values)).toEqual(values);
  });

  test('there is none without tune', () => expect(tuningRuns(config('null'), 'shared', point)).toEqual([]));
});

describe('the values chosen', () => {
  const runs = tuningRuns(searched, 'shared', {}).slice(0, 4);

  interface Scores {
    readonly validation: readonly [number | null, number | null];
    readonly test?: readonly [number, number];
  }
  /** A binary and a regression task. */
  const result = ({ validation, test = [0.5, 0.5] }: Scores) => ({
    tasks: {
      click: { type: 'binary', validation: { auc: validation[0], logLoss: 0.7 }, test: { auc: test[0] } },
      watch: { type: 'regression', validation: { nmse: validation[1], mse: 8 }, test: { nmse: test[1] } },
    },
  });
  const runAt = (index: number): TuningRun => {
    const run = runs[index];
    if (!run) throw new Error('More scores than runs.');
    return run;
  };
  const tried = (...scores: (Scores | undefined)[]) =>
    scores.map((score, i) => ({ run: runAt(i), result: score ? result(score) : undefined }));

  test('have the best mean over tasks of AUC and 1 - nmse', () => {
    // Means of (AUC, 1 - nmse): .7, .725, .7, .6.
    const all = tried(
      { validation: [0.9, 0.5] },
      { validation: [0.7, 0.25] },
      { validation: [0.6, 0.2] },
      { validation: [0.95, 0.75] },
    );
    expect(chosenValues(all)).toEqual(values[1]);
  });

  test('21: are not those that the test split would choose', () => {
    const all = tried(
      { validation: [0.7, 0.4], test: [0.7, 0.4] },
      { validation: [0.6, 0.4], test: [1, 0] }, // a leak
      { validation: [0.8, 0.4], test: [0.5, 1.5] },
    );
    expect(chosenValues(all)).toEqual(values[2]);
  });

  test('of equal ones the first', () => {
    const all = tried({ validation: [0.6, 0.5] }, { validation: [0.7, 0.5] }, { validation: [0.7, 0.5] });
    expect(chosenValues(all)).toEqual(values[1]);
  });

  test('a task that has no score in any run is left out', () => {
    const all = tried({ validation: [null, 0.5] }, { validation: [null, 0.2] }, { validation: [null, 0.3] });
    expect(chosenValues(all)).toEqual(values[1]);
  });

  test('a run that failed, and one without a score that others have, is worse than any', () => {
    const bad = { validation: [0.01, 40] } as const;
    expect(chosenValues(tried(undefined, { validation: [null, 0.01] }, { validation: [0.99, null] }, bad))).toEqual(
      values[3],
    );
    expect(chosenValues(tried({ validation: [Number.NaN, 0.01] }, bad))).toEqual(values[1]);
  });

  test('there are none if all failed', () => {
    const attempt = () => chosenValues(tried(undefined, { validation: [null, null] }));
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(/Tuning of 'shared' found no values: all 2 runs failed/);
  });
});
