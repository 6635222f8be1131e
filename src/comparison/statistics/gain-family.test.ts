import { compiled, stdtr, stdtri } from 'cephes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { testFamily } from './gain-family.js';
import { varianceOf } from './squeezed-variances.js';

const one = (values: readonly number[], margin: number | null = null) => {
  const gain = values.reduce((a, b) => a + b, 0) / values.length;
  const own = varianceOf(values);
  const runs = values.length;
  const estimated = own && [{ ...own, variance: own.variance / runs, runs, overlap: 0 }];
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

  // scipy 1.17.1: ttest_rel([.91, .93, .92, .95, .94], [.90, .91, .92, .92, .92]).pvalue, .confidence_interval();
  // 1.15.3: t.sf((g + .012) / se, 4), t.cdf((g - .012) / se, 4)
  it('agrees with scipy', () => {
    expect(testFamily([one([0.01, 0.02, 0, 0.03, 0.02], 0.012)], 0.05)).toEqual([
      {
        se: expect.closeTo(0.005099019513592785, 14),
        interval: [expect.closeTo(0.0018428522301772911, 6), expect.closeTo(0.030157147769822645, 6)],
        simultaneous: [expect.closeTo(0.0018428522301772911, 6), expect.closeTo(0.030157147769822645, 6)],
        p: expect.closeTo(0.034919706674538926, 6),
        pHolm: expect.closeTo(0.034919706674538926, 6),
        pEquivalent: expect.closeTo(0.7616896663635794, 6),
        pNotInferior: expect.closeTo(0.002679409537355858, 6),
      },
    ]);
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

  // scipy 1.15.3: norm.ppf(1 - .016 / 2) = 2.4089155458154616
  it('the interval of one gain has the confidence of the look', () => {
    const [alone] = testFamily([known(4, 3)], 0.016);
    expect(alone?.interval).toEqual(
      [4 - 2.4089155458154616, 4 + 2.4089155458154616].map((end) => expect.closeTo(end, 8)),
    );
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

  it('all intervals hold their true gains in 19 of 20 families, and no true null is called a difference in 19 of 20', () => {
    const random = randomFromSeed(7);
    const truth = [0, 0, 4, -3, 0, 6, 0, 0.5, 0, 2];
    const families = 1500;
    let [held, wrong] = [0, 0];
    for (let family = 0; family < families; family++) {
      const tested = testFamily(
        truth.map((gain) => known(gain + random.normal(), 3)),
        0.05,
      );
      const inside = tested.map(({ simultaneous }, index) => {
        const [low, high] = simultaneous ?? [Number.NaN, Number.NaN];
        return low <= (truth[index] ?? 0) && (truth[index] ?? 0) <= high;
      });
      if (inside.every((is) => is)) held += 1;
      if (tested.some(({ pHolm }, index) => truth[index] === 0 && (pHolm ?? 1) < 0.05)) wrong += 1;
    }
    const doubt = 4 * Math.sqrt((0.05 * 0.95) / families);
    expect(held / families).toBeGreaterThan(0.95 - doubt);
    expect(wrong / families).toBeLessThan(0.05 + doubt);
  });
});
