import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { readResult } from '../../training/result.js';
import { hasIndependentTasks } from '../../training/setup.js';
import type { Match } from '../comparison.js';
import type { ReadShape } from './data-shapes.js';
import { matched } from './match.js';
import { placeRuns, type Run, type RunPart } from './run.js';
import { chooseValues, tuningRuns } from './tune.js';

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
  readonly runs: readonly Run[];
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
  on: Parameters<typeof placeRuns>[3],
  signal?: AbortSignal,
): Promise<Search> {
  const wanted = config.points.flatMap((point) =>
    config.models.flatMap(({ label }) =>
      tuningRuns(config, label, point, (values) => matching(label, point, values).changes),
    ),
  );
  const below = join(folder, 'tuning');
  return { runs: await placeRuns(config, wanted, below, on, signal), folder: below };
}

/** The best values of a finished search, with the widths matched to them. */
export function decide(config: ComparisonConfig, matching: Matching, search: Search): DecidedChanges {
  const keyOf = (label: string, point: AxisPoint) => JSON.stringify([label, point]);
  const tried = new Map<string, { readonly run: Run; readonly result: ReturnType<typeof readResult> }[]>();
  for (const run of search.runs) {
    const key = keyOf(run.label, run.point);
    tried.set(key, [...(tried.get(key) ?? []), { run, result: readResult(join(search.folder, run.folder)) }]);
  }
  const decided = config.points.flatMap((point) =>
    config.models.map(({ label }) => {
      const runs = tried.get(keyOf(label, point)) ?? [];
      const tasks = runs[0]?.run.experiment.tasks.map(({ name }) => name) ?? [];
      const independent = runs.every(({ run }) => hasIndependentTasks(run.experiment));
      const [only = {}] = config.settings(label);
      const choices = runs.length === 0 ? [{ tasks, values: only }] : chooseValues(runs, tasks, independent);
      const parts = choices.map(({ tasks, values }) => ({
        ...(choices.length > 1 ? { tasks } : {}),
        ...matching(label, point, values),
      }));
      return [keyOf(label, point), parts] as const;
    }),
  );
  const byKey = new Map(decided);
  return {
    of(label, point) {
      const found = byKey.get(keyOf(label, point));
      if (!found) throw new Error(`Nothing was decided on '${label}'.`);
      return found;
    },
  };
}
