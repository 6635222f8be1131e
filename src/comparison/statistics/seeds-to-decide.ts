import { type EstimateError, halfWidth } from './behrens-fisher.js';

const mostRuns = 1000;

/** An undecided gain, and what its next test would be. */
export interface Undecided {
  readonly gain: number;
  /** With more runs the estimated variances fall and get more degrees of freedom; that of the test rows stays. */
  readonly error: EstimateError;
  readonly margin: number | null;
  /** Level of one test: the total level divided by the number of tests that are still open. */
  readonly level: { readonly difference: number; readonly equivalence: number };
}

/**
 * The number of runs of each model that would decide a gain of this size and spread, as different from 0 or as within its margin. If the true
 * gain is the observed one, the chance of a decision is then about one in two. Null: not even with a thousand.
 */
export function seedsToDecide(undecided: Undecided): number | null {
  const { estimated } = undecided.error;
  let [low, high] = [Math.max(...estimated.map(({ runs }) => runs)), mostRuns];
  if (!isDecided(undecided, high)) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isDecided(undecided, middle)) high = middle;
    else low = middle;
  }
  return high;
}

function isDecided({ gain, error, margin, level }: Undecided, runs: number): boolean {
  const then = {
    ...error,
    estimated: error.estimated.map((own) => ({
      ...own,
      variance: (own.variance * (1 / runs + own.overlap)) / (1 / own.runs + own.overlap),
      degreesOfFreedom: own.degreesOfFreedom + runs - own.runs,
    })),
  };
  const size = Math.abs(gain);
  if (size > halfWidth(level.difference, then)) return true;
  return margin !== null && margin - size > halfWidth(2 * level.equivalence, then);
}
