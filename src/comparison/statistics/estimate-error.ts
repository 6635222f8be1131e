import normalCdf from '@stdlib/stats-base-dists-normal-cdf';

/**
 * The error of an estimate: independent normal errors. Some of their variances are estimated, and one is known. Given
 * the data, the error has the distribution of Behrens (1929) and Fisher (1935): the normal distribution, averaged over
 * the variances that the data leave possible. One of d degrees of freedom is v d / chi^2(d), v being its estimate. With
 * one estimated variance and nothing known this is Student's t.
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
}

export function standardError({ estimated, known }: EstimateError): number {
  return Math.sqrt(estimated.reduce((sum, { variance }) => sum + variance, known));
}

/** P(Z <= x) of a standard normal. */
export function normalBelow(x: number): number {
  return normalCdf(x, 0, 1);
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

/**
 * The x with P(X <= x) = share, which is at most 1/2, to 1e-11 of the standard error: Newton's method on log P, or
 * bisection where that leaves the bracket.
 */
export function quantile(share: number, error: EstimateError): number {
  const possible = possibleErrors(error);
  const below = (x: number) => meanOver(possible, (se) => normalBelow(x / se));
  const density = (x: number) =>
    meanOver(possible, (se) => Math.exp(-((x / se) ** 2) / 2) / se) / Math.sqrt(2 * Math.PI);
  const unit = standardError(error);
  let [low, high] = [-unit, 0];
  while (below(low) > share) [low, high] = [2 * low, low];
  let x = (low + high) / 2;
  for (;;) {
    const p = below(x);
    if (p > share) high = x;
    else low = x;
    const step = (Math.log(p / share) * p) / density(x);
    const next = x - step > low && x - step < high ? x - step : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-11 * unit) return next;
    x = next;
  }
}

/** Values, and weights whose sum is 1. */
interface Weighted {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

function meanOver({ values, weights }: Weighted, of: (value: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (weights[i] ?? 0) * of(values[i] ?? 0);
  return sum;
}

/** The standard errors that the data leave possible. */
function possibleErrors({ estimated, known }: EstimateError): Weighted {
  let sums: Weighted = { values: Float64Array.of(known), weights: Float64Array.of(1) };
  for (const { variance, degreesOfFreedom } of estimated) {
    const factors = inverseChiSquares(degreesOfFreedom);
    const size = factors.values.length;
    const values = new Float64Array(sums.values.length * size);
    const weights = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const [earlier, factor] = [Math.floor(i / size), i % size];
      values[i] = (sums.values[earlier] ?? 0) + variance * (factors.values[factor] ?? 0);
      weights[i] = (sums.weights[earlier] ?? 0) * (factors.weights[factor] ?? 0);
    }
    sums = { values, weights };
  }
  return { values: sums.values.map(Math.sqrt), weights: sums.weights };
}

/**
 * d / chi^2(d). If it is exp(-2 u), u has the density exp(d (u - (e^2u - 1) / 2)) up to a constant, which the same sum
 * gives. The density is smooth and falls on both sides, so the trapezoidal rule converges fast: from two degrees of
 * freedom on, p-values are right to a relative 2e-5.
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
