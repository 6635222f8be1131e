// A claim is a list of parts, each answered by one test. What follows from them, and what would decide the open ones.
import type { EstimateError } from '../../src/comparison/statistics/behrens-fisher.js';
import { seedsToDecide } from '../../src/comparison/statistics/what-decides.js';

export interface Part {
  readonly shown: boolean;
  /** The p-value of the contrary (worse, or equivalent), as a multiple of the level. Infinite: nothing speaks for it. */
  readonly against: number;
  /** Whether the models were trained to a plateau. */
  readonly settled: boolean;
  /** Whether the gain as observed speaks for the part. */
  readonly towards: boolean;
  /** How many draws would decide a gain of this size and spread. Null: it is decided, or no number up to 1,000 does. */
  readonly draws: number | null;
}

export interface Judged {
  readonly verdict: 'holds here' | 'does not hold here' | 'cannot be told';
  readonly next: string;
}

/**
 * A claim that all parts hold: each must be shown (no adjustment: the chance that all are wrongly shown is at most that
 * of one), and one whose contrary is shown refutes it (Bonferroni over the families of tests). Or a claim that any part
 * of one family holds.
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

/** Of a part that a difference is above 0. @param family The number of tests of its family, for `draws`. */
export function differencePart(
  { gain, p, error, settled }: { gain: number; p: number; error: EstimateError; settled: boolean },
  level: number,
  family = 1,
): Part {
  const next = { difference: level / 2 / family, equivalence: 0 };
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
  if (parts.some(({ settled }) => !settled)) return 'Training to a plateau comes first (`train.epochs`).';
  const open = parts.filter(({ shown, against }) => (any ? against >= 1 : !shown));
  const one = open.flatMap(({ towards, draws }) => (towards === any ? (draws ?? []) : []));
  const all = open.flatMap(({ draws }) => draws ?? []);
  const [number, verb] = one.length > 0 ? [Math.min(...one), any] : [Math.max(...all), !any];
  if (one.length === 0 && all.length < open.length) return 'No number of draws up to 1,000 would decide it.';
  return `If gains and spreads stay as they are, about ${number} draws would ${verb ? 'show' : 'refute'} it.`;
}
