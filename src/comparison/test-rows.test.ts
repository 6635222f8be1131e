import { expect, test, vi } from 'vitest';
import type { DataShape, ReadShape } from './plan/data-shapes.js';
import { parsed } from './plan/planned-runs.fixture.js';
import { notesOnTestRows } from './test-rows.js';

function configWith(...overrides: readonly string[]) {
  const text = `name: small
compare:
  models: [{ type: single-task, levels: [[32]], tower: [8] }, { type: hard-sharing, levels: [[32]], tower: [8] }]
  seeds: 2
dataset: { from: census-six }
tasks: [{ name: income, type: binary }, { name: education, type: binary }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
`;
  return parsed(text, ...overrides);
}

const income = { positives: 3092, negatives: 33_020 };
const education = { positives: 9689, negatives: 26_423 };

const notes = (config: ReturnType<typeof configWith>, readShape: ReadShape) =>
  notesOnTestRows({ config, executor: { readShape } });

function reader(testClasses: DataShape['testClasses'], grouped = false) {
  const shape = { kind: 'shape', model: { tasks: [], categorical: [], numeric: [] }, grouped, testClasses } as const;
  return async () => ({ ...shape, rows: { train: 1, validation: 1, test: 36_112 } });
}

test('a task whose test rows hardly show the margin is named with its rows and the smallest gain; others are not', async () => {
  const note =
    "Task 'income': 36,112 test rows, 3,092 of them positive, hardly show a gain of 0.001 auc (the margin), whatever the number of seeds. " +
    'The smallest that they show is about 0.0014 at an auc of 0.8, 0.00076 at 0.95 (docs/search.md).';
  expect(await notes(configWith(), reader([income, education]))).toEqual([note]);
  const axis = 'compare.axes={ loss.weights.income.initial: [1, 2] }';
  expect(await notes(configWith(axis), reader([income, education]))).toEqual([note]);
});

test.each([
  ['a margin that they show', ['compare.margin.auc=0.0014']],
  ['no margin', ['compare.margin.auc=null']],
  ['a margin in percent of a value that is not known yet', ['compare.margin.auc=0.01 %']],
  ['errors over seeds alone', ['compare.uncertainty=seeds']],
  ['test rows that each seed draws anew', ['dataset={ from: census-income, splitSeed: run }']],
  ['a metric without a formula', ['compare.metrics.income=logLoss']],
])('no note: %s', async (_what, overrides) => {
  expect(await notes(configWith(...overrides), reader([income, education]))).toEqual([]);
});

test('no note: rows of groups, one class alone, a task that is not binary, data that cannot be read', async () => {
  expect(await notes(configWith(), reader([income, education], true))).toEqual([]);
  expect(await notes(configWith(), reader([{ positives: 0, negatives: 100 }, null]))).toEqual([]);
  const broken = async () => Promise.reject(new Error('damaged'));
  expect(await notes(configWith(), broken)).toEqual([]);
});

test('data are read only where a metric has a formula', async () => {
  const read = vi.fn(reader([null, null]));
  await notes(configWith('tasks.0.type=regression', 'tasks.1.type=regression'), read);
  expect(read).not.toHaveBeenCalled();
  await notes(configWith('tasks.0.type=regression'), read);
  expect(read).toHaveBeenCalledOnce();
});
