import { normalBelow } from './distributions.js';

/**
 * The error of an estimate: independent normal errors, of which some variances are estimated and one is known. Given the data, the
 * error has the distribution of Behrens (1929) and Fisher (1935): the normal distribution, averaged over the variances that the data
 * leave possible. One of d degrees of freedom is v d / chi^2(d), v being its estimate. With one estimated variance and nothing known this is
 * Student's t.
 */
export interface EstimateError {
  readonly estimated: readonly EstimatedVariance[];
  /** A squared standard error that counts as known: that of the test rows. */
  readonly known: number;
}

export interface EstimatedVariance {
  /** A squared standard error. */
  readonly variance: number;
  readonly degreesOfFreedom: number;
  /** The number of runs that the mean is of. */
  readonly runs: number;
  /** What more runs cannot remove: `variance` is that of one run times (1 / runs + overlap). */
  readonly overlap: number;
}

export function standardError({ estimated, known }: EstimateError): number {
  return Math.sqrt(estimated.reduce((sum, { variance }) => sum + variance, known));
}

/** P(X <= x) of an error X around 0. */
export function errorBelow(x: number, error: EstimateError): number {
  return meanOver(possibleErrors(error), (se) => normalBelow(x / se));
}

/** The two-sided p-value of a true value of 0. */
export function twoSidedP(estimate: number, error: EstimateError): number {
  return Math.min(1, 2 * errorBelow(-Math.abs(estimate), error));
}

/** The x with P(|X| > x) = level: half the width of an interval of confidence 1 - level. */
export function halfWidth(level: number, error: EstimateError): number {
  return -quantile(level / 2, error);
}

/** The x with P(X <= x) = share, to a relative 1e-10, by bisection. */
export function quantile(share: number, error: EstimateError): number {
  if (share > 0.5) return -quantile(1 - share, error);
  const possible = possibleErrors(error);
  const below = (x: number) => meanOver(possible, (se) => normalBelow(x / se));
  let [low, high] = [-standardError(error), 0];
  while (below(low) > share) [low, high] = [2 * low, low];
  while (high - low > 1e-10 * -low) {
    const middle = (low + high) / 2;
    if (below(middle) > share) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** Values, and weights whose sum is 1. */
interface Weighted {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

function meanOver({ values, weights }: Weighted, of: (value: number) => number): number {
  return values.reduce((sum, value, index) => sum + (weights[index] ?? 0) * of(value), 0);
}

/** The standard errors that the data leave possible. */
function possibleErrors({ estimated, known }: EstimateError): Weighted {
  let sums: Weighted = { values: Float64Array.of(known), weights: Float64Array.of(1) };
  for (const { variance, degreesOfFreedom } of estimated) {
    const before = sums;
    const factors = inverseChiSquares(degreesOfFreedom);
    const size = factors.values.length;
    const cross = (of: (earlier: number, factor: number) => number) =>
      Float64Array.from({ length: before.values.length * size }, (_, index) =>
        of(Math.floor(index / size), index % size),
      );
    sums = {
      values: cross((a, b) => (before.values[a] ?? 0) + variance * (factors.values[b] ?? 0)),
      weights: cross((a, b) => (before.weights[a] ?? 0) * (factors.weights[b] ?? 0)),
    };
  }
  return { values: sums.values.map(Math.sqrt), weights: sums.weights };
}

/**
 * d / chi^2(d). If it is exp(-2 u), u has the density exp(d (u - (e^2u - 1) / 2)) up to a constant, which the same sum gives. The density is
 * smooth and falls on both sides, so the trapezoidal rule converges fast: from two degrees of freedom on, p-values are right to a relative 2e-5.
 */
function inverseChiSquares(degreesOfFreedom: number): Weighted {
  const step = 0.6 / Math.sqrt(2 * degreesOfFreedom);
  const weightAt = (index: number) => Math.exp(degreesOfFreedom * (index * step - Math.expm1(2 * index * step) / 2));
  let [first, last] = [0, 0];
  while (weightAt(first) > 1e-12) first--;
  while (weightAt(last) > 1e-12) last++;
  const weights = Float64Array.from({ length: last - first + 1 }, (_, index) => weightAt(first + index));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    values: weights.map((_, index) => Math.exp(-2 * (first + index) * step)),
    weights: weights.map((weight) => weight / whole),
  };
}
