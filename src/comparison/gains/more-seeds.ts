import { type EstimateError, halfWidth } from '../statistics/behrens-fisher.js';

interface Undecided {
  /** Of the gain, or its distance from the margin: what must be above z se. */
  readonly size: number;
  readonly error: EstimateError;
}

/**
 * What would decide the nearest of gains of these sizes. Of se^2 = a / seeds + b more seeds lower the first part alone;
 * b is that of the test rows.
 * @param now seeds
 */
export function moreSeeds(gains: readonly Undecided[], level: number, now: number): string {
  const z = halfWidth(level / gains.length, { estimated: [], known: 1 });
  const seeds = gains
    .map(({ size, error: { estimated, known } }) => {
      const a = estimated.reduce((sum, { variance, runs }) => sum + variance * runs, 0);
      return Math.ceil(a / ((size / z) ** 2 - known));
    })
    .filter((needed) => needed > 0);
  const rows = 'more test rows, not seeds';
  if (seeds.length === 0) return `Undecided gains: ${rows}, would decide them.`;
  const fewest = Math.max(now + 1, Math.min(...seeds));
  const bySeeds = `about ${fewest} seeds would decide ${seeds.filter((needed) => needed <= fewest).length} of ${gains.length}`;
  const others = gains.length - seeds.length;
  return `Undecided gains: ${bySeeds}${others > 0 ? `; ${others} ${others === 1 ? 'needs' : 'need'} ${rows}` : ''}.`;
}
