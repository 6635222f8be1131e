import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { bestSoFar } from '../../training/best-so-far.js';
import { readResult } from '../../training/stored-result.js';
import type { ComparisonRow, ModelSearch, SearchCandidate, SearchRecord, SearchRung } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import type { Choice, Chosen } from '../plan/decided-changes.js';
import { asItIs, type Cell, type PlaceRuns, type Run, unfinished } from '../plan/run.js';
import { type Candidate, type Place, sizeOfRung } from './candidates.js';
import { beyondEdges } from './edges.js';
import { choices, meanScores, noValues, rankings, type Tried, validationScores } from './ranking.js';

/** The search of all models and points, as far as its runs' folders have it. */
export interface Search {
  readonly places: readonly SearchedPlace[];
  /** All candidates under all seeds. */
  readonly runs: readonly Run[];
  /** All runs of the first rung with a run that has not ended. Random search and a grid have one rung. Empty: it has ended. */
  readonly next: readonly Run[];
  /** Once it has ended. @throws UserError if every candidate of a model failed. */
  readonly chosen: Chosen;
  /** Once it has ended: all that was tried. Undefined if nothing was searched. */
  record(): SearchRecord | undefined;
}

/**
 * By task, the scores of the baseline's best candidates at the end of a rung; undefined where trials are chosen by the
 * mean.
 */
type Reference = (rung: number) => ReadonlyMap<string, number> | undefined;

interface SearchedPlace extends Omit<Place, 'candidates'> {
  readonly candidates: readonly (Candidate & { readonly runs: readonly Run[] })[];
  readonly rungCount: number;
  /** By group of tasks, the candidates that a rung ranks for it. The rungs before it must have ended. */
  members(rung: number): readonly (readonly number[])[];
  /**
   * By group, the candidates with a score at the end of a rung, the best first. If every member of the rung failed:
   * those of the rung before, without candidates that have failed since.
   * @throws UserError if every candidate failed.
   */
  ranked(rung: number): readonly (readonly number[])[];
  /** The runs of these candidates as they were at the end of a rung. */
  tried(rung: number, candidates: readonly number[]): readonly (Tried & { readonly run: Run })[];
  /** By task, the scores of the best candidate for its group, at the last rung up to this one that it came to. */
  bestScores(rung: number): ReadonlyMap<string, number>;
  /** What gains are over. */
  readonly reference: Reference;
}

/** What a search needs to try further values of a model. */
export type Extend = (place: Place, settings: readonly AxisPoint[]) => Promise<readonly Candidate[]>;

interface SearchOptions {
  /** Of its runs. */
  readonly folder: string;
  readonly failed: ReadonlySet<string>;
  readonly place: PlaceRuns;
  readonly extend: Extend;
}

/** Reads how far a search is. A grid is extended, a few times, when it has ended with a choice at an edge. */
export async function readSearch(
  config: ComparisonConfig,
  places: readonly Place[],
  options: SearchOptions,
): Promise<Search> {
  const { folder, failed, place, extend } = options;
  const { search, tuneSeeds } = config;
  let [extensions, found] = [search.type === 'grid' ? search.extend : 0, await buildSearch(places)];
  while (found.next.length === 0 && extensions-- > 0) found = await buildSearch(await extended(found));
  return found;

  async function buildSearch(given: readonly Place[]): Promise<Search> {
    const runs = await place(
      given.flatMap((one) => tuningRuns(one, tuneSeeds)),
      folder,
      failed,
    );
    const searched = withRuns(config, given, runs, folder);
    const chosen: Chosen = (label, point) => {
      const one = searched.find(isAt(label, point));
      if (!one) return undefined;
      const best = one.ranked(one.rungCount - 1).map(([first = -1]) => one.candidates[first]?.values ?? {});
      return choices(one.groups, best);
    };
    return {
      places: searched,
      runs,
      next: openRung(searched, options),
      chosen,
      record() {
        const budget = ('budget' in search ? search.budget : undefined) ?? null;
        const models = searched.map((one) => recordSearch(one, chosen(one.label, one.point) ?? [], folder));
        return models.length === 0 ? undefined : { type: search.type, budget, seeds: tuneSeeds, models };
      },
    };
  }

  /** With candidates beyond the edges at which a model has chosen. */
  function extended({ places: searched, chosen }: Search): Promise<readonly Place[]> {
    return Promise.all(
      searched.map(async (one): Promise<Place> => {
        const tried = one.candidates.map(({ values }) => values);
        const beyond = (chosen(one.label, one.point) ?? []).flatMap(({ values }) => beyondEdges(values, tried));
        const settings = [...new Map(beyond.map((values) => [JSON.stringify(values), values])).values()];
        const further = settings.length === 0 ? [] : await extend(one, settings);
        return { ...one, candidates: [...one.candidates, ...further] };
      }),
    );
  }
}

