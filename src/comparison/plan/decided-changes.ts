import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { readResult } from '../../training/result.js';
import { hasIndependentTasks } from '../../training/setup.js';
import type { Match } from '../comparison.js';
import type { ReadShape } from './data-shapes.js';
import { matched } from './match.js';
import { type PlacedRun, placeRuns } from './placed-runs.js';
import type { RunPart } from './plan.js';
import { chooseValues, type TuningRun, tuningRuns } from './tune.js';

/** What a run has beyond its model's config. */
interface Decided {
  readonly changes: AxisPoint;
  /** Of the keys of `tune`; empty without it. */
  readonly values: AxisPoint;
  readonly match: Match | null;
}

/** What is decided on every model at every point: for all its tasks, or in parts where tasks share no parameters and chose different values. */
export interface DecidedChanges {
  of(label: string, point: AxisPoint): readonly (Decided & RunPart)[];
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
  const keyOf = (label: string, point: AxisPoint, values: AxisPoint) => JSON.stringify([label, point, values]);
  const places = config.points.flatMap((point) =>
    config.models.flatMap(({ label }) => [{}, ...config.settings(label)].map((values) => ({ label, point, values }))),
  );
  const shapes = new Map(
    await Promise.all(
      places.map(async ({ label, point, values }) => {
        const experiment = config.experiment(label, point, config.seeds[0] ?? 0, values);
        return [keyOf(label, point, values), (await readShape(experiment)).model] as const;
      }),
    ),
  );
  return (label, point, values) => {
    const [shape, changed] = [shapes.get(keyOf(config.baseline, point, {})), shapes.get(keyOf(label, point, values))];
    if (!shape || !changed) throw new Error(`The data at ${keyOf(label, point, values)} were not read.`);
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
  const decided = new Map<string, ReturnType<DecidedChanges['of']>>();
  let next = 0;
  for (const { label, point, runs } of search.tries) {
    const tried = runs.map((run) => ({ run, result: resultOf(search, search.placed[next++]) }));
    const tasks = runs[0]?.experiment.tasks.map(({ name }) => name) ?? [];
    const independent = runs.every(({ experiment }) => hasIndependentTasks(experiment));
    const [only = {}] = config.settings(label);
    const choices = runs.length === 0 ? [{ tasks, values: only }] : chooseValues(tried, tasks, independent);
    decided.set(
      JSON.stringify([label, point]),
      choices.map(({ tasks, values }) => ({
        ...(choices.length > 1 ? { tasks } : {}),
        ...matching(label, point, values),
      })),
    );
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
