import { expect, test } from 'vitest';
import { fakeSource } from '../data/encode/encode.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { everything, inspect } from './inspect.js';
import { indexedTasks, listSource } from './planted.fixture.js';

/** Columns' values: training rows, then those of the test split. */
function sourceWith(train: readonly (readonly number[])[], test: readonly (readonly number[])[]) {
  const columns = train.map((_, c) => ({ name: `x${c}`, kind: 'numeric' as const }));
  const split = (values: readonly (readonly number[])[]) => ({
    columns: values,
    labels: [(values[0] ?? []).map(() => 1)],
  });
  const splits = { train: split(train), validation: split(train), test: split(test) };
  return fakeSource(columns, [{ name: 'y', type: 'binary' }], splits, 1000);
}

test('rows are equal if all inputs are: zeros with and without a sign, and missing values', async () => {
  const source = sourceWith(
    [
      [0, 1, Number.NaN],
      [5, 5, 5],
    ],
    [
      [-0, 1, Number.NaN, 5],
      [5, 6, 5, 1],
    ],
  );
  const { inCommon } = await inspect(source, indexedTasks(source), everything);
  expect(inCommon.test.found).toBe(2);
});

test('of lists, order and weights count', async () => {
  const lists = [[1, 2], [2, 1], [1, 2], []].map((entries) => ({ entries, label: 1 }));
  const same = listSource(lists);
  expect((await inspect(same, indexedTasks(same), everything)).inCommon.test.expected).toBe(2);
  const weighted = listSource(lists.map((row, r) => ({ ...row, weights: row.entries.map(() => r) })));
  expect((await inspect(weighted, indexedTasks(weighted), everything)).inCommon.test.expected).toBe(0);
});

const random = randomFromSeed(5);
const draws = (rows: number, different: number) => Array.from({ length: rows }, () => random.below(different));

test.each([
  [2000, 1000, 100],
  [5000, 5000, 100_000],
])('by chance: %i and %i rows of %i equally likely ones', async (train, test, different) => {
  const source = sourceWith([draws(train, different)], [draws(test, different)]);
  const { found, expected, error } = (await inspect(source, indexedTasks(source), everything)).inCommon.test;
  const exact = test * (1 - (1 - 1 / different) ** train);
  expect(Math.abs(expected - exact)).toBeLessThan(4 * error + 1);
  expect(Math.abs(found - expected)).toBeLessThan(4 * error + 1);
  expect(error).toBeLessThan(0.2 * exact + 20);
});
