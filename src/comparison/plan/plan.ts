import type { ComparisonConfig } from '../../config/comparison.js';
import type { LoadingEvent } from '../../training/load-dataset.js';
import { checkData } from './data-checks.js';
import type { ReadShape } from './data-shapes.js';
import { createMatching, type DecidedChanges, decide, planSearch, type Search } from './decided-changes.js';
import { placeRuns, type Run, reportedRuns } from './run.js';

/** What a comparison has to run. */
export interface Plan {
  /** The runs of `tune`, which come first. None without it. */
  readonly search: Search;
  /** What `tune` and `match` decide; the search must be finished. */
  decide(): DecidedChanges;
  /** The reported runs under these seeds. Without decisions they are as if `tune` chose the values of the config. */
  runs(decided: DecidedChanges | undefined, seeds: readonly number[]): Promise<readonly Run[]>;
}

/**
 * Reads what the plan depends on: sizes of the data where widths are matched, and which runs are finished in the comparison's folder.
 * @throws ConfigError for what the config asks of the data and these do not have.
 */
export async function makePlan(
  config: ComparisonConfig,
  folder: string,
  readShape: ReadShape,
  on: (event: LoadingEvent) => void,
  signal: AbortSignal,
): Promise<Plan> {
  await checkData(config, readShape);
  const matching = await createMatching(config, readShape);
  const search = await planSearch(config, folder, matching, on, signal);
  const undecided: Pick<DecidedChanges, 'of'> = {
    of(label, point) {
      const [only = {}, ...others] = config.settings(label);
      return [matching(label, point, others.length > 0 ? {} : only)];
    },
  };
  return {
    search,
    decide: () => decide(config, matching, search),
    runs: (decided = undecided, seeds) =>
      placeRuns(config, reportedRuns(config, decided.of, seeds), folder, on, signal),
  };
}
