import trigamma from '@stdlib/math-base-special-trigamma';
import { type GainError, mean, standardDeviation } from './gain-error.js';

/**
 * Fewest pairs, and fewest gains of a task, for moderated variances. With fewer, the family-wise error exceeds its
 * level.
 */
export const fewestModerated = { pairs: 4, gains: 3 } as const;

/** The shared part of the variances of a table's gains. */
export interface Moderation {
  /**
   * The error of a mean gain over `pairs` pairs whose own error is `own`. Returned unchanged if it has fewer pairs than
   * the others.
   */
  moderate(own: GainError, pairs: number, task: number): GainError;
}

/**
 * Empirical Bayes for the variances of gains (after Smyth 2004). Each variance is moved towards the mean variance of
 * its task and gains degrees of freedom. The less the variances of all tasks differ, the larger the move.
 *
 * Three changes keep the family-wise error where models differ in spread up to eightfold (`npm run study:statistics`):
 * - No variance becomes smaller than its own.
 * - The correlation of gains over one reference is taken into account: their variances carry less information than
 *   independent ones.
 * - Only half of the added degrees of freedom count.
 *
 *     d = n - 1, s^2_c the variance of gain c over n pairs, S^2 the mean of its task's s^2_c, M of them
 *     rho   = mean over tasks of (mean covariance of two gains) / S^2, in [0, 1)
 *     V     = variance of log s^2_c within tasks - (1 - rho^2) trigamma(d / 2)
 *     d0    = 2 trigamma^-1(V), infinite for V <= 0
 *     s~^2  = max(s^2, (d0 S^2 + d s^2) / (d0 + d))
 *     df    = d + (min(d0 + d, d M / (1 + (M - 1) rho^2)) - d) / 2, at least d
 *
 * @param tasks [task][gain][pair]. Only gains that vary and have the maximum number of pairs count. A task without such
 * a gain stays out: its gains keep their own errors.
 * @returns Null with fewer than four pairs, or if a task that is in has fewer than three gains.
 */
export function moderation(tasks: readonly (readonly (readonly number[])[])[]): Moderation | null {
  const pairs = Math.max(0, ...tasks.flat().map(({ length }) => length));
  const groups = new Map(
    Array.from(tasks.entries(), ([task, gains]) => [task, gains.filter(({ length }) => length === pairs)] as const)
      .filter(([, gains]) => gains.length > 0)
      .map(([task, gains]) => [task, groupOf(gains.filter((gain) => standardDeviation(gain) > 0))] as const),
  );
  const all = [...groups.values()];
  if (pairs < fewestModerated.pairs || all.some(({ variances }) => variances.length < fewestModerated.gains))
    return null;
  const correlation = Math.min(0.999, Math.max(0, mean(all.map(({ covariance, pooled }) => covariance / pooled))));
  const spread = withinTasks(all.map(({ variances }) => variances.map(Math.log)));
  const prior = 2 * inverseTrigamma(spread - (1 - correlation ** 2) * trigamma((pairs - 1) / 2));
  return {
    moderate(own, count, task) {
      const group = groups.get(task);
      if (!group || count !== pairs) return own;
      const { variance, degreesOfFreedom } = own;
      const known = group.variances.length;
      const most = ((pairs - 1) * known) / (1 + (known - 1) * correlation ** 2);
      const added = Math.max(0, Math.min(prior + degreesOfFreedom, most) - degreesOfFreedom);
      const common = group.pooled / pairs;
      const share = Number.isFinite(prior) ? prior / (prior + degreesOfFreedom) : 1;
      return {
        variance: Math.max(variance, share * common + (1 - share) * variance),
        degreesOfFreedom: degreesOfFreedom + added / 2,
      };
    },
  };
}

/** The variances of a task's gains, their mean, and the mean covariance of two different gains. */
function groupOf(gains: readonly (readonly number[])[]) {
  const variances = gains.map((gain) => standardDeviation(gain) ** 2);
  const sums = (gains[0] ?? []).map((_, pair) => gains.reduce((sum, gain) => sum + (gain[pair] ?? 0), 0));
  const own = variances.reduce((sum, variance) => sum + variance, 0);
  const covariance = (standardDeviation(sums) ** 2 - own) / (gains.length * (gains.length - 1));
  return { variances, pooled: mean(variances), covariance };
}

/** Variance of values about the mean of their group. */
function withinTasks(groups: readonly (readonly number[])[]): number {
  const squares = groups.flatMap((values) => values.map((value) => (value - mean(values)) ** 2));
  return squares.reduce((sum, square) => sum + square, 0) / (squares.length - groups.length);
}

/** The x at which trigamma(x) = y, by bisection. trigamma falls from infinity to 0, so x is infinite for y <= 0. */
export function inverseTrigamma(y: number): number {
  if (y <= 0) return Number.POSITIVE_INFINITY;
  let [low, high] = [0, 1];
  while (trigamma(high) > y) high *= 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (trigamma(middle) > y) low = middle;
    else high = middle;
  }
}