function isAt(label: string, point: AxisPoint): (place: Place) => boolean {
  return (place) => place.label === label && pointKey(place.point) === pointKey(point);
}

/** @param runs Of all candidates in their order. */
function withRuns(
  { search, tuneSeeds, tuneScore, baseline }: ComparisonConfig,
  places: readonly Place[],
  runs: readonly Run[],
  folder: string,
): readonly SearchedPlace[] {
  const eta = search.type === 'halving' ? search.eta : 1;
  let taken = 0;
  const searched = places.map((place): SearchedPlace => {
    const candidates = place.candidates.map((one) => {
      const own = runs.slice(taken, taken + tuneSeeds.length);
      taken += tuneSeeds.length;
      return { ...one, runs: own };
    });
    const reference: Reference = (rung) =>
      tuneScore === 'worst' ? searched.find(isAt(baseline, place.point))?.bestScores(rung) : undefined;
    const rankedOver = place.label === baseline ? () => undefined : reference;
    return searchedPlace({ ...place, candidates, reference }, folder, eta, rankedOver);
  });
  return searched;
}

/** The runs of a rung may depend on all runs of the rungs before it. */
function openRung(places: readonly SearchedPlace[], { folder, failed }: SearchOptions): readonly Run[] {
  const rungs = Math.max(0, ...places.map(({ rungCount }) => rungCount));
  for (let rung = 0; rung < rungs; rung++) {
    const runs = places.flatMap(({ rungCount, rungs, candidates, members }) => {
      const until = rungs?.[rung];
      const own = rung < rungCount ? union(members(rung)).flatMap((index) => candidates[index]?.runs ?? []) : [];
      return until === undefined ? own : own.map((run) => asItIs({ ...run, until }, folder, failed));
    });
    if (unfinished(runs).length > 0) return runs;
  }
  return [];
}

/** Each candidate with each seed of the search. These runs are not reported. */
export function tuningRuns({ label, point, candidates }: Place, seeds: readonly number[]): readonly Cell[] {
  return candidates.flatMap(({ values, changes }) => seeds.map((seed) => ({ label, point, seed, values, changes })));
}

