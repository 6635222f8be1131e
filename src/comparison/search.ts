import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import { selectionScore, type TaskMetrics } from '../metrics/evaluate.js';
import { UserError } from '../support/errors.js';
import { groupedBy } from '../support/json.js';
import { type Result, readResult } from '../training/result.js';
import type { ComparedModel, ModelSearch, SearchRecord } from './comparison.js';
import { axisName, axisValue, pointKey } from './plan/axis-point.js';
import { parametersByTask, type ReadShape } from './plan/data-shapes.js';
import type { ChosenValues, Matching, TaskChoice } from './plan/decided-changes.js';
import { type PlaceRuns, type Run, type Stage, unfinished } from './plan/run.js';
import { fewestForBest } from './statistics/best-settings.js';
import { mean } from './statistics/variances.js';

/** The search of one model at one point of the axes. */
interface SearchedModel {
  readonly label: string;
  readonly point: AxisPoint;
  /** Tasks that choose together: all, or each alone where they share no parameters. */
  readonly groups: readonly (readonly string[])[];
  /** The values that are tried, and what their runs have beyond the model's config: these, and widths matched to them. */
  readonly candidates: readonly { readonly values: AxisPoint; readonly changes: AxisPoint }[];
}

/**
 * What the searches of a comparison try, models and points in the order of the config. A model with one combination of
 * values is left out, unless its runs are those of the search.
 */
export async function searchedModels(
  config: ComparisonConfig,
  matching: Matching,
  readShape: ReadShape,
  signal?: AbortSignal,
): Promise<readonly SearchedModel[]> {
  const models: SearchedModel[] = [];
  const [seed = 0] = config.tuneSeeds;
  const drawn = config.models.map(({ label }) => ({ label, settings: config.settings(label) }));
  for (const point of config.points) {
    for (const { label, settings } of drawn.filter((model) => config.crossFit || model.settings.length > 1)) {
      const candidates: SearchedModel['candidates'][number][] = [];
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
      models.push({ label, point, groups: areIndependent ? names.map((name) => [name]) : [names], candidates });
    }
  }
  return models;
}

export interface Search {
  /** Where its runs are. Cross-fitted, they are those that are reported. */
  readonly stage: Stage['stage'];
  /** All candidates under all seeds. */
  readonly runs: readonly Run[];
  /** Absent until every run has ended. */
  readonly outcome?: {
    readonly chosen: ChosenValues;
    /** All that was tried. Undefined if nothing was searched. */
    readonly record: SearchRecord | undefined;
  };
}

/**
 * Reads how far the search of all models is, in the folder of its runs. Cross-fitted, the values of a seed are those that
 * are best for the other seeds.
 * @throws UserError if every candidate of a model failed.
 */
export async function readSearch(
  { search, tuneSeeds, crossFit }: Pick<ComparisonConfig, 'search' | 'tuneSeeds' | 'crossFit'>,
  models: readonly SearchedModel[],
  { folder, failed, placeRuns }: { folder: string; failed: ReadonlySet<string>; placeRuns: PlaceRuns },
): Promise<Search> {
  const cells = models.flatMap(({ label, point, candidates }) =>
    candidates.flatMap((candidate) => tuneSeeds.map((seed) => ({ label, point, seed, ...candidate }))),
  );
  const runs = await placeRuns(cells, folder, failed);
  const stage = crossFit ? 'runs' : 'tuning';
  if (unfinished(runs).length > 0) return { stage, runs };
  const ended = models.map((model) => {
    const tried = readTried(model, runs, folder);
    return crossFit ? crossFittedSearch(model, tried, tuneSeeds) : searchOnce(model, tried);
  });
  const chosen: ChosenValues = (label, point, seed) =>
    ended.find(({ record }) => record.label === label && pointKey(record.point) === pointKey(point))?.choicesFor(seed);
  const searched = ended.map(({ record }) => record);
  const how = { type: search.type, seeds: tuneSeeds, ...(crossFit ? { crossFit } : {}) };
  return { stage, runs, outcome: { chosen, record: models.length === 0 ? undefined : { ...how, models: searched } } };
}

/** Values that were tried, under each seed of the search. */
interface Tried {
  readonly values: AxisPoint;
  readonly runs: readonly Run[];
  /** Undefined: the run failed. */
  readonly results: readonly (Result | undefined)[];
}

/** What a model's search found. */
interface EndedSearch {
  readonly record: ModelSearch;
  readonly choicesFor: (seed: number) => readonly TaskChoice[] | undefined;
}

