import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import { metrics } from '../metrics/catalogue.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { wholeNumber } from '../support/whole-number.js';
import { mostPredictions } from '../training/journal.js';
import type { LoadingEvent } from '../training/load-dataset.js';
import type { ReadShape } from './plan/data-shapes.js';
import { createMatching, type DecidedChanges, decide } from './plan/decided-changes.js';
import { placeRuns, type Run, reportedRuns } from './plan/run.js';
import { searchedPlace, searchedPlaces } from './search/candidates.js';
import { type Extend, planSearch, type Search } from './search/search.js';

/** What a comparison has to run. */
export interface Plan {
  /** The runs of `tune`, which come first. Empty without it. */
  readonly search: Search;
  /** The decisions of `tune` and `match`. The search must be finished. */
  decide(): Promise<DecidedChanges>;
  /** The reported runs for these seeds. Without decisions, `tune` is assumed to choose the config's values. */
  runs(decided: DecidedChanges | undefined, seeds: readonly number[]): Promise<readonly Run[]>;
}

/**
 * Reads what the plan depends on: the data's sizes if widths are matched, and the finished runs in the comparison's
 * folder.
 * @throws ConfigError if the config asks for something that the data do not have.
 */
export async function makePlan(
  config: ComparisonConfig,
  folder: string,
  readShape: ReadShape,
  on: (event: LoadingEvent) => void,
  signal: AbortSignal,
): Promise<Plan> {
  await checkData(config, readShape);
  checkFront(config);
  const matching = createMatching(config, readShape);
  const places = await searchedPlaces(config, matching, readShape, signal);
  const extend: Extend = async ({ label, point }, settings) => {
    const found = await Promise.all(settings.map((values) => candidateWith(values).catch(refused)));
    return found.flat();

    async function candidateWith(values: AxisPoint) {
      return (await searchedPlace(config, { label, point, settings: [values] }, matching, readShape, signal))
        .candidates;
    }
  };
  const search = await planSearch(config, places, folder, on, extend, signal);
  // Without a search, matched widths are tried now, so that a mistake is found before hours of training.
  const undecided = await decide(config, matching, (label, point) =>
    places.some((place) => place.label === label && place.point === point) ? [{ tasks: [], values: {} }] : undefined,
  );
  return {
    search,
    decide: () => decide(config, matching, search.chosen),
    runs: (decided = undecided, seeds) =>
      placeRuns(config, reportedRuns(config, decided.of, seeds), folder, on, signal),
  };
}

/** A value beyond an edge may be one that its key does not take. */
function refused(error: unknown): readonly never[] {
  if (error instanceof ConfigError) return [];
  throw error;
}

/**
 * Checks the config's demands on the data before anything is trained: errors over test rows need the predictions of
 * every run, and some metrics need groups. Reads the data only if there are such demands.
 */
export async function checkData(config: ComparisonConfig, readShape: ReadShape): Promise<void> {
  const { uncertainty, points, seeds, baseline } = config;
  const needsPredictions = uncertainty === 'rows' || uncertainty === 'both';
  const grouped = Object.entries(config.metrics).find(([, name]) => 'computeGrouped' in metrics.get(name));
  if (!needsPredictions && !grouped) return;
  for (const point of points) {
    const shape = await readShape(config.experiment(baseline, point, seeds[0] ?? 0));
    if (needsPredictions && shape.rows.test > mostPredictions)
      throw new ConfigError(
        `compare.uncertainty: '${uncertainty}' needs the predictions of every run, and they are kept up to ${wholeNumber(mostPredictions)} test rows; ` +
          `the data have ${wholeNumber(shape.rows.test)}. Use 'seeds'.`,
      );
    if (grouped && !shape.grouped)
      throw new ConfigError(
        `compare.metrics.${grouped[0]}: '${grouped[1]}' needs data that say which rows are of one user, and these do not. Of your own tables, dataset.group names the column.`,
      );
  }
}

/** A balancing method may undo the weights that a front varies. */
export function checkFront({ front, points, seeds, experiment }: ComparisonConfig): void {
  const [label] = front?.labels ?? [];
  if (!front || label === undefined) return;
  for (const point of points) {
    const { balancing } = experiment(label, point, seeds[0] ?? 0).loss;
    if (balancings.get(balancing.type).undoesWeights?.(balancing))
      throw new ConfigError(
        `compare.front: loss.balancing '${balancing.type}' undoes loss weights, so that a front has one point: choose another method, or no front.`,
      );
  }
}
