import normalCdf from '@stdlib/stats-base-dists-normal-cdf';

/** P(Z <= x) of a standard normal. */
export function normalBelow(x: number): number {
  return normalCdf(x, 0, 1);
}
