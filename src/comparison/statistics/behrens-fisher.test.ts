import { expect, test } from 'vitest';
import { errorBelow, halfWidth, quantile, standardError, twoSidedP } from './behrens-fisher.js';

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
