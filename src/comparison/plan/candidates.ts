import { type AxisPoint, type ComparisonConfig, mostRuns, tooManyRuns } from '../../config/comparison.js';
import { rungsOf, type SearchConfig } from '../../config/search.js';
import { ConfigError } from '../../support/errors.js';
import { parametersByTask, parametersOf, type ReadShape } from './data-shapes.js';
import type { Matching } from './decided-changes.js';

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
 * What the searches of a comparison try, models and points in the order of the config. A model with one combination of values is left out.
 *
 * An epoch costs the network parameters of the model, as a part of those of the baseline as configured: it is the ratio of the work of a training
 * step, known before training. Look-ups in embedding tables and evaluation are not in it. Tasks that share no parameters pay for their own network.
 * @throws ConfigError where a budget does not pay for two candidates.
 */
export async function searchedPlaces(
  config: ComparisonConfig,
  matching: Matching,
  readShape: ReadShape,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const point of config.points) {
    for (const { label } of config.models) {
      if (config.settings(label, 2).length < 2) continue;
      places.push(await searchedPlace(config, { label, point }, matching, readShape));
    }
  }
  const runs = places.reduce((sum, { candidates }) => sum + candidates.length * config.tuneSeeds.length, 0);
  if (runs > mostRuns) throw new ConfigError(`compare.search: ${tooManyRuns(runs)}, or lower the budget.`);
  return places;
}

async function searchedPlace(
  config: ComparisonConfig,
  { label, point }: Pick<Place, 'label' | 'point'>,
  matching: Matching,
  readShape: ReadShape,
): Promise<Place> {
  const { search, tuneSeeds, baseline } = config;
  const [seed = 0] = tuneSeeds;
  const reference = config.experiment(baseline, point, seed);
  const unit = parametersOf(reference, (await readShape(reference)).model).network;
  const { train, tasks } = config.experiment(label, point, seed);
  const names = tasks.map(({ name }) => name);
  const rungs = search.type === 'halving' ? rungsOf(train.epochs, search) : null;

  const counted = async (values: AxisPoint) => {
    const { changes } = await matching(label, point, values);
    const experiment = config.experiment(label, point, seed, changes);
    const { model } = await readShape(experiment);
    const byTask = parametersByTask(experiment, model);
    const whole = parametersOf(experiment, model).network / unit;
    return { values, changes, epochs: experiment.train.epochs, whole, byTask };
  };
  const placed = (all: readonly Awaited<ReturnType<typeof counted>>[]): Place => {
    const independent = all.every(({ byTask }) => byTask);
    const candidates = all.map(({ byTask, whole, ...candidate }) => ({
      ...candidate,
      costs: independent ? names.map((name) => (byTask?.[name]?.network ?? 0) / unit) : [whole],
    }));
    return { label, point, groups: independent ? names.map((name) => [name]) : [names], candidates, rungs };
  };

  const budget = 'budget' in search ? search.budget : undefined;
  if (search.type === 'grid' || budget === undefined)
    return placed(await Promise.all(config.settings(label).map(counted)));
  const all: Awaited<ReturnType<typeof counted>>[] = [];
  for (let most = 2; ; most++) {
    const settings = config.settings(label, most);
    for (const values of settings.slice(all.length)) all.push(await counted(values));
    const place = placed(all);
    const spent = spentAtMost(search, place) * tuneSeeds.length;
    if (spent > budget && most === 2)
      throw new ConfigError(
        `compare.search.budget: ${budget} epochs of ${baseline} do not pay for two candidates of ${label}, which may take ${Math.ceil(spent)}: raise it.`,
      );
    if (spent > budget) return { ...place, candidates: place.candidates.slice(0, -1) };
    if (settings.length < most || most > mostRuns) return place;
  }
}

/** The number of candidates, of `of`, that train in a rung. The best 1/eta go on, and one at least. */
export function sizeOfRung(of: number, eta: number, rung: number): number {
  return Math.max(1, Math.floor(of / eta ** rung));
}

/** Epochs that a run of a search trains, in the mean over its candidates and at most. */
export function meanEpochs({ candidates, groups, rungs }: Place, eta: number): number {
  const count = candidates.length;
  if (!rungs) return candidates.reduce((sum, { epochs }) => sum + epochs, 0) / count;
  const sizes = rungs.map((_, rung) => Math.min(count, groups.length * sizeOfRung(count, eta, rung)));
  return rungs.reduce((sum, until, rung) => sum + (until - (rungs[rung - 1] ?? 0)) * (sizes[rung] ?? 0), 0) / count;
}

/** What one seed of a search costs if nothing stops early, and of candidates that cost differently the dearest go on. */
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
