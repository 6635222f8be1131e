import { criticalValue, studentBelow, twoSidedP } from './distributions.js';
import type { GainError } from './gain-error.js';
import { holm } from './holm.js';

/** One gain of a family. */
export interface FamilyMember {
  readonly gain: number | null;
  /** Null: it has none, or there is no gain. */
  readonly error: GainError | null;
  /** Half the width of the zone of equivalence; null: not asked. */
  readonly margin: number | null;
}

export interface TestedMember {
  readonly se: number | null;
  readonly degreesOfFreedom: number | null;
  readonly interval: Interval | null;
  readonly simultaneous: Interval | null;
  readonly p: number | null;
  readonly pHolm: number | null;
  readonly pEquivalent: number | null;
  readonly pNotInferior: number | null;
}

type Interval = readonly [low: number, high: number];

/**
 * Tests of gains that are looked at together: that a gain is 0 (two-sided), that it is within its margin (two one-sided tests,
 * Schuirmann 1987) and that it is above -margin (one-sided). Holm's method adjusts each of the three families, so that each has a chance
 * of at most `level` of any false claim.
 *
 * Simultaneous intervals are Bonferroni's, cut where a step-down test excludes more: at 0 for a gain that differs from 0, at the margin
 * for one that is within it. So a verdict and its interval agree.
 *
 * Without an error nothing is defined. An error of 0 says that nothing was seen to vary: of a gain of 0 this is perfect agreement,
 * p = 1 and within any margin; any other gain has no test.
 */
export function testFamily(members: readonly FamilyMember[], level: number): readonly TestedMember[] {
  const alone = members.map(testAlone);
  const adjusted = {
    pHolm: holm(alone.map(({ p }) => p)),
    pEquivalent: holm(alone.map(({ pEquivalent }) => pEquivalent)),
    pNotInferior: holm(alone.map(({ pNotInferior }) => pNotInferior)),
  };
  const size = alone.filter(({ p }) => p !== null).length;
  return alone.map((own, index) => {
    const { gain = null, margin = null } = members[index] ?? {};
    const tested = {
      ...own,
      pHolm: adjusted.pHolm[index] ?? null,
      pEquivalent: adjusted.pEquivalent[index] ?? null,
      pNotInferior: adjusted.pNotInferior[index] ?? null,
    };
    return { ...tested, simultaneous: simultaneous(gain, margin, tested, level, size) };
  });
}

function testAlone({ gain, error, margin }: FamilyMember): Omit<TestedMember, 'simultaneous' | 'pHolm'> {
  if (gain === null || error === null) return nothing;
  const { variance, degreesOfFreedom } = error;
  if (variance === 0) {
    const within = margin === null ? null : 0;
    return gain === 0
      ? { ...nothing, se: 0, interval: [0, 0], p: 1, pEquivalent: within, pNotInferior: within }
      : nothing;
  }
  const se = Math.sqrt(variance);
  const half = criticalValue(0.05, degreesOfFreedom) * se;
  const below = (x: number) => studentBelow(x / se, degreesOfFreedom);
  return {
    se,
    degreesOfFreedom: Number.isFinite(degreesOfFreedom) ? degreesOfFreedom : null,
    interval: [gain - half, gain + half],
    p: twoSidedP(gain / se, degreesOfFreedom),
    pNotInferior: margin === null ? null : below(-(gain + margin)),
    pEquivalent: margin === null ? null : Math.max(below(-(gain + margin)), below(gain - margin)),
  };
}

const nothing = {
  se: null,
  degreesOfFreedom: null,
  interval: null,
  p: null,
  pEquivalent: null,
  pNotInferior: null,
};

function simultaneous(
  gain: number | null,
  margin: number | null,
  { se, degreesOfFreedom, pHolm, pEquivalent }: Omit<TestedMember, 'simultaneous'>,
  level: number,
  size: number,
): Interval | null {
  if (gain === null || se === null) return null;
  if (se === 0) return [gain, gain];
  const half = criticalValue(level / size, degreesOfFreedom ?? Number.POSITIVE_INFINITY) * se;
  let [low, high] = [gain - half, gain + half];
  if (margin !== null && pEquivalent !== null && pEquivalent < level)
    [low, high] = [Math.max(low, -margin), Math.min(high, margin)];
  if (pHolm !== null && pHolm < level) [low, high] = gain > 0 ? [Math.max(low, 0), high] : [low, Math.min(high, 0)];
  return [low, high];
}
