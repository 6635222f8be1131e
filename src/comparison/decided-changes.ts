import { join } from 'node:path';
import { type AxisPoint, type ComparisonConfig, combinations } from '../config/comparison.js';
import { readResult } from '../training/result.js';
import type { ReadShape } from './data-shapes.js';
import { type Match, matched } from './match.js';
import { type PlacedRun, placeRuns } from './placed-runs.js';
import { chosenValues, type TuningRun, tuningRuns } from './tune.js';

/** What a model has at one point beyond its config. */
interface Decided {
  readonly changes: AxisPoint;
  /** Chosen by `tune`; null without it, or before the search. */
  readonly values: AxisPoint | null;
  readonly match: Match | null;
}

/** Changes of every model at every point. */
export interface DecidedChanges {
  of(label: string, point: AxisPoint): Decided;
}

/** The search runs of all models and points, in the order of the config. */
export interface Search {
  readonly tries: readonly { readonly label: string; readonly point: AxisPoint; readonly runs: readonly TuningRun[] }[];
  readonly placed: readonly PlacedRun[];
  readonly folder: string;
}

export type Matching = (label: string, point: AxisPoint, values: AxisPoint) => Decided;

/** Reads the data of every point, with the values of every search, if widths are to be matched. */
export async function createMatching(config: ComparisonConfig, readShape: ReadShape): Promise<Matching> {
  if (config.match === null) return (_label, _point, values) => ({ changes: values, values, match: null });
  const keyOf = (point: AxisPoint, values: AxisPoint) => JSON.stringify([point, values]);
  const places = config.points.flatMap((point) =>
    [{}, ...combinations(config.tune ?? {})].map((values) => ({ point, values })),
  );
  const shapes = new Map(
    await Promise.all(
      places.map(async ({ point, values }) => {
        const experiment = config.experiment(config.baseline, point, config.seeds[0] ?? 0, values);
        return [keyOf(point, values), (await readShape(experiment)).model] as const;
      }),
    ),
  );
  return (label, point, values) => {
    const [shape, changed] = [shapes.get(keyOf(point, {})), shapes.get(keyOf(point, values))];
    if (!shape || !changed) throw new Error(`The data at ${keyOf(point, values)} were not read.`);
    const found = matched(config, label, point, shape, values, changed);
    return { changes: found?.changes ?? values, values, match: found?.match ?? null };
  };
}

/** The tuning runs and their folders, below that of the comparison. No runs without `tune`. */
export async function planSearch(
  config: ComparisonConfig,
  folder: string,
  matching: Matching,
  on: Parameters<typeof placeRuns>[2],
  signal?: AbortSignal,
): Promise<Search> {
  const tries = config.points.flatMap((point) =>
    config.models.map(({ label }) => ({
      label,
      point,
      runs: tuningRuns(config, label, point, (values) => matching(label, point, values).changes),
    })),
  );
  const below = join(folder, 'tuning');
  return {
    tries,
    placed: await placeRuns(
      tries.flatMap(({ runs }) => runs),
      below,
      on,
      signal,
    ),
    folder: below,
  };
}

/** The best values of a finished search, with the widths matched to them. */
export function decide(config: ComparisonConfig, matching: Matching, search: Search): DecidedChanges {
  const decided = new Map<string, Decided>();
  let next = 0;
  for (const { label, point, runs } of search.tries) {
    const tried = runs.map((run) => ({ run, result: resultOf(search, search.placed[next++]) }));
    const values = config.tune === null ? {} : chosenValues(tried);
    const { changes, match } = matching(label, point, values);
    decided.set(JSON.stringify([label, point]), { changes, match, values: config.tune === null ? null : values });
  }
  return {
    of(label, point) {
      const found = decided.get(JSON.stringify([label, point]));
      if (!found) throw new Error(`Nothing was decided on '${label}'.`);
      return found;
    },
  };
}

function resultOf({ folder }: Search, run: PlacedRun | undefined) {
  return run ? readResult(join(folder, run.folder)) : undefined;
}
