// A claim is a list of parts, each answered by one test. What follows from them, and what would decide the open ones.
import type { ComparisonRow, Contrast } from '../../src/comparison/comparison.js';
import type { EstimateError } from '../../src/comparison/statistics/behrens-fisher.js';
import { seedsToDecide } from '../../src/comparison/statistics/what-decides.js';
import type { Table, Verdict } from './claim.js';
import type { Difference } from './differences.js';
import { isSettled, unsettled } from './tables.js';

export interface Part {
  readonly shown: boolean;
  /**
   * The p-value of the contrary (worse, or equivalent), as a multiple of the level. Infinite: nothing speaks for it.
   */
  readonly against: number;
  /** Whether the models were trained to a plateau. */
  readonly settled: boolean;
  /** Whether the gain as observed speaks for the part. */
  readonly towards: boolean;
  /** How many draws would decide a gain of this size and spread. Null: it is decided, or no number up to 1,000 does. */
  readonly draws: number | null;
}

export interface Judged {
  readonly verdict: Verdict;
  readonly next: string;
}

/**
 * A claim that all parts hold. Each must be shown, without adjustment: the chance that all are wrongly shown is at most
 * that of one. A part whose contrary is shown refutes the claim (Bonferroni over the families of tests). Or a claim
 * that any part of one family holds.
 */
export function judged(parts: readonly Part[], { families = 1, any = false } = {}): Judged {
  const settled = parts.filter((part) => part.settled);
  const shown = settled.filter((part) => part.shown).length;
  const against = settled.filter((part) => families * part.against < 1).length;
  const least = (count: number, all: boolean) => count >= (all ? parts.length : 1);
  if (least(against, any)) return { verdict: 'does not hold here', next: '' };
  if (least(shown, !any)) return { verdict: 'holds here', next: '' };
  return { verdict: 'cannot be told', next: whatDecides(parts, any) };
}

/** Of a part that a difference is above 0. */
function differencePart(
  { gain, p, error, settled }: { gain: number; p: number; error: EstimateError; settled: boolean },
  level: number,
): Part {
  const next = { difference: level / 2, equivalence: 0 };
  return {
    shown: p < level && gain > 0,
    against: gain < 0 ? p / level : Number.POSITIVE_INFINITY,
    settled,
    towards: gain > 0,
    draws: p < level ? null : seedsToDecide({ gain, error, margin: null, level: next }),
  };
}

/** One part refutes a claim of all, and shows a claim of any; the other answer needs all open parts. */
function whatDecides(parts: readonly Part[], any: boolean): string {
  if (parts.some(({ settled }) => !settled)) return unsettled;
  const open = parts.filter(({ shown, against }) => (any ? against >= 1 : !shown));
  const one = open.flatMap(({ towards, draws }) => (towards === any ? (draws ?? []) : []));
  const all = open.flatMap(({ draws }) => draws ?? []);
  const [number, verb] = one.length > 0 ? [Math.min(...one), any] : [Math.max(...all), !any];
  if (one.length === 0 && all.length < open.length) return 'No number of draws up to 1,000 would decide it.';
  return `If gains and spreads stay as they are, it takes at least ${number} draws to ${verb ? 'show' : 'refute'} it.`;
}

/** A claim that each task is better. */
export function taskParts({ tasks }: Pick<ComparisonRow | Contrast, 'tasks'>, table: Table): readonly Part[] {
  const { level } = table.test;
  return Object.values(tasks).map(({ verdict, pHolm, pEquivalent, gain, margin, seedsToDecide }) => {
    const p = verdict === 'worse' ? pHolm : verdict === 'equivalent' ? pEquivalent : null;
    return {
      shown: verdict === 'better',
      against: p === null ? Number.POSITIVE_INFINITY : p / level,
      settled: verdict !== null,
      towards: (gain ?? 0) > (margin ?? 0),
      draws: seedsToDecide,
    };
  });
}

/** A claim that each difference is above 0 (Bonferroni against it). */
export function differenceParts(all: readonly Difference[], table: Table): readonly Part[] {
  const settled = isSettled(table);
  return all.map(({ gain, p, error }) => {
    const part = differencePart({ gain, p, error, settled }, table.test.level);
    return { ...part, against: part.against * all.length };
  });
}
