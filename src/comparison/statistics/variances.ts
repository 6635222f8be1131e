import digamma from '@stdlib/math-base-special-digamma';
import trigamma from '@stdlib/math-base-special-trigamma';

/** A variance that is estimated from runs. */
export interface Variance {
  readonly variance: number;
  readonly degreesOfFreedom: number;
}

/** The variances of a table's runs: [group][model]. Null: fewer than two runs. */
export interface SqueezedVariances {
  readonly variances: readonly (readonly (Variance | null)[])[];
  /** Those of the prior: 0 is no squeezing, infinite one variance for all models of a task. */
  readonly priorDegreesOfFreedom: number;
}

/**
 * Empirical Bayes for the variances of runs (Smyth 2004, section 6.2; `squeezeVar` of limma). The runs of different
 * models are independent, so their variances are, too. Each is moved towards those of the other models of its task. The
 * less they differ, the further each moves:
 *
 *     e   = log s^2 - digamma(d / 2) + log(d / 2)                       s^2 of n runs, d = n - 1
 *     V   = variance of e within tasks - mean of trigamma(d / 2)
 *     d0  = 2 trigamma^-1(V), infinite for V <= 0
 *     s0^2 = exp(mean of e in the task + digamma(d0 / 2) - log(d0 / 2))
 *     s~^2 = (d0 s0^2 + d s^2) / (d0 + d), with d0 + d degrees of freedom
 *
 * Models of unequal spreads make three bounds necessary (docs/statistics.md). First, d0 is that of V two standard
 * errors higher (those of equal spreads). Second, it is at most the sum over the task's other variances. Third, no
 * variance becomes smaller than its own.
 *
 * @param groups [task][model][run]
 */
export function squeezedVariances(groups: readonly (readonly (readonly number[])[])[]): SqueezedVariances {
  const estimates = groups.map((models) => models.map(sampleVariance));
  const logs = estimates.map(logVariances);
  const free = logs.reduce((sum, { length }) => sum + Math.max(0, length - 1), 0);
  if (free === 0) return { variances: estimates, priorDegreesOfFreedom: 0 };
  const noise = mean(logs.flat().map((each) => each.noise));
  const between = logs.reduce((sum, group) => sum + squares(group.map(({ log }) => log)), 0) / free - noise;
  const prior = 2 * inverseTrigamma(between);
  const cautious = 2 * inverseTrigamma(between + 2 * noise * Math.sqrt(2 / free));
  const offset = Number.isFinite(prior) ? digamma(prior / 2) - Math.log(prior / 2) : 0;
  const variances = estimates.map((models, group) => {
    const ofGroup = logs[group] ?? [];
    if (ofGroup.length < 2) return models;
    const common = Math.exp(mean(ofGroup.map(({ log }) => log)) + offset);
    return models.map((estimate) => estimate && squeezed(estimate, models, common, cautious));
  });
  return { variances, priorDegreesOfFreedom: cautious };
}

/** e of each positive variance, and what of the variance of e is noise. */
function logVariances(
  models: readonly (Variance | null)[],
): readonly { readonly log: number; readonly noise: number }[] {
  return models.flatMap((estimate) => {
    if (!estimate || estimate.variance === 0) return [];
    const half = estimate.degreesOfFreedom / 2;
    return { log: Math.log(estimate.variance) - digamma(half) + Math.log(half), noise: trigamma(half) };
  });
}

/** @param models the variances of the task @param common s0^2 @param cautious d0 */
function squeezed(
  { variance, degreesOfFreedom }: Variance,
  models: readonly (Variance | null)[],
  common: number,
  cautious: number,
): Variance {
  const positive = models.flatMap((estimate) => (estimate && estimate.variance > 0 ? estimate.degreesOfFreedom : []));
  const degrees = positive.reduce((sum, each) => sum + each, 0);
  const added = Math.min(cautious, variance > 0 ? degrees - degreesOfFreedom : degrees);
  const moved = (added * common + degreesOfFreedom * variance) / (added + degreesOfFreedom);
  return { variance: Math.max(variance, moved), degreesOfFreedom: added + degreesOfFreedom };
}

/** Over n - 1. */
export function sampleVariance(runs: readonly number[]): Variance | null {
  if (runs.length < 2) return null;
  return { variance: isConstant(runs) ? 0 : standardDeviation(runs) ** 2, degreesOfFreedom: runs.length - 1 };
}

/** Sum of squared deviations from the mean. */
function squares(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}

/** The x at which trigamma(x) = y, by bisection. trigamma falls from infinity to 0, so x is infinite for y <= 0. */
function inverseTrigamma(y: number): number {
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

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation over n - 1. Exactly 0 for equal values, NaN for fewer than two. */
export function standardDeviation(values: readonly number[]): number {
  const [first = 0] = values;
  const shifted = values.map((value) => value - first);
  const centre = mean(shifted);
  return Math.sqrt(shifted.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** Whether values are equal up to rounding, for numbers of this magnitude. */
export function isConstant(values: readonly number[], magnitude = Math.max(...values.map(Math.abs))): boolean {
  return Math.max(...values) - Math.min(...values) <= 4 * Number.EPSILON * magnitude;
}
