import { criticalValue } from './distributions.js';
import { addErrors, type GainError } from './gain-error.js';

const mostSeeds = 1000;

/** An undecided gain, and what its next test would be. */
export interface Undecided {
  readonly gain: number;
  /** Error of training noise over `pairs` seeds. It falls with more seeds. */
  readonly seeds: GainError;
  readonly pairs: number;
  /** Error of the test rows. More seeds do not change it. */
  readonly rows: GainError | null;
  readonly margin: number | null;
  /** Level of one test: the total level divided by the number of tests that are still open. */
  readonly level: { readonly difference: number; readonly equivalence: number };
}

/**
 * The number of seeds that would decide a gain of this size and spread, as different from 0 or as within its margin. If
 * the true gain is the observed one, the chance of a decision is then about one in two. Null: not even with a thousand.
 */
export function seedsToDecide(undecided: Undecided): number | null {
  let [low, high] = [undecided.pairs, mostSeeds];
  if (!isDecided(undecided, high)) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isDecided(undecided, middle)) high = middle;
    else low = middle;
  }
  return high;
}

function isDecided({ gain, seeds, pairs, rows, margin, level }: Undecided, number: number): boolean {
  const ofSeeds = {
    variance: (seeds.variance * pairs) / number,
    degreesOfFreedom: (seeds.degreesOfFreedom * (number - 1)) / (pairs - 1),
  };
  const { variance, degreesOfFreedom } = rows === null ? ofSeeds : addErrors(ofSeeds, rows);
  const se = Math.sqrt(variance);
  const size = Math.abs(gain);
  if (size > criticalValue(level.difference, degreesOfFreedom) * se) return true;
  return margin !== null && margin - size > criticalValue(2 * level.equivalence, degreesOfFreedom) * se;
}
