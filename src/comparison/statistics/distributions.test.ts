import { compiled, stdtr, stdtri } from 'cephes';
import { expect, it } from 'vitest';
import { criticalValue, normalBelow, twoSidedP } from './distributions.js';

it.each([1, 2, 3, 4, 7, 9, 19, 49, 199])('t with %d degrees of freedom agrees with Cephes', async (df) => {
  await compiled;
  expect(criticalValue(0.05, df)).toBeCloseTo(stdtri(df, 0.975), 11);
  for (const statistic of [0, 0.01, 0.5, 1, 2, 2.776, 5, 12, 60]) {
    const expected = 2 * stdtr(df, -statistic);
    expect(Math.abs(twoSidedP(statistic, df) - expected)).toBeLessThanOrEqual(1e-11 * expected);
    expect(twoSidedP(-statistic, df)).toBe(twoSidedP(statistic, df));
  }
});

// scipy 1.17.1: 2 * t.sf(x, df), t.ppf(.975, df), 2 * norm.sf(2.5)
it('t with any degrees of freedom, and the normal distribution, agree with scipy', () => {
  expect(twoSidedP(5.5, 2.7)).toBeCloseTo(0.015511235378320002, 13);
  expect(twoSidedP(3.1, 1e6)).toBeCloseTo(0.0019352601513240811, 13);
  expect(criticalValue(0.05, 6.5)).toBeCloseTo(2.4020020079102764, 12);
  expect(criticalValue(0.05, 1e6)).toBeCloseTo(1.959966356814107, 12);
  expect(criticalValue(0.0025, 4)).toBeCloseTo(6.758252832704317, 10); // 1.15.3: t.ppf(1 - .00125, 4), norm.ppf(1 - .00125)
  expect(criticalValue(0.0025, Number.POSITIVE_INFINITY)).toBeCloseTo(3.023341439739154, 12);
  expect(twoSidedP(2.5, Number.POSITIVE_INFINITY)).toBeCloseTo(0.012419330651552265, 14);
  expect(normalBelow(criticalValue(0.05, Number.POSITIVE_INFINITY))).toBeCloseTo(0.975, 14);
});
