import { type EstimateError, errorBelow, twoSidedP } from './behrens-fisher.js';

const mostRuns = 1000;

/** Of the runs or test rows there are. */
const mostTimes = 1000;

/** An undecided gain, and what its next test would be. */
export interface Undecided {
  readonly gain: number;
  readonly error: EstimateError;
  readonly margin: number | null;
  /** Level of one test: the total level divided by the number of tests that are still open. */
  readonly level: { readonly difference: number; readonly equivalence: number };
}

/**
 * The number of runs of each model that would decide a gain of this size and spread, as different from 0 or as within
 * its margin. If the true gain is the observed one, the chance of a decision is then about one in two. The estimated
 * variances fall and get more degrees of freedom; that of the test rows stays. Null: not even with a thousand.
 */
export function seedsToDecide({ error, ...undecided }: Undecided): number | null {
  const { estimated } = error;
  if (estimated.every(({ variance }) => variance === 0)) return null;
  const now = Math.max(...estimated.map(({ runs }) => runs));
  return fewest(now, mostRuns, (runs) => isDecided({ ...undecided, error: withRuns(error, () => runs) }));
}

/**
 * The same for the number of test rows, with the runs there are: the variance over rows falls, those over runs stay.
 */
export function rowsToDecide({ error, ...undecided }: Undecided, rows: number): number | null {
  if (error.known === 0) return null;
  return fewest(rows, mostTimes * rows, (more) =>
    isDecided({ ...undecided, error: { ...error, known: (error.known * rows) / more } }),
  );
}

/** The same for both, as a multiple of the runs and of the test rows there are. */
export function timesToDecide({ error, ...undecided }: Undecided): number | null {
  return fewest(1, mostTimes, (times) => {
    const more = withRuns(error, (runs) => times * runs);
    return isDecided({ ...undecided, error: { ...more, known: error.known / times } });
  });
}

function withRuns(error: EstimateError, runsOf: (now: number) => number): EstimateError {
  const estimated = error.estimated.map((own) => {
    const runs = runsOf(own.runs);
    return {
      ...own,
      runs,
      variance: (own.variance * (1 / runs + own.overlap)) / (1 / own.runs + own.overlap),
      degreesOfFreedom: own.degreesOfFreedom + runs - own.runs,
    };
  });
  return { ...error, estimated };
}

/** The smallest number above `low` that decides; null if not even `high` does. */
function fewest(low: number, high: number, decides: (number: number) => boolean): number | null {
  if (!decides(high)) return null;
  let [no, yes] = [low, high];
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2);
    if (decides(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

function isDecided({ gain, error, margin, level }: Undecided): boolean {
  const size = Math.abs(gain);
  if (twoSidedP(size, error) < level.difference) return true;
  return margin !== null && errorBelow(size - margin, error) < level.equivalence;
}
