import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { readResult } from '../../training/stored-result.js';
import type { ComparisonRow, ModelSearch, SearchCandidate, SearchRecord } from '../comparison.js';
import { axisName, axisValue, pointKey } from '../plan/axis-point.js';
import type { Choice, Chosen } from '../plan/decided-changes.js';
import { type Cell, type PlaceRuns, type Run, unfinished } from '../plan/run.js';
import type { Candidate, Place } from './candidates.js';
import { keysAtEdges } from './edges.js';
import { choices, noValues, rankings, validationScores } from './ranking.js';

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

interface SearchedPlace extends Omit<Place, 'candidates'> {
  readonly candidates: readonly (Candidate & { readonly runs: readonly Run[] })[];
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
  const runs = await place(
    places.flatMap((one) => tuningRuns(one, tuneSeeds)),
    folder,
    failed,
  );
  const searched = withRuns(places, runs, tuneSeeds.length);
  const chosen: Chosen = (label, point) => {
    const one = searched.find((other) => other.label === label && pointKey(other.point) === pointKey(point));
    return one && choices(one.groups, bestValues(one, folder));
  };
  return {
    runs,
    next: unfinished(runs).length > 0 ? runs : [],
    chosen,
    record() {
      const models = searched.map((one) => recordSearch(one, chosen(one.label, one.point) ?? [], folder));
      return models.length === 0 ? undefined : { type: search.type, seeds: tuneSeeds, models };
    },
  };
}

/** @param runs Of all candidates in their order, under so many seeds each. */
function withRuns(places: readonly Place[], runs: readonly Run[], seeds: number): readonly SearchedPlace[] {
  let taken = 0;
  return places.map((place) => ({
    ...place,
    candidates: place.candidates.map((one) => {
      const own = runs.slice(taken, taken + seeds);
      taken += seeds;
      return { ...one, runs: own };
    }),
  }));
}

/** Each candidate with each seed of the search. These runs are not reported. */
export function tuningRuns({ label, point, candidates }: Place, seeds: readonly number[]): readonly Cell[] {
  return candidates.flatMap(({ values, changes }) => seeds.map((seed) => ({ label, point, seed, values, changes })));
}

/** By group of tasks. @throws UserError if every candidate failed. */
function bestValues({ candidates, groups }: SearchedPlace, folder: string): readonly AxisPoint[] {
  const tried = candidates.flatMap(({ runs }) =>
    runs.map((run) => ({ run, result: readResult(join(folder, run.folder)) })),
  );
  return rankings(tried, groups).map(([first]) => {
    if (first?.score === undefined) throw noValues(tried);
    return first.values;
  });
}

function recordSearch(place: SearchedPlace, choices: readonly Choice[], folder: string): ModelSearch {
  const { label, point, groups } = place;
  const candidates = place.candidates.map(({ values, runs }): SearchCandidate => {
    const entries = runs.map((run) => {
      const result = readResult(join(folder, run.folder));
      const scores = validationScores(result);
      return {
        seed: run.seed,
        path: run.folder,
        epochs: result?.epochs ?? 0,
        trained: result !== undefined,
        scores: Object.fromEntries(groups.flat().map((task) => [task, scores.get(task) ?? null])),
      };
    });
    const chosen = choices.filter((choice) => choice.values === values).flatMap(({ tasks }) => tasks);
    return { values, runs: entries, chosenFor: chosen };
  });
  return { label, axis: point, groups, candidates };
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
  const atEdges = new Map<string, Set<string>>(); // labels, by key and value
  for (const { label, candidates } of search?.type === 'grid' ? search.models : [])
    for (const { values } of candidates.filter(({ chosenFor }) => chosenFor.length > 0))
      for (const key of keysAtEdges(
        values,
        candidates.map((one) => one.values),
      )) {
        const text = `${axisName(key)} ${axisValue(values[key])}`;
        atEdges.set(text, (atEdges.get(text) ?? new Set()).add(label));
      }
  if (atEdges.size === 0) return unequal;
  const named = Array.from(atEdges, ([text, labels]) => `${text} (${[...labels].join(', ')})`).join(', ');
  return [...unequal, `Chosen at an end of its list: ${named}. Better values may lie beyond: list more.`];
}
