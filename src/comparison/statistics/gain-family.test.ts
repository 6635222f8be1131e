import { compiled, stdtr, stdtri } from 'cephes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testFamily } from './gain-family.js';
import { sampleVariance } from './squeezed-variances.js';

const one = (values: readonly number[], margin: number | null = null) => {
  const gain = values.reduce((a, b) => a + b, 0) / values.length;
  const own = sampleVariance(values);
  const runs = values.length;
  const estimated = own && [{ ...own, variance: own.variance / runs, runs }];
  return { gain: runs === 0 ? null : gain, error: estimated && { estimated, known: 0 }, margin };
};
const known = (gain: number, margin: number | null = null) => ({
  gain,
  margin,
  error: { estimated: [], known: 1 },
});

describe('a gain alone', () => {
  it('agrees with Cephes on any differences', async () => {
    await compiled;
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 3, maxLength: 12 }), (values) => {
        fc.pre(Math.max(...values) - Math.min(...values) > 1e-6);
        const n = values.length;
        const gain = values.reduce((a, b) => a + b) / n;
        const se = Math.sqrt(values.reduce((sum, x) => sum + (x - gain) ** 2, 0) / (n - 1) / n);
        const margin = 0.1;
        const [test] = testFamily([one(values, margin)], 0.05);
        expect(test?.se).toBeCloseTo(se, 12);
        expect(test?.interval?.[0]).toBeCloseTo(gain - stdtri(n - 1, 0.975) * se, 4);
        expect(test?.interval?.[1]).toBeCloseTo(gain + stdtri(n - 1, 0.975) * se, 4);
        expect(test?.p).toBeCloseTo(2 * stdtr(n - 1, -Math.abs(gain) / se), 5);
        const [above, below] = [stdtr(n - 1, -(gain + margin) / se), stdtr(n - 1, (gain - margin) / se)];
        expect(test?.pNotInferior).toBeCloseTo(above, 5);
        expect(test?.pEquivalent).toBeCloseTo(Math.max(above, below), 5);
      }),
    );
  });

  const nothing = {
    se: null,
    interval: null,
    simultaneous: null,
    p: null,
    pHolm: null,
    pEquivalent: null,
    pNotInferior: null,
  };

  it('without an error nothing is defined', () => {
    expect(testFamily([one([0.1], 1), one([], 1)], 0.05)).toEqual([nothing, nothing]);
  });

  it('an error of 0: no gain is perfect agreement, within any margin; any other gain has no test', () => {
    const agreement = { ...nothing, se: 0, interval: [0, 0], simultaneous: [0, 0], p: 1, pHolm: 1 };
    expect(testFamily([one([0, 0, 0])], 0.05)).toEqual([agreement]);
    expect(testFamily([one([0, 0, 0], 0.1)], 0.05)).toEqual([{ ...agreement, pEquivalent: 0, pNotInferior: 0 }]);
    expect(testFamily([one([0.1, 0.1, 0.1], 0.2)], 0.05)).toEqual([nothing]);
  });
});

describe('a family', () => {
  it('is adjusted by Holm: differences, equivalence and non-inferiority each by themselves', () => {
    const [far, near, middle] = testFamily([known(4, 3), known(0.1, 3), known(2.2, 3)], 0.05);
    const p = (z: number) => 2 * stdtr(1e7, -z);
    expect(far?.pHolm).toBeCloseTo(3 * p(4), 8);
    expect(middle?.pHolm).toBeCloseTo(2 * p(2.2), 6);
    expect(near?.pHolm).toBeCloseTo(p(0.1), 6);
    // one-sided: of 4 within 3 the chance is above one half
    expect(near?.pEquivalent).toBeCloseTo(3 * stdtr(1e7, -2.9), 6);
    expect(middle?.pEquivalent).toBeCloseTo(2 * stdtr(1e7, -0.8), 6);
    expect(far?.pEquivalent).toBeCloseTo(1 - stdtr(1e7, -1), 6);
    expect(near?.pNotInferior).toBeCloseTo(stdtr(1e7, -3.1), 6);
    expect(far?.pNotInferior).toBeCloseTo(3 * stdtr(1e7, -7), 12);
  });

  // scipy 1.15.3: norm.ppf(1 - .05 / 3 / 2) = 2.3939797998185104
  it("intervals are Bonferroni's, also where Holm's method finds more", () => {
    const z = 2.3939797998185104;
    const tested = testFamily([known(5), known(2.3), known(-0.5, 2)], 0.05);
    for (const [index, gain] of [5, 2.3, -0.5].entries())
      expect(tested[index]?.simultaneous).toEqual([expect.closeTo(gain - z, 10), expect.closeTo(gain + z, 10)]);
    // 2 p(2.3) = .043: found at Holm's second step, inside of Bonferroni's bound
    expect(tested[1]?.pHolm).toBeLessThan(0.05);
  });
});
