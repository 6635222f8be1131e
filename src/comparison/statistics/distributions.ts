import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import studentCdf from '@stdlib/stats-base-dists-t-cdf';
import studentQuantile from '@stdlib/stats-base-dists-t-quantile';

/** P(Z <= x) of a standard normal. */
export function normalBelow(x: number): number {
  return normalCdf(x, 0, 1);
}

/** P(T <= x) of Student's t. Infinite degrees of freedom give the standard normal. */
export function studentBelow(x: number, degreesOfFreedom: number): number {
  return Number.isFinite(degreesOfFreedom) ? studentCdf(x, degreesOfFreedom) : normalBelow(x);
}

/** Two-sided p-value of a t statistic. */
export function twoSidedP(statistic: number, degreesOfFreedom: number): number {
  return Math.min(1, 2 * studentBelow(-Math.abs(statistic), degreesOfFreedom));
}

/** The x with P(|T| > x) = `level`: the half-width, in standard errors, of an interval with confidence 1 - level. */
export function criticalValue(level: number, degreesOfFreedom: number): number {
  return -(Number.isFinite(degreesOfFreedom)
    ? studentQuantile(level / 2, degreesOfFreedom)
    : normalQuantile(level / 2, 0, 1));
}
