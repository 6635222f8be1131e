import { expect, test } from 'vitest';
import { detectableGain, errorBelow, halfWidth, quantile, standardError, twoSidedP } from './behrens-fisher.js';
import { rowsToDecide, timesToDecide } from './what-decides.js';

const part = (variance: number, degreesOfFreedom: number) => ({
  variance,
  degreesOfFreedom,
  runs: degreesOfFreedom + 1,
  overlap: 0,
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
  expect(errorBelow(quantile(0.8, error), error)).toBeCloseTo(0.8, 9);
  expect(twoSidedP(halfWidth(0.01, error), error)).toBeCloseTo(0.01, 9);
  expect(standardError(error)).toBeCloseTo(Math.sqrt(1.9), 12);
  expect(halfWidth(0.05, { estimated: [], known: 4 })).toBeCloseTo(2 * 1.959963984540054, 9);
});

// Normal: z(.025) + z(.2).
test('a true gain that is detected with 80 % power', () => {
  expect(detectableGain({ estimated: [], known: 1 }, 0.05)).toBeCloseTo(1.959963984540054 + 0.8416212335729143, 9);
});

test('the number of test rows that decides is the first at which the gain is large enough with the runs there are', () => {
  const level = { difference: 0.01, equivalence: 0.02 };
  const at = (rows: number) => ({ estimated: [part(0.0004, 20), part(0.0004, 20)], known: (0.01 * 500) / rows });
  const found = rowsToDecide({ gain: 0.2, error: at(500), margin: null, level }, 500) ?? 0;
  expect(halfWidth(0.01, at(found))).toBeLessThan(0.2);
  expect(halfWidth(0.01, at(found - 1))).toBeGreaterThan(0.2);
  // Of many rows the noise of training remains.
  const small = { gain: 0.05, error: at(500), margin: null, level };
  expect(rowsToDecide(small, 500)).toBeNull();
  const times = timesToDecide(small) ?? 0;
  const both = (more: number) => {
    const own = { ...part(0.0004 / more, 20 + 21 * (more - 1)), runs: 21 * more };
    return { estimated: [own, own], known: 0.01 / more };
  };
  expect(halfWidth(0.01, both(times))).toBeLessThan(0.05);
  expect(halfWidth(0.01, both(times - 1))).toBeGreaterThan(0.05);
  expect(rowsToDecide({ gain: 9, error: { estimated: [part(1, 4)], known: 0 }, margin: null, level }, 500)).toBeNull();
});
