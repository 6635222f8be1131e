import { compiled, stdtr, stdtri } from 'cephes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addErrors, seedError, standardDeviation } from './gain-error.js';
import { testGain } from './gain-test.js';

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

describe('the test', () => {
  it('agrees with Cephes on any differences', async () => {
    await compiled;
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 12 }), (values) => {
        fc.pre(Math.max(...values) - Math.min(...values) > 1e-6);
        const n = values.length;
        const gain = values.reduce((a, b) => a + b) / n;
        const se = Math.sqrt(values.reduce((sum, x) => sum + (x - gain) ** 2, 0) / (n - 1) / n);
        const test = testGain(gain, seedError(values, 1));
        expect(test.se).toBeCloseTo(se, 12);
        expect(test.interval?.[0]).toBeCloseTo(gain - stdtri(n - 1, 0.975) * se, 9);
        expect(test.interval?.[1]).toBeCloseTo(gain + stdtri(n - 1, 0.975) * se, 9);
        expect(test.p).toBeCloseTo(2 * stdtr(n - 1, -Math.abs(gain) / se), 9);
      }),
    );
  });

  // scipy 1.17.1: ttest_rel([.91, .93, .92, .95, .94], [.90, .91, .92, .92, .92]).pvalue, .confidence_interval()
  it('agrees with scipy', () => {
    const differences = [0.01, 0.02, 0, 0.03, 0.02];
    expect(testGain(0.016, seedError(differences, 1))).toEqual({
      se: expect.closeTo(0.005099019513592785, 14),
      interval: [expect.closeTo(0.0018428522301772911, 12), expect.closeTo(0.030157147769822645, 12)],
      p: expect.closeTo(0.034919706674538926, 12),
      detectable: expect.closeTo(3.7610595538251244 * 0.005099019513592785, 11),
    });
  });

  it('nothing is defined without an error', () => {
    expect(testGain(0.1, null)).toEqual({ se: null, interval: null, p: null, detectable: null });
  });

  it('an error of 0: p is 1 for no gain, and not defined for any other', () => {
    expect(testGain(0, seedError([0, 0, 0], 1))).toEqual({ se: 0, interval: [0, 0], p: 1, detectable: null });
    expect(testGain(0.1, seedError([0.1, 0.1, 0.1], 1))).toEqual({
      se: null,
      interval: null,
      p: null,
      detectable: null,
    });
  });
});
