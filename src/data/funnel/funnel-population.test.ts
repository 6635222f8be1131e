import { expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { ranked } from './funnel-population.js';

test.each([
  [1000, 7, 1e9],
  [1000, 8, 30],
  [1000, 300, 4],
  [5, 8, 3],
  [64, 1, 5],
])('%i values in %i groups, of %i different ones: a group is a part of their ranks', (count, groups, different) => {
  const random = randomFromSeed(count + groups);
  const values = Float64Array.from({ length: count }, () => random.below(different) - different / 2);
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
  const expected = new Int32Array(count);
  for (const [rank, place] of order.entries()) expected[place] = Math.floor((rank * groups) / count);
  expect(ranked(values, groups)).toEqual(expected);
});
