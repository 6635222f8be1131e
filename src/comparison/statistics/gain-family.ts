import type { TaskVerdict, Verdict } from '../comparison.js';
import { pAtLeast, pAtMost, type SettingGains, settingsInterval } from './best-settings.js';
import { type EstimateError, errorBelow, halfWidth, standardError } from './estimate-error.js';

/** One gain of a family. */
export interface FamilyMember {
  readonly gain: number | null;
  /** Null: no error, or no gain. */
  readonly error: EstimateError | null;
  /** Half the width of the equivalence zone. Null: no equivalence test. */
  readonly margin: number | null;
  /** Settings were chosen: these gains are tested. Null: one of them has no error. */
  readonly settings?: SettingGains | null;
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
function pValues(member: FamilyMember): PValues {
  const { gain, margin } = member;
  const tails = tailsOf(member);
  if (gain === null || tails === null) return { p: null, pEquivalent: null, pNotInferior: null };
  const p = Math.min(1, 2 * (gain > 0 ? tails.atMost(0) : tails.atLeast(0)));
  if (margin === null) return { p, pEquivalent: null, pNotInferior: null };
  const pNotInferior = tails.atMost(-margin);
  return { p, pEquivalent: Math.max(pNotInferior, tails.atLeast(margin)), pNotInferior };
}

/** p-values of the hypotheses that the true gain is at most, or at least, x. Null: there is no test. */
function tailsOf({ gain, error, settings }: FamilyMember) {
  if (gain === null || error === null || settings === null) return null;
  if (settings) return { atMost: (x: number) => pAtMost(x, settings), atLeast: (x: number) => pAtLeast(x, settings) };
  if (standardError(error) > 0)
    return { atMost: (x: number) => errorBelow(x - gain, error), atLeast: (x: number) => errorBelow(gain - x, error) };
  // Nothing varied: a gain of 0 is perfect agreement.
  return gain === 0 ? { atMost: (x: number) => (x < 0 ? 0 : 1), atLeast: (x: number) => (x > 0 ? 0 : 1) } : null;
}

/** Where settings were chosen, the interval is widened to the gain of the chosen ones. */
function intervalOf({ gain, error, settings }: FamilyMember, level: number): Interval | null {
  if (gain === null || error === null || settings === null) return null;
  if (settings) {
    const [low, high] = settingsInterval(level, settings);
    return [Math.min(low, gain), Math.max(high, gain)];
  }
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
