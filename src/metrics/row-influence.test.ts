import { expect, test } from 'vitest';
import { errorOverRows, interval } from './row-influence.js';

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

test('units are rows, or groups with a row in the sample space; from two there is no error', () => {
  const influence = Float64Array.of(3, 1, -4, 2);
  const error = (mask: readonly number[], groups?: Int32Array) =>
    errorOverRows(influence, groups, Float64Array.from(mask));
  expect([error([1, 1, 0, 0]), error([1, 1, 0, 0.5])]).toEqual([null, Math.sqrt(30)]);
  const groups = Int32Array.of(0, 0, 1, 2);
  expect([error([1, 1, 1, 1], groups), error([1, 1, 1, 0], groups)]).toEqual([6, null]);
});
