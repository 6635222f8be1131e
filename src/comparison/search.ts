import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import { selectionScore, type TaskMetrics } from '../metrics/evaluate.js';
import { UserError } from '../support/errors.js';
import { groupedBy } from '../support/grouped-by.js';
import { readResult } from '../training/stored-result.js';
import type { ComparisonRow, ModelSearch, SearchCandidate, SearchRecord } from './comparison.js';
import { axisName, axisValue, pointKey } from './plan/axis-point.js';
import { parametersByTask, type ReadShape } from './plan/data-shapes.js';
import type { Choice, Chosen, Matching } from './plan/decided-changes.js';
import { type Cell, type PlaceRuns, type Run, unfinished } from './plan/run.js';
import { mean } from './statistics/variances.js';

/** The search of one model at one point of the axes. */
interface Place {
  readonly label: string;
  readonly point: AxisPoint;
  /** Tasks that choose together: all, or each alone where they share no parameters. */
  readonly groups: readonly (readonly string[])[];
  /** The values that are tried, and what their runs have beyond the model's config: these, and widths matched to them. */
  readonly candidates: readonly { readonly values: AxisPoint; readonly changes: AxisPoint }[];
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
  const [seed = 0] = config.tuneSeeds;
  const drawn = config.models.map(({ label }) => ({ label, settings: config.settings(label) }));
  for (const point of config.points) {
    for (const { label, settings } of drawn.filter((one) => one.settings.length > 1)) {
      const candidates: Place['candidates'][number][] = [];
      let areIndependent = true;
      for (const values of settings) {
        await setImmediate(); // lets signals in
        signal?.throwIfAborted();
        const { changes } = await matching(label, point, values);
        const experiment = config.experiment(label, point, seed, changes);
        areIndependent &&= parametersByTask(experiment, (await readShape(experiment)).model) !== undefined;
        candidates.push({ values, changes });
      }
      const names = config.experiment(label, point, seed).tasks.map(({ name }) => name);
      places.push({ label, point, groups: areIndependent ? names.map((name) => [name]) : [names], candidates });
    }
  }
  return places;
}

/** The search of all models and points, as far as its runs' folders have it. */
export interface Search {
  /** All candidates under all seeds. */
  readonly runs: readonly Run[];
  /** All runs, if one has not ended. Empty: the search has ended. */
  readonly next: readonly Run[];
  /** Once it has ended. @throws UserError if every candidate of a model failed. */
  readonly chosen: Chosen;
  /** Once it has ended: all that was tried. Undefined if nothing was searched. */
  record(): SearchRecord | undefined;
}

interface SearchOptions {
  /** Of its runs. */
  readonly folder: string;
  readonly failed: ReadonlySet<string>;
  readonly place: PlaceRuns;
}

/** Reads how far a search is. */
export async function readSearch(
  { search, tuneSeeds }: ComparisonConfig,
  places: readonly Place[],
  { folder, failed, place }: SearchOptions,
): Promise<Search> {
  const cells = places.flatMap((one) => tuningRuns(one, tuneSeeds));
  const runs = await place(cells, folder, failed);

  /** Each candidate of a model at a point, with the results of its runs. */
  function tried({ label, point, candidates }: Place) {
    const own = runs.filter((run) => run.label === label && run.point === point);
    return candidates.map(({ values }) => {
      const ofValues = own.filter((run) => run.values === values);
      return { values, runs: ofValues, results: ofValues.map((run) => readResult(join(folder, run.folder))) };
    });
  }

  function choose({ label, groups }: Place, all: ReturnType<typeof tried>): readonly Choice[] {
    const best = bestValues(all, groups).map((values) => {
      if (values) return values;
      const combinations = new Set(all.map((one) => JSON.stringify(one.values))).size;
      throw new UserError(
        `Tuning of '${label}' found no values: of each of the ${combinations} combinations a run failed or has no score on ` +
          'validation. See their log.jsonl, or try other values under compare.tune or compare.models.',
      );
    });
    return groupedBy(best.entries(), ([, values]) => values).map((alike) => ({
      values: alike[0][1],
      tasks: alike.flatMap(([group]) => groups[group] ?? []),
    }));
  }

  function record(one: Place): ModelSearch {
    const all = tried(one);
    const choices = choose(one, all);
    const candidates = all.map(({ values, runs, results }): SearchCandidate => {
      const entries = runs.map(({ seed, folder: path }, index) => {
        const result = results[index];
        const scores = validationScores(result);
        const byTask = Object.fromEntries(one.groups.flat().map((task) => [task, scores.get(task) ?? null]));
        return { seed, path, epochs: result?.epochs ?? 0, trained: result !== undefined, scores: byTask };
      });
      const chosen = choices.filter((choice) => choice.values === values).flatMap(({ tasks }) => tasks);
      return { values, runs: entries, chosenFor: chosen };
    });
    return { label: one.label, axis: one.point, groups: one.groups, candidates };
  }

  return {
    runs,
    next: unfinished(runs).length > 0 ? runs : [],
    chosen(label, point) {
      const found = places.find((one) => one.label === label && pointKey(one.point) === pointKey(point));
      return found && choose(found, tried(found));
    },
    record: () =>
      places.length === 0 ? undefined : { type: search.type, seeds: tuneSeeds, models: places.map(record) },
  };
}

