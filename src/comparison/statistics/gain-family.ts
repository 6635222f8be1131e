import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import type { TaskVerdict, Verdict } from '../comparison.js';

/** One gain of a family. */
export interface FamilyMember {
  readonly gain: number | null;
  /** Null: no error, or no gain. */
  readonly error: EstimateError | null;
  /** Half the width of the equivalence zone. Null: no equivalence test. */
  readonly margin: number | null;
}

export interface TestedMember {
  readonly se: number | null;
  readonly interval: Interval | null;
  readonly simultaneous: Interval | null;
  readonly p: number | null;
  readonly pHolm: number | null;
  readonly pEquivalent: number | null;
  readonly pNotInferior: number | null;
}

type Interval = readonly [low: number, high: number];

/**
 * Tests a family of gains: that a gain is 0 (two-sided), that it is within its margin (two one-sided tests, Schuirmann
 * 1987), and that it is above -margin (one-sided). Holm's method adjusts each of the three sets of p-values. So the
 * chance of any false claim is at most `level` in each set.
 *
 * Simultaneous intervals are Bonferroni's: all of them cover their true gains with confidence 1 - level. A gain whose
 * interval excludes 0 differs from 0. Holm's method finds more differences: it tests the largest gain against all, the
 * next against one fewer, ….
 *
 * Without an error nothing is defined. An error of 0 means that nothing varied. A gain of 0 is then perfect agreement:
 * p = 1 and within any margin. Any other gain has no test.
 */
export function testFamily(members: readonly FamilyMember[], level: number): readonly TestedMember[] {
  const alone = members.map(pValues);
  const adjusted = (key: keyof PValues) => holm(alone.map((tests) => tests[key]));
  const [pHolm, pEquivalent, pNotInferior] = [adjusted('p'), adjusted('pEquivalent'), adjusted('pNotInferior')];
  const size = alone.filter(({ p }) => p !== null).length;
  return members.map((member, index) => {
    const { p = null } = alone[index] ?? {};
    return {
      se: p === null || member.error === null ? null : standardError(member.error),
      interval: p === null ? null : intervalOf(member, level),
      simultaneous: p === null ? null : intervalOf(member, level / size),
      p,
      pHolm: pHolm[index] ?? null,
      pEquivalent: pEquivalent[index] ?? null,
      pNotInferior: pNotInferior[index] ?? null,
    };
  });
}

type PValues = Pick<TestedMember, 'p' | 'pEquivalent' | 'pNotInferior'>;

/** The tests of one gain by itself. */
function pValues({ gain, error, margin }: FamilyMember): PValues {
  if (gain === null || error === null) return { p: null, pEquivalent: null, pNotInferior: null };
  if (standardError(error) === 0) {
    const [p, within] = gain === 0 ? [1, margin === null ? null : 0] : [null, null];
    return { p, pEquivalent: within, pNotInferior: within };
  }
  const p = twoSidedP(gain, error);
  if (margin === null) return { p, pEquivalent: null, pNotInferior: null };
  const below = (x: number) => errorBelow(x, error);
  const pNotInferior = below(-(gain + margin));
  return { p, pEquivalent: Math.max(pNotInferior, below(gain - margin)), pNotInferior };
}

function intervalOf({ gain, error }: FamilyMember, level: number): Interval | null {
  if (gain === null || error === null) return null;
  const half = standardError(error) === 0 ? 0 : halfWidth(level, error);
  return [gain - half, gain + half];
}

/**
 * Holm's adjusted p-values (1979): the i-th smallest of m is multiplied by m - i + 1. Each is no less than the one
 * before and at most 1. Rejecting those below .05 keeps the chance of any false rejection in the family below .05, for
 * any dependence of the tests. Undefined tests do not count as members of the family and stay null.
 */
export function holm(family: readonly (number | null)[]): (number | null)[] {
  const adjusted: (number | null)[] = family.map(() => null);
  const defined = family.flatMap((p, index) => (p === null ? [] : [{ p, index }])).toSorted((a, b) => a.p - b.p);
  let largest = 0;
  for (const [rank, { p, index }] of defined.entries()) {
    largest = Math.max(largest, Math.min(1, (defined.length - rank) * p));
    adjusted[index] = largest;
  }
  return adjusted;
}

/** With fewer runs of a model, errors over seeds are too uncertain for a verdict. */
export const fewestRuns = 3;

/**
 * The verdict on a task is "not trained to a plateau" if more than a fifth of a model's runs ended at the epoch limit,
 * still improving on it.
 */
export function areStillImproving(atLimit: number, runs: number): boolean {
  return atLimit > 0.2 * runs;
}

/**
 * The verdict on one task. A gain shown to be within the margin is equivalent, even if it is also shown to differ from
 * 0: it is too small to count. Without a test it is undecided.
 */
export function taskVerdict(
  gain: number,
  { pHolm, pEquivalent }: { readonly pHolm: number | null; readonly pEquivalent: number | null },
  level: number,
): TaskVerdict {
  if (pHolm === null) return 'undecided';
  if (pEquivalent !== null && pEquivalent < level) return 'equivalent';
  if (pHolm >= level) return 'undecided';
  return gain > 0 ? 'better' : 'worse';
}

/** The verdict over all tasks. Without any gain: undecided; tables print *no result*. */
export function rowVerdict(tasks: readonly (TaskVerdict | null)[]): Verdict {
  const having = (verdict: TaskVerdict) => tasks.filter((task) => task === verdict).length;
  if (having('better') > 0 && having('worse') > 0) return 'seesaw';
  if (having('worse') > 0) return 'worse';
  if (having('better') > 0) return having('better') === tasks.length ? 'better on all' : 'better on some';
  return tasks.length > 0 && having('equivalent') === tasks.length ? 'equivalent' : 'undecided';
}

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
