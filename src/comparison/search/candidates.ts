import { setImmediate } from 'node:timers/promises';
import { type AxisPoint, type ComparisonConfig, mostRuns } from '../../config/comparison.js';
import { rungEpochs, type SearchConfig } from '../../config/search.js';
import { ConfigError } from '../../support/errors.js';
import { wholeNumber } from '../../support/whole-number.js';
import { parameterCounts, parametersByTask, type ReadShape } from '../plan/data-shapes.js';
import type { Matching } from '../plan/decided-changes.js';

/** The search of one model at one point of the axes. */
export interface Place {
  readonly label: string;
  readonly point: AxisPoint;
  /** Tasks that choose together: all, or each alone where they share no parameters. */
  readonly groups: readonly (readonly string[])[];
  readonly candidates: readonly Candidate[];
  /** The epochs at which halving ranks; null: candidates train to their end and are ranked then. */
  readonly rungs: readonly number[] | null;
}

export interface Candidate {
  /** The values that it tries. */
  readonly values: AxisPoint;
  /** What its runs have beyond the model's config: the values, and widths that are matched with them. */
  readonly changes: AxisPoint;
  /** By group: what an epoch costs, in epochs of the baseline. */
  readonly costs: readonly number[];
  /** Epochs that it may train. */
  readonly epochs: number;
}

/**
 * What the searches of a comparison try, models and points in the order of the config. A model with one combination of
 * values is left out.
 *
 * The cost of an epoch is the model's network parameters over those of the configured baseline. This ratio of the work
 * of training steps is known before training. Look-ups in embedding tables and evaluation are not in it. Tasks that
 * share no parameters pay for their own network.
 * @throws ConfigError where a budget does not pay for two candidates, or pays for more runs than can be planned.
 */
export async function searchedPlaces(
  config: ComparisonConfig,
  matching: Matching,
  readShape: ReadShape,
  signal?: AbortSignal,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  let runs = 0;
  const most = Math.floor(mostRuns / config.tuneSeeds.length) + 1; // one too many
  const drawn = config.models.map(({ label }) => ({ label, settings: config.settings(label, most) }));
  for (const point of config.points) {
    for (const { label, settings } of drawn) {
      if (settings.length < 2) continue;
      const place = await searchedPlace(config, { label, point, settings }, matching, readShape, signal);
      places.push(place);
      runs += place.candidates.length * config.tuneSeeds.length;
      if (runs > mostRuns)
        throw new ConfigError(
          `compare.search.budget: the searches of all models and points make more than ${wholeNumber(mostRuns)} runs, which is the most: lower it.`,
        );
    }
  }
  return places;
}

/** The candidates of one model at one point that try these settings. */
export async function searchedPlace(
  config: ComparisonConfig,
  { label, point, settings }: Pick<Place, 'label' | 'point'> & { readonly settings: readonly AxisPoint[] },
  matching: Matching,
  readShape: ReadShape,
  signal?: AbortSignal,
): Promise<Place> {
  const { search, tuneSeeds, baseline } = config;
  const [seed = 0] = tuneSeeds;
  const reference = config.experiment(baseline, point, seed);
  const unit = parameterCounts(reference, (await readShape(reference)).model).network;
  const { train, tasks } = config.experiment(label, point, seed);
  const names = tasks.map(({ name }) => name);
  const isTogether = config.models.some((model) => model.label === label && model.together);
  const rungs = search.type === 'halving' ? rungEpochs(train.epochs, search) : null;

  const counted = async (values: AxisPoint) => {
    const { changes } = await matching(label, point, values);
    const experiment = config.experiment(label, point, seed, changes);
    const { model } = await readShape(experiment);
    const byTask = parametersByTask(experiment, model);
    const whole = parameterCounts(experiment, model).network / unit;
    return { values, changes, epochs: experiment.train.epochs, whole, byTask };
  };
  const placed = (all: readonly Awaited<ReturnType<typeof counted>>[]): Place => {
    const independent = !isTogether && all.every(({ byTask }) => byTask);
    const candidates = all.map(({ byTask, whole, ...candidate }) => ({
      ...candidate,
      costs: independent ? names.map((name) => (byTask?.[name]?.network ?? 0) / unit) : [whole],
    }));
    return { label, point, groups: independent ? names.map((name) => [name]) : [names], candidates, rungs };
  };

  const budget = search.type === 'grid' ? undefined : search.budget;
  const all: Awaited<ReturnType<typeof counted>>[] = [];
  const seeds = tuneSeeds.length;
  const spentBy = (count: number) => spentAtMost(search, placed(all.slice(0, count))) * seeds;
  let next = 2; // what they spend is computed at some candidates only: it takes time
  for (const values of settings) {
    await setImmediate(); // lets signals in
    signal?.throwIfAborted();
    all.push(await counted(values));
    if (budget === undefined || all.length < next) continue;
    if (spentBy(all.length) > budget) break;
    next = Math.ceil(1.1 * next);
  }
  if (budget === undefined) return placed(all);
  const least = spentBy(2);
  if (least > budget)
    throw new ConfigError(
      `compare.search.budget: ${budget} epochs of ${baseline} do not pay for two candidates of ${label}, which may take ${Math.ceil(least)}${seeds > 1 ? ` with ${seeds} seeds of tuneSeed` : ''}: raise it.`,
    );
  let paid = all.length;
  while (spentBy(paid) > budget) paid--;
  return placed(all.slice(0, paid));
}

/** The number of candidates, of `of`, that train in a rung. The best 1/eta go on, and one at least. */
export function sizeOfRung(of: number, eta: number, rung: number): number {
  return Math.max(1, Math.floor(of / eta ** rung));
}

/**
 * What one seed of a search costs if nothing stops early, and of candidates that cost differently the dearest go on.
 */
function spentAtMost(search: SearchConfig, { candidates, groups, rungs }: Place): number {
  return groups.reduce((sum, _, group) => {
    if (search.type !== 'halving' || !rungs)
      return sum + candidates.reduce((all, { costs, epochs }) => all + (costs[group] ?? 0) * epochs, 0);
    const dearest = candidates.map(({ costs }) => costs[group] ?? 0).toSorted((a, b) => b - a);
    const ofRungs = rungs.map((until, rung) => {
      const running = dearest.slice(0, sizeOfRung(dearest.length, search.eta, rung));
      return (until - (rungs[rung - 1] ?? 0)) * running.reduce((all, cost) => all + cost, 0);
    });
    return sum + ofRungs.reduce((all, spent) => all + spent, 0);
  }, 0);
}
