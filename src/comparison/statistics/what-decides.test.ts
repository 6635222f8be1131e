import { expect, test } from 'vitest';
import { seedsToDecide } from './what-decides.js';

// Five runs of variance 1, paired: the gain's variance is 1 / n, with n - 1 degrees of freedom. R: qt(c(.95, .975), n -
// 1) / sqrt(n).
const error = { estimated: [{ variance: 1 / 5, runs: 5, overlap: 0, degreesOfFreedom: 4 }], known: 0 };

test('equivalence: two one-sided tests, each at the whole level', () => {
  // .953, .823, .734 for n = 5, 6, 7: below 1 - .2 from n = 7 on.
  const level = { difference: 1e-9, equivalence: 0.05 };
  expect(seedsToDecide({ gain: 0.2, error, margin: 1, level })).toBe(7);
});

test('difference: two-sided', () => {
  // .836, .769 for n = 8, 9.
  const level = { difference: 0.05, equivalence: 0.05 };
  expect(seedsToDecide({ gain: 0.8, error, margin: null, level })).toBe(9);
});

test('null where test rows alone leave more error than the gain', () => {
  const level = { difference: 0.05, equivalence: 0.05 };
  expect(seedsToDecide({ gain: 0.8, error: { ...error, known: 1 }, margin: null, level })).toBeNull();
});
