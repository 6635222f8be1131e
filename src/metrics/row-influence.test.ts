import { expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { errorOverRows, influenceOnRowMean, interval } from './row-influence.js';

test('an interval lies in the range of its value: of errors on the log scale, of 1 less an error mirrored', () => {
  const factor = Math.exp((1.959963984540054 * 0.03) / 0.02);
  expect(interval(0.02, 0.03, 'error')).toEqual([expect.closeTo(0.02 / factor, 15), expect.closeTo(0.02 * factor, 15)]);
  const [low = 0, high = 0] = interval(0.02, 0.03, 'error') ?? [];
  expect(interval(0.98, 0.03, 'below 1')).toEqual([expect.closeTo(1 - high, 12), expect.closeTo(1 - low, 12)]);
  expect(interval(0.98, 0.03, 'share')?.[1]).toBeLessThan(1);
  expect(interval(0.02, 0.03)?.[0]).toBeLessThan(0);
  for (const [value, range] of [
    [0, 'error'],
    [1, 'below 1'],
    [0, 'share'],
    [1, 'share'],
  ] as const)
    expect(interval(value, 0, range)).toBeNull();
});

test('there is no error from two rows', () => {
  const influence = Float64Array.of(0.1, -0.1, 0, 0.2, -0.2);
  expect(errorOverRows(influence, undefined, Float32Array.of(1, 1, 0, 0, 0))).toBeNull();
  expect(errorOverRows(influence, undefined, Float32Array.of(1, 1, 0, 0, 0.5))).toBeGreaterThan(0);
});

test('of squared errors, intervals on the log scale cover more than symmetric ones, and miss more evenly', () => {
  const random = randomFromSeed(5).stream('errors');
  const draws = 4000;
  const missed = { error: [0, 0], symmetric: [0, 0] };
  for (let draw = 0; draw < draws; draw++) {
    const squares = Float64Array.from({ length: 10 }, () => random.normal() ** 2); // of mean 1
    const mask = new Float64Array(10).fill(1);
    const mean = squares.reduce((sum, value) => sum + value, 0) / 10;
    const influence = influenceOnRowMean({ mask: Float32Array.from(mask) }, (row) => squares[row] ?? 0);
    const error = influence && errorOverRows(influence, undefined, mask);
    for (const [name, range] of [
      ['error', 'error'],
      ['symmetric', undefined],
    ] as const) {
      const [low = 0, high = 0] = interval(mean, error ?? 0, range) ?? [];
      if (low > 1) missed[name][0] = (missed[name][0] ?? 0) + 1;
      if (high < 1) missed[name][1] = (missed[name][1] ?? 0) + 1;
    }
  }
  const shares = (counts: readonly number[]) => counts.map((count) => count / draws);
  expect(shares(missed.error)).toEqual([expect.closeTo(0.031, 1), expect.closeTo(0.098, 1)]);
  expect(shares(missed.error)[1]).toBeLessThan((shares(missed.symmetric)[1] ?? 0) - 0.04);
});
