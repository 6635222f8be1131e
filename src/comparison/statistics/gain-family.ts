import { type EstimateError, errorBelow, halfWidth, standardError, twoSidedP } from './behrens-fisher.js';

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
  const alone = members.map((member) => testAlone(member, level));
  const adjusted = {
    pHolm: holm(alone.map(({ p }) => p)),
    pEquivalent: holm(alone.map(({ pEquivalent }) => pEquivalent)),
    pNotInferior: holm(alone.map(({ pNotInferior }) => pNotInferior)),
  };
  const size = alone.filter(({ p }) => p !== null).length;
  return alone.map((own, index) => {
    const { gain = null, error = null } = members[index] ?? {};
    const half = own.se === null || error === null ? null : own.se === 0 ? 0 : halfWidth(level / size, error);
    return {
      ...own,
      simultaneous: gain === null || half === null ? null : [gain - half, gain + half],
      pHolm: adjusted.pHolm[index] ?? null,
      pEquivalent: adjusted.pEquivalent[index] ?? null,
      pNotInferior: adjusted.pNotInferior[index] ?? null,
    };
  });
}

function testAlone({ gain, error, margin }: FamilyMember, level: number): Omit<TestedMember, 'simultaneous' | 'pHolm'> {
  if (gain === null || error === null) return nothing;
  const se = standardError(error);
  if (se === 0) {
    const within = margin === null ? null : 0;
    return gain === 0
      ? { ...nothing, se: 0, interval: [0, 0], p: 1, pEquivalent: within, pNotInferior: within }
      : nothing;
  }
  const half = halfWidth(level, error);
  const below = (x: number) => errorBelow(x, error);
  return {
    se,
    interval: [gain - half, gain + half],
    p: twoSidedP(gain, error),
    pNotInferior: margin === null ? null : below(-(gain + margin)),
    pEquivalent: margin === null ? null : Math.max(below(-(gain + margin)), below(gain - margin)),
  };
}

const nothing = {
  se: null,
  interval: null,
  p: null,
  pEquivalent: null,
  pNotInferior: null,
};

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
