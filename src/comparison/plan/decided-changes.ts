import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { scoreForMean } from '../../metrics/evaluate.js';
import { UserError } from '../../support/errors.js';
import type { TrainedSoFar } from '../../training/best-so-far.js';
import type { ComparisonRow, Match, SearchRecord } from '../comparison.js';
import { mean } from '../statistics/moments.js';
import type { ReadShape } from './data-shapes.js';
import { matched } from './match.js';
import type { Run, RunPart } from './run.js';

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

/** Widths matched to values that a model's runs have, and the values themselves. */
export type Matching = (label: string, point: AxisPoint, values: AxisPoint) => Promise<Decided>;

/** Reads the data that it is asked about, if widths are to be matched. */
export function createMatching(config: ComparisonConfig, readShape: ReadShape): Matching {
  if (config.match === null) return async (_label, _point, values) => ({ changes: values, values, match: null });
  const known = new Map<string, Promise<Decided>>();
  const shapeOf = async (label: string, point: AxisPoint, values: AxisPoint) =>
    (await readShape(config.experiment(label, point, config.seeds[0] ?? 0, values))).model;
  return (label, point, values) => {
    const key = JSON.stringify([label, point, values]);
    const made = known.get(key) ?? match(label, point, values);
    known.set(key, made);
    return made;
  };

  async function match(label: string, point: AxisPoint, values: AxisPoint): Promise<Decided> {
    const [shape, changed] = await Promise.all([shapeOf(config.baseline, point, {}), shapeOf(label, point, values)]);
    const found = matched(config, label, point, shape, values, changed);
    return { changes: found?.changes ?? values, values, match: found?.match ?? null };
  }
}

/** What each searched model chose at a point, by label and point; of the others nothing. */
export type Chosen = (label: string, point: AxisPoint) => readonly Choice[] | undefined;

/** The values that were chosen, or the only ones, with widths matched to them. */
export async function decide(config: ComparisonConfig, matching: Matching, chosen: Chosen): Promise<DecidedChanges> {
  const keyOf = (label: string, point: AxisPoint) => JSON.stringify([label, point]);
  const byKey = new Map<string, readonly (Decided & RunPart)[]>();
  for (const point of config.points) {
    for (const { label } of config.models) {
      const [only = {}] = config.settings(label);
      const choices = chosen(label, point) ?? [{ tasks: [], values: only }];
      const parts = choices.map(async ({ tasks, values }) => ({
        ...(choices.length > 1 ? { tasks } : {}),
        ...(await matching(label, point, values)),
      }));
      byKey.set(keyOf(label, point), await Promise.all(parts));
    }
  }
  return {
    of(label, point) {
      const found = byKey.get(keyOf(label, point));
      if (!found) throw new Error(`Nothing was decided on '${label}'.`);
      return found;
    },
  };
}

/** A run of the search and its result. Without a result it failed. */
export interface Tried {
  readonly run: Pick<Run, 'label' | 'values'>;
  readonly result: Pick<TrainedSoFar, 'tasks'> | undefined;
}

/** Values, and the tasks that use them. */
export interface Choice {
  readonly tasks: readonly string[];
  readonly values: AxisPoint;
}

/** Values, with the score that ranks them; none: a run failed, or lacks a score that another run has. */
export interface Ranked {
  readonly values: AxisPoint;
  readonly score: number | undefined;
}

/** The values that are best for each group of tasks, in the order of the choices' first tasks; one choice if all tasks agree. */
export function choices(groups: readonly (readonly string[])[], best: readonly AxisPoint[]): readonly Choice[] {
  const found = new Map<string, { readonly values: AxisPoint; readonly tasks: string[] }>();
  for (const [group, values] of best.entries()) {
    const key = JSON.stringify(values);
    const choice = found.get(key) ?? { values, tasks: [] };
    choice.tasks.push(...(groups[group] ?? []));
    found.set(key, choice);
  }
  return [...found.values()];
}

