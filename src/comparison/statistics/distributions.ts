import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import studentCdf from '@stdlib/stats-base-dists-t-cdf';
import studentQuantile from '@stdlib/stats-base-dists-t-quantile';

const normalQuantile = 1.959963984540054; // of 0.975

/** P(Z <= x) of a standard normal. */
export function normalBelow(x: number): number {
  return normalCdf(x, 0, 1);
}

/** Two-sided p-value of a t statistic; infinite degrees of freedom: of a standard normal. */
export function twoSidedP(statistic: number, degreesOfFreedom: number): number {
  const low = -Math.abs(statistic);
  return 2 * (Number.isFinite(degreesOfFreedom) ? studentCdf(low, degreesOfFreedom) : normalBelow(low));
}

/** Half the width of a 95 % interval, in standard errors: the 0.975 quantile of t. */
export function criticalValue(degreesOfFreedom: number): number {
  return Number.isFinite(degreesOfFreedom) ? studentQuantile(0.975, degreesOfFreedom) : normalQuantile;
}
