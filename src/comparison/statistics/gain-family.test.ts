import { compiled, stdtr, stdtri } from 'cephes';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { errorBelow, halfWidth, quantile, standardError, twoSidedP } from './estimate-error.js';
import { holm, rowVerdict, taskVerdict, testFamily } from './gain-family.js';
import { sampleVariance } from './variances.js';

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

describe('Holm', () => {
  it('tests that are not defined do not count', () => {
    expect(holm([null, 0.02, null, 0.03])).toEqual([null, 0.04, null, 0.04]);
    expect(holm([null])).toEqual([null]);
    expect(holm([])).toEqual([]);
  });

  it('rejects step by step as Holm (1979) defines it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.double({ min: 1e-6, max: 0.2, noNaN: true }), { maxLength: 10 }), (family) => {
        const ascending = family.toSorted((a, b) => a - b);
        const kept = ascending.findIndex((p, index) => p * (family.length - index) >= 0.05);
        const rejected = new Set(ascending.slice(0, kept < 0 ? family.length : kept));
        expect(holm(family).map((p) => p !== null && p < 0.05)).toEqual(family.map((p) => rejected.has(p)));
      }),
    );
  });
});

it.each([
  [0.1, 0.049, null, 'better'],
  [-0.1, 0.049, null, 'worse'],
  [0.1, 0.05, null, 'undecided'],
  [-0.1, 0.9, 0.049, 'equivalent'],
  [0.1, 0.001, 0.049, 'equivalent'], // beyond noise, and too small to count
  [0.1, 0.001, 0.2, 'better'],
  [0.1, null, null, 'undecided'],
])('a gain of %s, p %s of a difference, p %s of equivalence: %s', (gain, pHolm, pEquivalent, verdict) => {
  expect(taskVerdict(gain, { pHolm, pEquivalent }, 0.05)).toBe(verdict);
});

describe('over tasks', () => {
  const [b, w, e, u] = ['better', 'worse', 'equivalent', 'undecided'] as const;
  it.each([
    [[b, b], 'better on all'],
    [[b, u], 'better on some'],
    [[e, b, b], 'better on some'],
    [[b, w], 'seesaw'],
    [[u, w], 'worse'],
    [[e, e], 'equivalent'],
    [[e, u], 'undecided'],
    [[b, null], 'better on some'],
    [[], 'undecided'],
  ])('%j: %s', (tasks, verdict) => {
    expect(rowVerdict(tasks)).toBe(verdict);
  });
});

const part = (variance: number, degreesOfFreedom: number) => ({
  variance,
  degreesOfFreedom,
  runs: degreesOfFreedom + 1,
});
const near = (wanted: number, relative = 2e-5) => expect.closeTo(wanted, -Math.log10(2 * wanted * relative));

// SciPy 1.15: the convolution of densities of Student's t and of the normal, by quadrature. The first is the 5 % point
// of Sukhatme (1938).
test.each([
  [[part(0.5, 6), part(0.5, 6)], 0, -2.435, 0.05007007510348213 / 2],
  [[part(1, 2), part(0.3, 2)], 0.4, -6, 0.019398172826897875],
  [[part(1, 4), part(0.7, 14)], 0.2, -5, 0.005490564697421016],
] as const)('several errors add up: %j and %d', (estimated, known, x, wanted) => {
  expect(errorBelow(x, { estimated, known })).toEqual(near(wanted));
  expect(twoSidedP(-x, { estimated, known })).toEqual(near(2 * wanted));
});

test('quantiles and half-widths invert the distribution, and the normal is a limit', () => {
  const error = { estimated: [part(1, 4), part(0.7, 14)], known: 0.2 };
  expect(errorBelow(quantile(0.2, error), error)).toBeCloseTo(0.2, 9);
  expect(twoSidedP(halfWidth(0.01, error), error)).toBeCloseTo(0.01, 9);
  expect(standardError(error)).toBeCloseTo(Math.sqrt(1.9), 12);
  expect(halfWidth(0.05, { estimated: [], known: 4 })).toBeCloseTo(2 * 1.959963984540054, 9);
});