/** @param rankedOver What gains are over that rank candidates. Those of the baseline are ranked by their scores. */
function searchedPlace(
  place: Place & Pick<SearchedPlace, 'candidates' | 'reference'>,
  folder: string,
  eta: number,
  rankedOver: Reference,
): SearchedPlace {
  const { candidates, groups, rungs } = place;
  const every = candidates.map((_, index) => index);
  const indexByValues = new Map(candidates.map(({ values }, index) => [values, index]));
  const byRung: (readonly (readonly number[])[])[] = [groups.map(() => every)];
  const bests: ReadonlyMap<string, number>[] = [];
  const rungCount = rungs?.length ?? 1;
  return { ...place, rungCount, members, ranked, tried, bestScores };

  function members(rung: number): readonly (readonly number[])[] {
    const size = sizeOfRung(candidates.length, eta, rung);
    byRung[rung] ??= ranked(rung - 1).map((best) => best.slice(0, size).toSorted((a, b) => a - b));
    return byRung[rung];
  }

  function ranked(rung: number): readonly (readonly number[])[] {
    return groups.map((_, group) => {
      const failed = new Set<number>();
      for (let at = rung; at >= 0; at--) {
        const best = rankedAt(at)[group]?.filter((index) => !failed.has(index)) ?? [];
        if (best.length > 0) return best;
        for (const index of members(at)[group] ?? []) failed.add(index);
      }
      throw noValues(tried(0, every));
    });
  }

  /** By group, the members of a rung that have a score, the best first. */
  function rankedAt(rung: number): readonly (readonly number[])[] {
    const own = members(rung).map((group) => new Set(group));
    return rankings(tried(rung, union(members(rung))), groups, rankedOver(rung)).map((ranking, group) =>
      ranking.flatMap(({ values, score }) => {
        const index = indexByValues.get(values);
        return score !== undefined && index !== undefined && own[group]?.has(index) ? [index] : [];
      }),
    );
  }

  function bestScores(rung: number): ReadonlyMap<string, number> {
    bests[rung] ??= new Map(
      ranked(rung).flatMap(([best = -1], group) => {
        for (let at = rung; at >= 0; at--) {
          const scores = meanScores(tried(at, [best]).map(({ result }) => validationScores(result)));
          if (scores.size > 0) return [...scores].filter(([task]) => groups[group]?.includes(task));
        }
        return [];
      }),
    );
    return bests[rung];
  }

  function tried(rung: number, chosen: readonly number[]) {
    return chosen.flatMap((index) =>
      (candidates[index]?.runs ?? []).map((run) => ({ run, result: resultAt(run, rungs?.[rung], folder) })),
    );
  }
}

function resultAt(run: Run, until: number | undefined, folder: string): Tried['result'] {
  const path = join(folder, run.folder);
  if (until === undefined) return readResult(path);
  const found = bestSoFar(path, run.experiment, until);
  return found.isTrained ? found : undefined;
}

function union(groups: readonly (readonly number[])[]): readonly number[] {
  return [...new Set(groups.flat())].toSorted((a, b) => a - b);
}

function recordSearch(place: SearchedPlace, choices: readonly Choice[], folder: string): ModelSearch {
  const { label, point, groups, rungs } = place;
  const members = Array.from({ length: place.rungCount }, (_, rung) => place.members(rung));
  const candidates = place.candidates.map(({ values, costs }, index): SearchCandidate => {
    const trained = new Map<number, number>(); // epochs by seed
    const entries = members.flatMap((byGroup, rung): SearchRung[] => {
      const own = groups.flatMap((tasks, group) =>
        byGroup[group]?.includes(index) ? [{ tasks, cost: costs[group] ?? 0 }] : [],
      );
      const goesOn = members.slice(rung).some((later) => later.some((group) => group.includes(index)));
      if (own.length === 0) return goesOn ? [{ tasks: [], spent: 0, runs: [] }] : [];
      const cost = own.reduce((sum, group) => sum + group.cost, 0);
      let spent = 0;
      const runs = place.tried(rung, [index]).map(({ run, result }) => {
        const scores = validationScores(result);
        const until = rungs?.[rung] ?? run.experiment.train.epochs;
        const { epochs } = bestSoFar(join(folder, run.folder), run.experiment, until);
        spent += cost * (epochs - (trained.get(run.seed) ?? 0));
        trained.set(run.seed, epochs);
        return {
          seed: run.seed,
          path: run.folder,
          epochs,
          trained: result !== undefined,
          scores: Object.fromEntries(groups.flat().map((task) => [task, scores.get(task) ?? null])),
        };
      });
      return [{ tasks: own.flatMap(({ tasks }) => tasks), spent, runs }];
    });
    const chosen = choices.filter((choice) => choice.values === values).flatMap(({ tasks }) => tasks);
    return { values, cost: costs.reduce((sum, part) => sum + part, 0), rungs: entries, chosenFor: chosen };
  });
  const reference = place.reference(place.rungCount - 1);
  return {
    label,
    axis: point,
    groups,
    rungs,
    ...(reference ? { reference: Object.fromEntries(reference) } : {}),
    candidates,
  };
}

/**
 * Notes on searches of different sizes. A budget is the same for every model that is searched, whatever the number of
 * its combinations.
 */
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
