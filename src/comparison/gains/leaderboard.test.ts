import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { must } from '../../support/must.js';
import { type StoredTask, storeRun, storeTable } from '../stored/stored-run.fixture.js';
import { readStoredRuns } from '../stored/stored-runs.js';
import { leaderboard } from './leaderboard.js';

const folder = folderOfFile();
const labels = [1, 2, 3, 4];
/** The error of a row is `miss` for even rows, `-miss` / 2 for others. */
const guesses = (miss: number): StoredTask => ({
  type: 'regression',
  labels,
  logits: labels.map((label, row) => label + (row % 2 === 0 ? miss : -miss / 2)),
});
const squaredErrors = (miss: number) => labels.map((_, row) => (row % 2 === 0 ? miss ** 2 : miss ** 2 / 4));

/** A comparison of models, each with a run for each number: how far it misses. */
async function store(
  name: string,
  models: Readonly<Record<string, readonly number[]>>,
  {
    metric = 'mse',
    run = {},
  }: { readonly metric?: string; readonly run?: Partial<Parameters<typeof storeRun>[1]> } = {},
) {
  const rows = [];
  for (const [label, misses] of Object.entries(models)) {
    const runs = [];
    for (const [at, miss] of misses.entries()) {
      const path = `${label}-${at + 1}`;
      await storeRun(join(folder, name, path), { name: label, seed: at + 1, tasks: { y: guesses(miss) }, ...run });
      runs.push({ seed: at + 1, path, status: 'done' });
    }
    const tasks = { y: { metric } };
    rows.push({ label, type: 'single-task', axis: {}, tasks, runs, verdict: 'undecided' });
  }
  storeTable(join(folder, name), { name, baseline: 'a', seeds: [1, 2, 3], tasks: ['y'], rows });
  return join(folder, name);
}

const board = (...paths: readonly string[]) => leaderboard(paths.flatMap(readStoredRuns));
let [first, second] = ['', ''];
beforeAll(async () => {
  first = await store('first', { a: [1, 1.2, 1.1], b: [0.5, 0.7, 0.6] });
  second = await store('second', { a: [1, 1.2, 1.1], c: [0.1], d: [0.8, 0.8, 0.8] });
});

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('models of all comparisons by their mean, the best first; equal means have one rank', async () => {
  const { tasks, uncertainty } = await board(first, second);
  expect(uncertainty).toBe('both');
  expect(tasks['y']).toMatchObject({ metric: 'mse', better: 'lower' });
  expect(tasks['y']?.models.map(({ rank, model, comparison, seeds }) => [rank, model, comparison, seeds])).toEqual([
    [1, 'c', 'second', 1],
    [2, 'b', 'first', 3],
    [3, 'd', 'second', 3],
    [4, 'a', 'first', 3],
    [4, 'a', 'second', 3],
  ]);
  const own = (misses: readonly number[]) => mean(misses.flatMap(squaredErrors));
  expect(tasks['y']?.models.map(({ mean: value }) => value)).toEqual(
    [[0.1], [0.5, 0.7, 0.6], [0.8], [1, 1.2, 1.1], [1, 1.2, 1.1]].map((misses) => expect.closeTo(own(misses), 6)),
  );
});

test('an interval covers the draw of the test rows: without spread over seeds, that of a mean over rows', async () => {
  const { tasks } = await board(second);
  const d = must(
    tasks['y']?.models.find(({ model }) => model === 'd'),
    'd',
  );
  const errors = squaredErrors(0.8);
  const variance = errors.reduce((sum, error) => sum + (error - mean(errors)) ** 2, 0) / (4 * 3);
  expect(d.interval?.[0]).toBeCloseTo(mean(errors) - 1.959963985 * Math.sqrt(variance), 5);
  expect(d.interval?.[1]).toBeCloseTo(mean(errors) + 1.959963985 * Math.sqrt(variance), 5);
  expect(tasks['y']?.models[0]?.interval).toBeNull(); // c has one run
});

test('without predictions an interval is that of Student’s t over seeds', async () => {
  const misses = [0.5, 0.7, 0.6];
  const path = await store('bare', { a: misses }, { run: { predictions: false } });
  const { tasks, uncertainty } = await board(path);
  expect(uncertainty).toBe('seeds');
  const values = misses.map((miss) => mean(squaredErrors(miss)));
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / 2);
  const half = 4.30265273 * (sd / Math.sqrt(3)); // t of 2 degrees of freedom, at .975
  expect(tasks['y']?.models[0]?.interval?.map((end) => end - mean(values))).toEqual([
    expect.closeTo(-half, 6),
    expect.closeTo(half, 6),
  ]);
});

test('comparisons with other test rows, tasks or metrics are refused, and the message names both', async () => {
  const other = await store('checksum', { a: [1] }, { run: { checksum: 'fedcba9876' } });
  await expect(board(first, other)).rejects.toThrow(
    `${first} and ${other} were not tested on the same rows: the checksums of their data are abc123 and fedcba98.`,
  );
  const fewer = await store('fewer', { a: [1] }, { run: { tasks: { y: { ...guesses(1), mask: [1, 1, 1, 0] } } } });
  await expect(board(first, fewer)).rejects.toThrow(
    `${first} and ${fewer} were not tested on the same rows: task 'y' has other samples.`,
  );
  const more = await store('more', { a: [1] }, { run: { tasks: { y: guesses(1), z: guesses(1) } } });
  await expect(board(first, more)).rejects.toThrow('they have other tasks (y; y, z)');
  const judged = await store('judged', { a: [1] }, { metric: 'mae' });
  await expect(board(first, judged)).rejects.toThrow(`Task 'y' is judged by mse in ${first} and by mae in ${judged}`);
});
