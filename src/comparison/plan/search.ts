import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ComparisonConfig } from '../../config/comparison.js';
import { bestSoFar } from '../../training/best-so-far.js';
import { readResult } from '../../training/result.js';
import { type Candidate, meanEpochs, type Place, sizeOfRung } from './candidates.js';
import { type Chosen, chooseValues, noValues, rankings, type Tried } from './decided-changes.js';
import { placeRuns, type Run, type Wanted } from './run.js';

/** The search of all models and points. What it has found is read from its runs' folders, so that a later process goes on with it. */
export interface Search {
  /** Contains the runs' folders. */
  readonly folder: string;
  readonly places: readonly SearchedPlace[];
  /** All candidates under all seeds. */
  readonly runs: readonly Run[];
  /**
   * The runs of a rung, from 0, when those before it have ended; none after the last rung. Grid and random search have one.
   * @throws UserError if every candidate of a model failed in the rung before.
   */
  rung(index: number): readonly Run[];
  /** When its last rung has ended. @throws UserError if every candidate of a model failed. */
  readonly chosen: Chosen;
}

export interface SearchedPlace extends Omit<Place, 'candidates'> {
  readonly candidates: readonly (Candidate & { readonly runs: readonly Run[] })[];
  readonly rungCount: number;
  /** Of a run, in the mean over candidates and at most. */
  readonly meanEpochs: number;
  /** By group of tasks, the candidates that a rung ranks for it. The rungs before it must have ended. */
  members(rung: number): readonly (readonly number[])[];
  /** The runs of these candidates as they were at the end of a rung. */
  tried(rung: number, candidates: readonly number[]): readonly (Tried & { readonly run: Run })[];
}

/** Finds or names the folders of all runs, below the comparison's folder. */
export async function planSearch(
  config: ComparisonConfig,
  places: readonly Place[],
  folder: string,
  on: Parameters<typeof placeRuns>[3],
  signal?: AbortSignal,
): Promise<Search> {
  const below = join(folder, 'tuning');
  const wanted = places.flatMap((place) => tuningRuns(place, config.tuneSeeds));
  const runs = await placeRuns(config, wanted, below, on, signal);
  const eta = config.search.type === 'halving' ? config.search.eta : 1;
  let taken = 0;
  const searched = places.map((place) => {
    const candidates = place.candidates.map((candidate) => {
      taken += config.tuneSeeds.length;
      return { ...candidate, runs: runs.slice(taken - config.tuneSeeds.length, taken) };
    });
    return searchedPlace({ ...place, candidates }, below, eta);
  });
  return {
    folder: below,
    places: searched,
    runs,
    rung: (index) =>
      searched.flatMap((place) => {
        if (index >= place.rungCount) return [];
        const members = union(place.members(index));
        return members.flatMap((candidate) =>
          (place.candidates[candidate]?.runs ?? []).map((run) => atRung(run, place.rungs?.[index], below)),
        );
      }),
    chosen(label, point) {
      const place = searched.find((one) => one.label === label && JSON.stringify(one.point) === JSON.stringify(point));
      if (!place) return undefined;
      const members = place.members(place.rungCount - 1);
      const own = members.map((group) => new Set(group.map((index) => place.candidates[index]?.values)));
      return chooseValues(
        place.tried(place.rungCount - 1, union(members)),
        place.groups,
        (group, values) => own[group]?.has(values) === true,
      );
    },
  };
}

/** Each candidate with each seed of the search. These runs are not reported. */
export function tuningRuns({ label, point, candidates }: Place, seeds: readonly number[]): readonly Wanted[] {
  return candidates.flatMap(({ values, changes }) => seeds.map((seed) => ({ label, point, seed, values, changes })));
}

function searchedPlace(place: Place & Pick<SearchedPlace, 'candidates'>, folder: string, eta: number): SearchedPlace {
  const { candidates, groups, rungs } = place;
  const every = candidates.map((_, index) => index);
  const indexOf = new Map(candidates.map(({ values }, index) => [values, index]));
  const byRung: (readonly (readonly number[])[])[] = [groups.map(() => every)];
  return { ...place, rungCount: rungs?.length ?? 1, meanEpochs: meanEpochs(place, eta), members, tried };

  function members(rung: number): readonly (readonly number[])[] {
    const known = byRung[rung];
    if (known) return known;
    const before = members(rung - 1);
    const all = tried(rung - 1, union(before));
    const kept = rankings(all, groups).map((ranking, group) => {
      const own = new Set(before[group]);
      const ranked = ranking.flatMap(({ values, score }) => {
        const index = indexOf.get(values);
        return score !== undefined && index !== undefined && own.has(index) ? [index] : [];
      });
      if (ranked.length === 0) throw noValues(all);
      return ranked.slice(0, sizeOfRung(candidates.length, eta, rung)).toSorted((a, b) => a - b);
    });
    byRung[rung] = kept;
    return kept;
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
  if (until === undefined) return { ...run, state: existsSync(join(path, 'result.json')) ? 'finished' : 'planned' };
  return { ...run, until, state: bestSoFar(path, run.experiment, until).isTrained ? 'finished' : 'planned' };
}

function union(groups: readonly (readonly number[])[]): readonly number[] {
  return [...new Set(groups.flat())].toSorted((a, b) => a - b);
}
