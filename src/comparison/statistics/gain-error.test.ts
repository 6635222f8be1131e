import { describe, expect, it } from 'vitest';
import { addErrors, seedError, standardDeviation } from './gain-error.js';

describe('the error over seeds', () => {
  it('a case worked by hand', () => {
    // mean 3, deviations -2 0 2: sd^2 = 8 / 2, over 3 pairs
    expect(seedError([1, 3, 5], 10)).toEqual({ variance: expect.closeTo(4 / 3, 14), degreesOfFreedom: 2 });
    expect(standardDeviation([1, 3, 5])).toBe(2);
    expect(seedError([1], 10)).toBeNull();
    expect(seedError([], 10)).toBeNull();
  });

  it('is exactly 0 for differences that are equal but for rounding', () => {
    const differences = [0.3, 0.7, 0.9].map((value) => value + 0.1 - value); // not the same doubles
    expect(new Set(differences).size).toBeGreaterThan(1);
    expect(seedError(differences, 1)?.variance).toBe(0);
    expect(seedError([0.1, 0.1 + 1e-12], 1)?.variance).toBeGreaterThan(0);
  });
});

describe('the sum of two errors', () => {
  it('has the degrees of freedom of Satterthwaite', () => {
    const sum = addErrors({ variance: 2, degreesOfFreedom: 4 }, { variance: 3, degreesOfFreedom: 9 });
    expect(sum).toEqual({ variance: 5, degreesOfFreedom: 25 / (4 / 4 + 9 / 9) });
    const rows = { variance: 3, degreesOfFreedom: Number.POSITIVE_INFINITY };
    expect(addErrors({ variance: 2, degreesOfFreedom: 4 }, rows)).toEqual({ variance: 5, degreesOfFreedom: 25 });
    expect(addErrors({ variance: 0, degreesOfFreedom: 4 }, rows)).toEqual(rows);
    expect(addErrors({ variance: 2, degreesOfFreedom: 4 }, { ...rows, variance: 0 }).degreesOfFreedom).toBe(4);
  });
});