/** Each candidate with each seed of the search. These runs are not reported. */
function tuningRuns({ label, point, candidates }: Place, seeds: readonly number[]): readonly Cell[] {
  return candidates.flatMap(({ values, changes }) => seeds.map((seed) => ({ label, point, seed, values, changes })));
}

/** Values, and the results of their runs under each seed; undefined for a run that failed. */
export interface Tried {
  readonly values: AxisPoint;
  readonly results: readonly (
    | { readonly tasks: Readonly<Record<string, { readonly type: string; readonly validation: TaskMetrics }>> }
    | undefined
  )[];
}

/**
 * For each group of tasks, the best values by the score that selects epochs, on the validation split: the mean over
 * tasks and seeds. Of equal values the first is the best. Undefined if a run of all values failed, or lacks a score that
 * another run has.
 *
 * Tasks that share no parameters choose separately, each by its own score, as if searched alone. A task without a score
 * in any run takes the values that are best for the others.
 * @param tried The search of one model at one point.
 * @param groups The tasks that choose together.
 */
export function bestValues(
  tried: readonly Tried[],
  groups: readonly (readonly string[])[],
): readonly (AxisPoint | undefined)[] {
  const all = tried.map(({ values, results }) => ({ values, scores: results.map(validationScores) }));
  const isScored = (task: string) => all.some(({ scores }) => scores.some((byTask) => byTask.has(task)));
  const scored = groups.flat().filter(isScored);
  return groups.map((group) => {
    const own = group.filter((task) => scored.includes(task));
    const judged = own.length > 0 ? own : scored;
    let best: { readonly values: AxisPoint; readonly score: number } | undefined;
    for (const { values, scores } of all) {
      // NaN, which is above nothing, if one of them lacks a score
      const score = mean(scores.flatMap((byTask) => judged.map((task) => byTask.get(task) ?? Number.NaN)));
      if (score > (best?.score ?? Number.NEGATIVE_INFINITY)) best = { values, score };
    }
    return best?.values;
  });
}

/** Scores by task, for the tasks that have one. */
function validationScores(result: Tried['results'][number]): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const [name, { type, validation }] of Object.entries(result?.tasks ?? {})) {
    const score = selectionScore({ type }, validation);
    if (score !== null && Number.isFinite(score)) scores.set(name, score);
  }
  return scores;
}

/** Notes on searches of different sizes, and on choices at an end of a grid's list, where the best may lie beyond. */
export function notesOnSearch(
  rows: readonly Pick<ComparisonRow, 'label' | 'searched'>[],
  search: SearchRecord | undefined,
): readonly string[] {
  const searched = new Map(rows.flatMap(({ label, searched }) => (searched === undefined ? [] : [[label, searched]])));
  const numbers = Array.from(searched, ([label, number]) => `${label} ${number}`).join(', ');
  const unequal =
    new Set(searched.values()).size < 2
      ? []
      : [
          `Models searched different numbers of settings: ${numbers}. The budgets are unequal: a larger search favours its model.`,
        ];
  const atEdges = (search?.type === 'grid' ? search.models : []).flatMap(({ label, candidates }) => {
    const tried = candidates.map(({ values }) => values);
    const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
    return chosen.flatMap(({ values }) =>
      keysAtEdges(values, tried).map((key) => ({ text: `${axisName(key)} ${axisValue(values[key])}`, label })),
    );
  });
  if (atEdges.length === 0) return unequal;
  const named = groupedBy(atEdges, ({ text }) => text).map(
    (alike) => `${alike[0].text} (${[...new Set(alike.map(({ label }) => label))].join(', ')})`,
  );
  return [...unequal, `Chosen at an end of its list: ${named.join(', ')}. Better values may lie beyond: list more.`];
}

/** The keys whose chosen number is the smallest or the largest that was tried, of numbers above 0. */
export function keysAtEdges(chosen: AxisPoint, tried: readonly AxisPoint[]): readonly string[] {
  return Object.entries(chosen).flatMap(([key, value]) => {
    const values = [...new Set(tried.map((one) => one[key]))];
    const numbers = values.filter((one): one is number => typeof one === 'number' && one > 0);
    if (numbers.length < values.length || numbers.length < 2) return [];
    return value === Math.min(...numbers) || value === Math.max(...numbers) ? [key] : [];
  });
}
