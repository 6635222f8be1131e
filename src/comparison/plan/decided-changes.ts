import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { selectionScore } from '../../metrics/evaluate.js';
import { UserError } from '../../support/errors.js';
import { type Result, readResult } from '../../training/result.js';
import { hasIndependentTasks } from '../../training/setup.js';
import type { ComparisonRow, Match } from '../comparison.js';
import { mean } from '../statistics/gain-error.js';
import type { ReadShape } from './data-shapes.js';
import { matched } from './match.js';
import { placeRuns, type Run, type RunPart, type Wanted } from './run.js';

/** What a run's config has beyond its model's config. */
interface Decided {
  readonly changes: AxisPoint;
  /** The values of the `tune` keys. Empty without `tune`. */
  readonly values: AxisPoint;
  readonly match: Match | null;
}

/**
 * The decisions for every model at every point. They hold for all tasks, or per part where tasks share no parameters
 * and chose different values.
 */
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

/** The tuning runs and their folders, which lie below the comparison's folder. No runs without `tune`. */
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

/** The best values of a finished search, with widths matched to them. */
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

/** A run of the search and its result. Without a result it failed. */
interface Tried {
  readonly run: Pick<Run, 'label' | 'values'>;
  readonly result: Pick<Result, 'tasks'> | undefined;
}

/** Values, and the tasks that use them. */
interface Choice {
  readonly tasks: readonly string[];
  readonly values: AxisPoint;
}

/**
 * The search of one model at one point: each combination of values with each seed of the search. These runs are not
 * reported. Empty if there is only one combination.
 * @param changesWith Further changes of a run with these values, such as widths matched with them; default: the values
 * alone.
 */
export function tuningRuns(
  config: ComparisonConfig,
  label: string,
  point: AxisPoint,
  changesWith: (values: AxisPoint) => AxisPoint = (values) => values,
): readonly Wanted[] {
  const settings = config.settings(label);
  if (settings.length < 2) return [];
  return settings.flatMap((values) =>
    config.tuneSeeds.map((seed) => ({ label, point, seed, values, changes: changesWith(values) })),
  );
}

/**
 * The best values by the score that selects epochs, on the validation split: the mean over tasks and seeds. Of equal
 * values the first wins. Values rank last if a run failed or lacks a score that another run has.
 *
 * Tasks that share no parameters choose separately, each by its own score, as if searched alone. A task without a score
 * in any run takes the values that are best for the others.
 * @param tried The search of one model at one point, in the order of `tuningRuns`.
 * @param independent Whether the tasks share no parameters.
 * @returns The choices in the order of their first tasks; one choice if all tasks agree.
 * @throws UserError if no values have a score in each of their runs.
 */
export function chooseValues(
  tried: readonly Tried[],
  tasks: readonly string[],
  independent: boolean,
): readonly Choice[] {
  const candidates = new Map<string, { readonly values: AxisPoint; readonly scores: ReadonlyMap<string, number>[] }>();
  for (const { run, result } of tried) {
    const { values = {} } = run;
    const key = JSON.stringify(values);
    const candidate = candidates.get(key) ?? { values, scores: [] };
    candidate.scores.push(validationScores(result));
    candidates.set(key, candidate);
  }
  const all = [...candidates.values()];
  const scored = tasks.filter((task) => all.some(({ scores }) => scores.some((byTask) => byTask.has(task))));

  const choices = new Map<AxisPoint, string[]>();
  for (const group of independent ? tasks.map((task) => [task]) : [tasks]) {
    const own = group.filter((task) => scored.includes(task));
    const values = best(own.length > 0 ? own : scored);
    choices.set(values, [...(choices.get(values) ?? []), ...group]);
  }
  return Array.from(choices, ([values, tasks]) => ({ tasks, values }));

  function best(judged: readonly string[]): AxisPoint {
    let found: { readonly values: AxisPoint; readonly score: number } | undefined;
    for (const { values, scores } of all) {
      const each = scores.flatMap((byTask) => judged.map((task) => byTask.get(task)));
      const defined = each.filter((score) => score !== undefined);
      if (defined.length === 0 || defined.length < each.length) continue;
      const score = mean(defined);
      if (found === undefined || score > found.score) found = { values, score };
    }
    if (found) return found.values;
    throw new UserError(
      `Tuning of '${tried[0]?.run.label}' found no values: of each of the ${all.length} combinations a run failed or has no score on ` +
        'validation. See their log.jsonl, or try other values under compare.tune or compare.models.',
    );
  }
}

/** Scores by task, for the tasks that have one. */
function validationScores(result: Pick<Result, 'tasks'> | undefined): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const [name, { type, validation }] of Object.entries(result?.tasks ?? {})) {
    const score = selectionScore({ type }, validation);
    if (score !== null && Number.isFinite(score)) scores.set(name, score);
  }
  return scores;
}

/** What a comparison decided for a model before its reported runs. Stored in the model's row. */
export type Decisions = Pick<ComparisonRow, 'searched' | 'tuned' | 'tunedByTask' | 'match' | 'matchByTask'>;

type Parts = ReturnType<DecidedChanges['of']>;

/** @param searched Number of combinations that the model chose from; undefined if no model was searched. */
export function decisionsOf(parts: Parts, searched: number | undefined): Decisions {
  const [first, ...others] = parts;
  if (!first) throw new Error('A row has a part.');
  const byTask = <Value>(valueIn: (part: Parts[number]) => Value) =>
    Object.fromEntries(parts.flatMap((part) => (part.tasks ?? []).map((task) => [task, valueIn(part)])));
  const { values, match } = first;
  const sameWidths = others.every((part) => JSON.stringify(part.match) === JSON.stringify(match));
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(Object.keys(values).length === 0 || others.length > 0 ? {} : { tuned: values }),
    ...(others.length > 0 ? { tunedByTask: byTask((part) => part.values) } : {}),
    ...(match && sameWidths ? { match } : {}),
    ...(match && !sameWidths ? { matchByTask: byTask((part) => part.match ?? match) } : {}),
  };
}

/** Only the decisions of a row. */
export function decisionsIn({ searched, tuned, tunedByTask, match, matchByTask }: ComparisonRow): Decisions {
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(tuned ? { tuned } : {}),
    ...(tunedByTask ? { tunedByTask } : {}),
    ...(match ? { match } : {}),
    ...(matchByTask ? { matchByTask } : {}),
  };
}

/** The values that were chosen for any of a row's tasks. */
export function tunedKeys({ tuned, tunedByTask }: Decisions): readonly string[] {
  return [tuned ?? {}, ...Object.values(tunedByTask ?? {})].flatMap((values) => Object.keys(values));
}

/** Notes on searches of different sizes. */
export function notesOnSearch(rows: readonly Pick<ComparisonRow, 'label' | 'searched'>[]): readonly string[] {
  const searched = new Map(rows.flatMap(({ label, searched }) => (searched === undefined ? [] : [[label, searched]])));
  if (new Set(searched.values()).size < 2) return [];
  const numbers = Array.from(searched, ([label, number]) => `${label} ${number}`).join(', ');
  return [
    `Models searched different numbers of settings: ${numbers}. The budgets are unequal: a larger search favours its model.`,
  ];
}