function readTried(
  { label, point, candidates }: SearchedModel,
  runs: readonly Run[],
  folder: string,
): readonly Tried[] {
  const ofModel = runs.filter((run) => run.label === label && run.point === point);
  return candidates.map(({ values }) => {
    const ofValues = ofModel.filter((run) => run.values === values);
    return { values, runs: ofValues, results: ofValues.map((run) => readResult(join(folder, run.folder))) };
  });
}

function searchOnce(model: SearchedModel, tried: readonly Tried[]): EndedSearch {
  const choices = choose(model, tried);
  return { record: searchRecord(model, tried, choices), choicesFor: () => choices };
}

/** Each seed chooses by the others. */
function crossFittedSearch(model: SearchedModel, tried: readonly Tried[], seeds: readonly number[]): EndedSearch {
  const bySeed = new Map(
    seeds.map((judged, index) => {
      const byOthers = tried.map(({ results, ...one }) => ({ ...one, results: results.toSpliced(index, 1) }));
      return [judged, choose(model, byOthers)] as const;
    }),
  );
  return {
    record: searchRecord(model, tried, [...bySeed.values()].flat(), bySeed),
    choicesFor: (seed) => bySeed.get(seed),
  };
}

/** The best values, and the tasks that use them: tasks that share no parameters may choose different ones. */
function choose(
  { label, groups, candidates }: SearchedModel,
  tried: readonly Pick<Tried, 'values' | 'results'>[],
): readonly TaskChoice[] {
  const best = bestValues(tried, groups).map((values) => {
    if (values) return values;
    const [only, ...others] = candidates;
    if (only && others.length === 0) return only.values; // nothing to choose: a failed run of it is left out
    throw new UserError(
      `Tuning of '${label}' found no values: of each of the ${candidates.length} combinations a run failed or has no score on ` +
        'validation. See their log.jsonl, or try other values under compare.tune or compare.models.',
    );
  });
  return groupedBy(best.entries(), ([, values]) => values).map((alike) => ({
    values: alike[0][1],
    tasks: alike.flatMap(([group]) => groups[group] ?? []),
  }));
}

/** @param bySeed Cross-fitted: what each seed is judged at. */
function searchRecord(
  { label, point, groups }: SearchedModel,
  tried: readonly Tried[],
  choices: readonly TaskChoice[],
  bySeed?: ReadonlyMap<number, readonly TaskChoice[]>,
): ModelSearch {
  const tasks = groups.flat();
  const tasksOf = (values: AxisPoint, chosen: readonly TaskChoice[] = []) =>
    tasks.filter((task) => chosen.some((choice) => choice.values === values && choice.tasks.includes(task)));
  const runRecord = ({ seed, folder: path }: Run, result: Result | undefined, values: AxisPoint) => {
    const scores = validationScores(result);
    return {
      seed,
      path,
      epochs: result?.epochs ?? 0,
      trained: result !== undefined,
      scores: Object.fromEntries(tasks.map((task) => [task, scores.get(task) ?? null])),
      ...(bySeed ? { chosenFor: tasksOf(values, bySeed.get(seed)) } : {}),
    };
  };
  return {
    label,
    point,
    groups,
    candidates: tried.map(({ values, runs, results }) => ({
      values,
      runs: runs.map((run, index) => runRecord(run, results[index], values)),
      chosenFor: tasksOf(values, choices),
    })),
  };
}

/** What a run is scored by. Undefined: it failed. */
type Scored =
  | { readonly tasks: Readonly<Record<string, { readonly type: string; readonly validation: TaskMetrics }>> }
  | undefined;

/**
 * For each group of tasks, the best values by the score that selects epochs, on the validation split: the mean over
 * tasks and seeds. Of equal values the first is the best. Undefined if a run of all values failed, or lacks a score that
 * another run has.
 *
 * Tasks that share no parameters choose separately, each by its own score, as if searched alone. A task without a score
 * in any run takes the values that are best for the others.
 * @param tried Values, and the results of their runs under each seed: the search of one model at one point.
 * @param groups The tasks that choose together.
 */