/**
 * For each group of tasks, all values, the best first, by the score that selects epochs, on the validation split: the mean over tasks and seeds. Of
 * equal values the first ranks first. Values rank last if a run failed or lacks a score that another run has.
 *
 * Tasks that share no parameters choose separately, each by its own score, as if searched alone. A task without a score
 * in any run takes the values that are best for the others.
 * @param tried The search of one model at one point, in the order of its candidates.
 * @param groups The tasks that choose together.
 * @param reference Scores by task. With them, the smallest gain over them ranks, of means over seeds; a task without one is not judged.
 */
export function rankings(
  tried: readonly Tried[],
  groups: readonly (readonly string[])[],
  reference?: ReadonlyMap<string, number>,
): readonly (readonly Ranked[])[] {
  const candidates = new Map<string, { readonly values: AxisPoint; readonly scores: ReadonlyMap<string, number>[] }>();
  for (const { run, result } of tried) {
    const { values = {} } = run;
    const key = JSON.stringify(values);
    const candidate = candidates.get(key) ?? { values, scores: [] };
    candidate.scores.push(validationScores(result));
    candidates.set(key, candidate);
  }
  const all = [...candidates.values()];
  const isScored = (task: string) => all.some(({ scores }) => scores.some((byTask) => byTask.has(task)));
  const scored = groups.flat().filter((task) => isScored(task) && reference?.has(task) !== false);
  return groups.map((group) => {
    const own = group.filter((task) => scored.includes(task));
    const judged = own.length > 0 ? own : scored;
    return all
      .map(({ values, scores }): Ranked => {
        const each = scores.flatMap((byTask) => judged.map((task) => byTask.get(task)));
        const defined = each.filter((score) => score !== undefined);
        if (defined.length === 0 || defined.length < each.length) return { values, score: undefined };
        if (!reference) return { values, score: mean(defined) };
        const means = meanScores(scores);
        return {
          values,
          score: Math.min(...judged.map((task) => (means.get(task) ?? 0) - (reference.get(task) ?? 0))),
        };
      })
      .toSorted((a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || 0);
  });
}

/** By task, the mean over runs, for tasks of which every run has a score. */
export function meanScores(runs: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const [first = new Map<string, number>()] = runs;
  return new Map(
    [...first.keys()].flatMap((task) => {
      const scores = runs.flatMap((byTask) => byTask.get(task) ?? []);
      return scores.length === runs.length ? [[task, mean(scores)] as const] : [];
    }),
  );
}

export function noValues(tried: readonly Tried[]): UserError {
  const combinations = new Set(tried.map(({ run }) => JSON.stringify(run.values))).size;
  return new UserError(
    `Tuning of '${tried[0]?.run.label}' found no values: of each of the ${combinations} combinations a run failed or has no score on ` +
      'validation. See their log.jsonl, or try other values under compare.tune or compare.models.',
  );
}

/** Scores by task, for the tasks that have one, in the unit of a mean over all tasks. */
export function validationScores(result: Tried['result']): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  const tasks = Object.entries(result?.tasks ?? {});
  const scoreOf = scoreForMean(tasks.map(([, task]) => task));
  for (const [name, { type, validation }] of tasks) {
    const score = scoreOf({ type }, validation);
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

/** Notes on searches of different sizes. A budget is the same for every model that is searched, whatever the number of its combinations. */
export function notesOnSearch(
  rows: readonly Pick<ComparisonRow, 'label' | 'searched'>[],
  search: SearchRecord | undefined,
): readonly string[] {
  const searched = new Map(rows.flatMap(({ label, searched }) => (searched === undefined ? [] : [[label, searched]])));
  const sizes = new Set(searched.values());
  if (sizes.size < 2 || ((search?.budget ?? null) !== null && !sizes.has(1))) return [];
  const numbers = Array.from(searched, ([label, number]) => `${label} ${number}`).join(', ');
  return [
    `Models searched different numbers of settings: ${numbers}. The budgets are unequal: a larger search favours its model.`,
  ];
}
