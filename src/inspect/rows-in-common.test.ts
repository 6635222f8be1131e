import { describe, expect, test } from 'vitest';
import type { ListValues, SourceBlock } from '../data/dataset.js';
import { sharedLists } from '../data/encode/shared-lists.js';
import { randomFromSeed } from '../support/random.js';
import { RowHashes, TrainingRows } from './rows-in-common.js';

function block(columns: SourceBlock['columns'], rows: number): SourceBlock {
  return { rows, columns, labels: [] };
}

describe('hashes of rows', () => {
  test('are equal for equal inputs alone', () => {
    const categories = Int32Array.of(1, 1, 2, 1, 1, 1);
    const numbers = Float32Array.of(0, -0, 0, Number.NaN, -Number.NaN, 1);
    new Uint32Array(numbers.buffer)[4] = 0xffc00001; // another NaN
    const [a, b, c, d, e, f] = new RowHashes().of(block([categories, numbers], 6));
    expect(a).toBe(b);
    expect(d).toBe(e);
    expect(new Set([a, c, d, f]).size).toBe(4);
  });

  test('differ for as many rows as there are, and do not depend on the block', () => {
    const rows = 20_000;
    const [a, b] = [new Int32Array(rows), new Int32Array(rows)];
    for (let row = 0; row < rows; row++) [a[row], b[row]] = [row % 250, Math.floor(row / 250)];
    const hashes = Float64Array.from(new RowHashes().of(block([a, b], rows)));
    expect(new Set(hashes).size).toBe(rows);
    expect(hashes.every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true);
    const half = new RowHashes().of(block([a.subarray(100), b.subarray(100)], rows - 100));
    expect(half).toEqual(hashes.subarray(100));
  });

  test('of lists: order and weights count, and shared lists are as lists of their own', () => {
    const lists: ListValues = {
      offsets: Int32Array.of(0, 2, 4, 4, 6),
      indexes: Int32Array.of(1, 2, 2, 1, 1, 2),
      weights: Float32Array.of(1, 1, 1, 1, 1, 3),
    };
    expect(new Set(new RowHashes().of(block([lists], 4))).size).toBe(4);
    const of = Int32Array.of(3, 3, 0, 2, 3);
    const shared = Float64Array.from(new RowHashes().of(block([sharedLists(lists, of)], 5)));
    const { offsets, indexes, weights = new Float32Array() } = sharedLists(lists, of);
    expect(new RowHashes().of(block([{ offsets, indexes, weights }], 5))).toEqual(shared);
    expect(shared[0]).toBe(shared[4]);
  });
});

describe('rows in common', () => {
  const random = randomFromSeed(5);
  /** Hashes of rows of one column. */
  const draws = (rows: number, different: number) =>
    new RowHashes().of(block([Int32Array.from({ length: rows }, () => random.below(different))], rows));

  test.each([
    [2000, 1000, 100],
    [2000, 1000, 5000],
    [5000, 5000, 100_000],
    [500, 4000, 3000],
  ])('by chance: %i and %i rows of %i equally likely ones', (train, test, different) => {
    const rows = new TrainingRows(2 ** 20);
    rows.add(draws(train, different));
    const { found, expected, error, share } = rows.inCommon(test, rows.matches(draws(test, different)));
    const exact = test * (1 - (1 - 1 / different) ** train);
    expect(share).toBe(1);
    expect(Math.abs(expected - exact)).toBeLessThan(4 * error + 1);
    expect(Math.abs(found - expected)).toBeLessThan(4 * error + 1);
    expect(error).toBeLessThan(0.2 * exact + 20);
  });

  test('that are planted are above chance', () => {
    const training = draws(5000, 100_000);
    const rows = new TrainingRows(2 ** 20);
    rows.add(training);
    const others = draws(5000, 100_000);
    others.set(training.subarray(0, 300));
    const { found, expected, error } = rows.inCommon(5000, rows.matches(others));
    expect(found).toBeGreaterThan(expected + 5 * error);
  });

  test('are estimated from a share of all possible rows where there are too many', () => {
    const [training, others] = [draws(40_000, 60_000), draws(20_000, 60_000)];
    const [whole, part] = [new TrainingRows(2 ** 20), new TrainingRows(4000)];
    for (const rows of [whole, part]) rows.add(training);
    const all = whole.inCommon(20_000, whole.matches(others));
    const some = part.inCommon(20_000, part.matches(others));
    expect(some.share).toBe(1 / 8);
    expect(some.found / all.found).toBeCloseTo(1, 1);
    expect(some.expected / all.expected).toBeCloseTo(1, 1);
    expect(part.repeated() / whole.repeated()).toBeCloseTo(1, 1);
    expect(some.error).toBeGreaterThan(all.error);
  });
});