export function bestValues(
  tried: readonly { readonly values: AxisPoint; readonly results: readonly Scored[] }[],
  groups: readonly (readonly string[])[],
): readonly (AxisPoint | undefined)[] {
  const candidates = tried.map(({ values, results }) => ({ values, scores: results.map(validationScores) }));
  const scored = groups
    .flat()
    .filter((task) => candidates.some(({ scores }) => scores.some((byTask) => byTask.has(task))));
  return groups.map((group) => {
    const ofGroup = group.filter((task) => scored.includes(task));
    const judged = ofGroup.length > 0 ? ofGroup : scored;
    let best: { readonly values: AxisPoint; readonly score: number } | undefined;
    for (const { values, scores } of candidates) {
      // NaN, which is above nothing, if one of them lacks a score
      const score = mean(scores.flatMap((byTask) => judged.map((task) => byTask.get(task) ?? Number.NaN)));
      if (score > (best?.score ?? Number.NEGATIVE_INFINITY)) best = { values, score };
    }
    return best?.values;
  });
}

/** Scores by task, for the tasks that have one. */
function validationScores(result: Scored): ReadonlyMap<string, number> {
  const scores = Object.entries(result?.tasks ?? {}).map(([name, { type, validation }]) => {
    return [name, selectionScore({ type }, validation) ?? Number.NaN] as const;
  });
  return new Map(scores.filter(([, score]) => Number.isFinite(score)));
}

/** What a cross-fitted search can hardly find. Null: its seeds are enough. */
export function noteOnPower({ crossFit, seeds, models, settings }: ComparisonConfig): string | null {
  const most = Math.max(...models.map(({ label }) => settings(label).length));
  if (!crossFit || seeds.length < fewestForBest || most <= seeds.length) return null;
  return `A model has ${most} settings, and ${seeds.length} seeds judge them: where settings are nearly alike, only a large gain will show (docs/search.md). Fewer settings or more seeds find more.`;
}

/** Notes on searches of different sizes, and on choices at an end of a grid's list, where the best may lie beyond. */
export function notesOnSearch(
  models: readonly Pick<ComparedModel, 'label' | 'searched'>[],
  search: SearchRecord | undefined,
): readonly string[] {
  const notes: string[] = [];
  const sizes = new Map(models.flatMap(({ label, searched }) => (searched === undefined ? [] : [[label, searched]])));
  if (new Set(sizes.values()).size > 1) {
    const numbers = Array.from(sizes, ([label, size]) => `${label} ${size}`).join(', ');
    notes.push(
      `Models searched different numbers of settings: ${numbers}. The budgets are unequal: a larger search favours its model.`,
    );
  }
  const atEdges = (search?.type === 'grid' ? search.models : []).flatMap(({ label, candidates }) => {
    const tried = candidates.map(({ values }) => values);
    const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
    return chosen.flatMap(({ values }) =>
      keysAtEdges(values, tried).map((key) => ({ text: `${axisName(key)} ${axisValue(values[key])}`, label })),
    );
  });
  const named = groupedBy(atEdges, ({ text }) => text).map(
    (alike) => `${alike[0].text} (${[...new Set(alike.map(({ label }) => label))].join(', ')})`,
  );
  if (named.length > 0)
    notes.push(
      `Chosen at an end of its list: ${named.join(', ')}. Better values may lie beyond: list more.${search?.crossFit ? ' Until then gains of these models, and over them, are undecided.' : ''}`,
    );
  return notes;
}

/**
 * What cross-fitting found of a model: the tasks for which seeds chose different values, and those for which some seed
 * chose at an end of a grid's list, where the best may lie beyond.
 */
export function crossFitted(
  search: SearchRecord,
  { candidates }: ModelSearch,
): Pick<ComparedModel, 'mixed' | 'atEdge'> {
  if (!search.crossFit) return {};
  const tried = candidates.map(({ values }) => values);
  const chosen = candidates.flatMap(({ chosenFor }) => chosenFor);
  const mixed = [...new Set(chosen.filter((task, index) => chosen.indexOf(task) !== index))];
  const ends = candidates.filter(({ values }) => search.type === 'grid' && keysAtEdges(values, tried).length > 0);
  const atEdge = [...new Set(ends.flatMap(({ chosenFor }) => chosenFor))];
  return { ...(mixed.length > 0 ? { mixed } : {}), ...(atEdge.length > 0 ? { atEdge } : {}) };
}

/** The keys whose chosen number is the smallest or the largest that was tried, of numbers above 0. */
export function keysAtEdges(chosen: AxisPoint, tried: readonly AxisPoint[]): readonly string[] {
  return Object.entries(chosen).flatMap(([key, value]) => {
    const values = [...new Set(tried.map((candidate) => candidate[key]))];
    const numbers = values.filter((number): number is number => typeof number === 'number' && number > 0);
    if (numbers.length < values.length || numbers.length < 2) return [];
    return value === Math.min(...numbers) || value === Math.max(...numbers) ? [key] : [];
  });
}
