import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { bestSoFar } from '../../training/best-so-far.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { readResult } from '../../training/stored-result.js';
import type { ComparisonRow, ModelSearch, SearchCandidate, SearchRecord, SearchRung } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import type { Choice, Chosen } from '../plan/decided-changes.js';
import { placeRuns, type Run, type Wanted } from '../plan/run.js';
import { type Candidate, type Place, sizeOfRung } from './candidates.js';
import { beyondEdges } from './edges.js';
import { choices, meanScores, noValues, rankings, type Tried, validationScores } from './ranking.js';

/**
 * The search of all models and points. What it has found is read from its runs' folders, so that a later process goes
 * on with it.
 */
export interface Search {
  /** Contains the runs' folders. */
  readonly folder: string;
  readonly places: readonly SearchedPlace[];
  /** All candidates under all seeds. */
  readonly runs: readonly Run[];
  /**
   * The runs of a rung, from 0, when those before it have ended; none after the last rung. Random search has one. A grid
   * has one, and one for each time that it is extended. Ask for them in their order.
   * @throws UserError if every candidate of a model failed.
   */
  rung(index: number): Promise<readonly Run[]>;
  /** When its last rung has ended. @throws UserError if every candidate of a model failed. */
  readonly chosen: Chosen;
  /** When its last rung has ended: all that was tried, from the runs' folders. Undefined if nothing was searched. */
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

/** Finds or names the folders of all runs, below the comparison's folder. */
export async function planSearch(
  config: ComparisonConfig,
  given: readonly Place[],
  folder: string,
  on: Parameters<typeof placeRuns>[3],
  extend: Extend,
  signal?: AbortSignal,
): Promise<Search> {
  const below = join(folder, 'tuning');
  const eta = config.search.type === 'halving' ? config.search.eta : 1;
  const placeOf = (label: string, point: AxisPoint): SearchedPlace | undefined =>
    searched.find((one) => one.label === label && pointKey(one.point) === pointKey(point));
  let searched = await placed(given);
  let extensions = 0;

  /** With the runs of each candidate. */
  async function placed(places: readonly Place[]): Promise<readonly SearchedPlace[]> {
    const wanted = places.flatMap((place) => tuningRuns(place, config.tuneSeeds));
    const runs = await placeRuns(config, wanted, below, on, signal);
    let taken = 0;
    return places.map((place) => {
      const candidates = place.candidates.map((candidate) => {
        taken += config.tuneSeeds.length;
        return { ...candidate, runs: runs.slice(taken - config.tuneSeeds.length, taken) };
      });
      const reference: Reference = (rung) =>
        config.tuneScore === 'worst' ? placeOf(config.baseline, place.point)?.bestScores(rung) : undefined;
      const isBaseline = place.label === config.baseline;
      return searchedPlace({ ...place, candidates, reference }, below, eta, isBaseline ? () => undefined : reference);
    });
  }

  /** After a grid has ended: candidates beyond the edges at which a model has chosen. */
  async function extended(): Promise<readonly Run[]> {
    const places = await Promise.all(
      searched.map(async (place): Promise<Place> => {
        const tried = place.candidates.map(({ values }) => values);
        const beyond = (chosen(place.label, place.point) ?? []).flatMap(({ values }) => beyondEdges(values, tried));
        const found =
          beyond.length === 0
            ? []
            : await extend(place, [...new Map(beyond.map((one) => [JSON.stringify(one), one])).values()]);
        return { ...place, candidates: [...place.candidates, ...found] };
      }),
    );
    const before = new Set(
      searched.flatMap(({ candidates }) => candidates.flatMap(({ runs }) => runs.map(({ folder }) => folder))),
    );
    searched = await placed(places);
    return searched.flatMap(({ candidates }) =>
      candidates.flatMap(({ runs }) =>
        runs.flatMap((run) => (before.has(run.folder) ? [] : [atRung(run, undefined, below)])),
      ),
    );
  }

  return {
    folder: below,
    get places() {
      return searched;
    },
    get runs() {
      return searched.flatMap(({ candidates }) => candidates.flatMap(({ runs }) => runs));
    },
    async rung(index) {
      const { search } = config;
      if (search.type === 'grid' && index > extensions && extensions < search.extend) {
        extensions++;
        return extended();
      }
      return searched.flatMap((place) => {
        if (index >= place.rungCount) return [];
        const members = union(place.members(index));
        return members.flatMap((candidate) =>
          (place.candidates[candidate]?.runs ?? []).map((run) => atRung(run, place.rungs?.[index], below)),
        );
      });
    },
    chosen,
    record() {
      const { search, tuneSeeds: seeds } = config;
      const budget = ('budget' in search ? search.budget : undefined) ?? null;
      const models = searched.map((place) => recordOf(place, chosen(place.label, place.point) ?? [], below));
      return models.length === 0 ? undefined : { type: search.type, budget, seeds, models };
    },
  };

  function chosen(label: string, point: AxisPoint): readonly Choice[] | undefined {
    const place = placeOf(label, point);
    if (!place) return undefined;
    const best = place.ranked(place.rungCount - 1).map(([first = -1]) => place.candidates[first]?.values ?? {});
    return choices(place.groups, best);
  }
}

/** Each candidate with each seed of the search. These runs are not reported. */
export function tuningRuns({ label, point, candidates }: Place, seeds: readonly number[]): readonly Wanted[] {
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
  const indexOf = new Map(candidates.map(({ values }, index) => [values, index]));
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
        const index = indexOf.get(values);
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

/** The run, with its state: in a rung of halving it has finished when it is trained so far. */
function atRung(run: Run, until: number | undefined, folder: string): Run {
  const path = join(folder, run.folder);
  if (until === undefined) return { ...run, state: isFinished(path) ? 'finished' : 'planned' };
  return { ...run, until, state: bestSoFar(path, run.experiment, until).isTrained ? 'finished' : 'planned' };
}

function union(groups: readonly (readonly number[])[]): readonly number[] {
  return [...new Set(groups.flat())].toSorted((a, b) => a - b);
}

function recordOf(place: SearchedPlace, choices: readonly Choice[], folder: string): ModelSearch {
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
