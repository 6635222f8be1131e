import { setImmediate } from 'node:timers/promises';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { parametersByTask, type ReadShape } from '../plan/data-shapes.js';
import type { Matching } from '../plan/decided-changes.js';

/** The search of one model at one point of the axes. */
export interface Place {
  readonly label: string;
  readonly point: AxisPoint;
  /** Tasks that choose together: all, or each alone where they share no parameters. */
  readonly groups: readonly (readonly string[])[];
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  /** The values that it tries. */
  readonly values: AxisPoint;
  /** What its runs have beyond the model's config: the values, and widths that are matched with them. */
  readonly changes: AxisPoint;
}

/**
 * What the searches of a comparison try, models and points in the order of the config. A model with one combination of
 * values is left out.
 */
export async function searchedPlaces(
  config: ComparisonConfig,
  matching: Matching,
  readShape: ReadShape,
  signal?: AbortSignal,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  const drawn = config.models.map(({ label }) => ({ label, settings: config.settings(label) }));
  for (const point of config.points) {
    for (const { label, settings } of drawn) {
      if (settings.length < 2) continue;
      places.push(await searchedPlace(config, { label, point, settings }, matching, readShape, signal));
    }
  }
  return places;
}

/** The candidates of one model at one point that try these settings. */
async function searchedPlace(
  config: ComparisonConfig,
  { label, point, settings }: Pick<Place, 'label' | 'point'> & { readonly settings: readonly AxisPoint[] },
  matching: Matching,
  readShape: ReadShape,
  signal?: AbortSignal,
): Promise<Place> {
  const [seed = 0] = config.tuneSeeds;
  const names = config.experiment(label, point, seed).tasks.map(({ name }) => name);
  const candidates: Candidate[] = [];
  let areIndependent = true;
  for (const values of settings) {
    await setImmediate(); // lets signals in
    signal?.throwIfAborted();
    const { changes } = await matching(label, point, values);
    const experiment = config.experiment(label, point, seed, changes);
    areIndependent &&= parametersByTask(experiment, (await readShape(experiment)).model) !== undefined;
    candidates.push({ values, changes });
  }
  return { label, point, groups: areIndependent ? names.map((name) => [name]) : [names], candidates };
}
