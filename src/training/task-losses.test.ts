import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hash8 } from '../config/hash.js';
import type { TaskConfig } from '../config/parts.js';
import type { SourceSplit } from '../data/dataset.js';
import { encode } from '../data/encode/encode.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { definitions } from './definitions.js';
import { readPredictions, writePredictions } from './predictions.js';
import { smallExperiment, trained } from './trainer.fixture.js';

type Configured = Omit<TaskConfig, 'standardize'> & { standardize?: boolean };
/** Each with what a row's two numbers make of it. */
const made: readonly (readonly [Configured, (a: number, b: number) => number])[] = [
  [{ name: 'focal', type: 'binary', loss: { type: 'focal', gamma: 2, alpha: 0.4 } }, (a, b) => Number(a + b > 0)],
  [{ name: 'smooth', type: 'binary', labelSmoothing: 0.1 }, (a, b) => Number(a - b > 0)],
  [{ name: 'usual', type: 'binary', positiveWeight: 2 }, (a, b) => Number(a > b / 2)],
  [{ name: 'huber', type: 'regression', loss: 'huber', standardize: true }, (a, b) => 10 + 5 * a - b],
  [{ name: 'mae', type: 'regression', loss: 'mae' }, (a, b) => a + b],
  [{ name: 'poisson', type: 'regression', loss: 'poisson' }, (a, b) => Math.round(Math.exp(1 + 0.5 * a - 0.3 * b))],
  [{ name: 'amount', type: 'regression', loss: 'log-normal', standardize: true }, (a, b) => Math.exp(3 + a + 0.5 * b)],
];
const tasks = made.map(([task]) => task);

const normal = (row: number, factor: number) => 1.4 * (Math.sin(row * factor) + Math.cos(row * row * factor));
const split = (rows: number, first: number): SourceSplit => {
  const column = (factor: number) => Float32Array.from({ length: rows }, (_, row) => normal(first + row, factor));
  const [a, b] = [column(1.3), column(2.1)];
  const labels = made.map(([, label]) => a.map((value, row) => label(value, b[row] ?? 0)));
  return { rows, blockRows: rows, read: () => ({ rows, columns: [a, b], labels }) };
};
const source = {
  columns: (['a', 'b'] as const).map((name) => ({ name, kind: 'numeric' as const })),
  tasks: tasks.map(({ name, type }) => ({ name, type })),
  checksum: 'abc',
  splits: { train: split(1024, 0), validation: split(200, 2000), test: split(200, 3000) },
};
const experiment = smallExperiment(
  '{ type: hard-sharing, levels: [[24]], tower: [12] }',
  tasks,
  'optimizer: { type: adam, learningRate: 0.02 }, epochs: 12',
);
const dataset = await encode(source, experiment.inputs, experiment.tasks);

test('tasks with losses of their own learn, and their metrics are in the labels’ units', async () => {
  const { records } = await trained(experiment, dataset);
  const last = records.at(-1)?.validation ?? {};
  for (const name of ['focal', 'smooth', 'usual']) expect(Number(last[name]?.auc)).toBeGreaterThan(0.95);
  for (const name of ['huber', 'mae', 'poisson', 'amount']) expect(Number(last[name]?.nmse)).toBeLessThan(0.15);
});

test('standardised log-normal labels have the moments of their logarithms', () => {
  const logarithms = Array.from({ length: 1024 }, (_, row) => 3 + normal(row, 1.3) + 0.5 * normal(row, 2.1));
  const mean = logarithms.reduce((sum, value) => sum + value, 0) / 1024;
  const amount = dataset.tasks[6];
  expect(amount?.offset).toBeCloseTo(mean, 4);
  expect(amount?.link).toBe('log');
  expect(dataset.tasks[5]).toMatchObject({ offset: 0, scale: 1, link: 'log' });
  expect(dataset.tasks[4]?.link).toBeUndefined();
  expect(dataset.tasks[2]?.positiveWeight).toBe(2);
});

test('predictions.arrow says which predictions have a log link', async () => {
  const folder = temporaryFolder();
  const done = await trained(
    smallExperiment('{ type: hard-sharing, levels: [[4]], tower: [] }', tasks, 'epochs: 1'),
    dataset,
  );
  const path = join(folder, 'predictions.arrow');
  await writePredictions(path, dataset, done.own.test);
  const read = await readPredictions(path, tasks, '');
  expect(read.flatMap(({ task }) => (task.link ? [task.name] : []))).toEqual(['poisson', 'amount']);
});

test('the usual loss leaves the hash as it is, and another one has another', () => {
  const taskHash = (task: object) =>
    hash8(smallExperiment('{ type: single-task }', [{ name: 'y', type: 'binary', ...task }]), 'abc', definitions);
  const plain = taskHash({});
  expect(taskHash({ loss: 'bce' })).toBe(plain);
  expect(taskHash({ loss: 'focal' })).toBe(taskHash({ loss: { type: 'focal' } }));
  expect(taskHash({ loss: { type: 'focal', gamma: 1 } })).not.toBe(taskHash({ loss: 'focal' }));
});
