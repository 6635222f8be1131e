import { join } from 'node:path';
import type { ComparisonConfig } from '../../config/comparison.js';
import { bestSoFar } from '../../training/best-so-far.js';
import type { ModelSearch, SearchCandidate, SearchRecord, SearchRung } from '../comparison.js';
import { type Choice, validationScores } from './ranking.js';
import type { Search, SearchedPlace } from './search.js';

/** All that a finished search tried, from its runs' folders. Undefined if nothing was searched. */
export function searchRecord(config: ComparisonConfig, search: Search): SearchRecord | undefined {
  if (search.places.length === 0) return undefined;
  return {
    type: config.search.type,
    budget: ('budget' in config.search ? config.search.budget : undefined) ?? null,
    seeds: config.tuneSeeds,
    models: search.places.map((place) =>
      modelSearch(place, search.chosen(place.label, place.point) ?? [], search.folder),
    ),
  };
}

function modelSearch(place: SearchedPlace, choices: readonly Choice[], folder: string): ModelSearch {
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
