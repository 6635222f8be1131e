import { pickType } from '../config/compare-schema.js';
import type { ComparisonConfig } from '../config/comparison.js';
import { groupedBy } from '../support/json.js';
import type { ModelSearch, SearchRecord } from './comparison.js';
import { mean } from './statistics/variances.js';
import { type Entry, hasTask } from './stored/entry.js';

/**
 * The rows that pick each task from models, by the score that selects epochs: a seed is judged with the model that is
 * best for the other seeds, and the model that is best for all seeds is served.
 * @param rows of the models
 * @param search Of picks it is cross-fitted, and has all models.
 */
export function pickEntries(
  { picks }: Pick<ComparisonConfig, 'picks'>,
  rows: readonly Entry[],
  search: Pick<SearchRecord, 'seeds' | 'models'> | undefined,
): readonly Entry[] {
  const { seeds, models } = search ?? { seeds: [], models: [] };
  return groupedBy(models, ({ point }) => point).flatMap((atPoint) =>
    picks.map(({ label, of }) => {
      const [{ point, groups }] = atPoint;
      const candidates = of.flatMap((name) => atPoint.filter((model) => model.label === name));
      const picked = groups.flat().map((task) => {
        const best = (judged?: number) => {
          const scores = candidates.map((model) => mean(scoresOf(model, task, judged)));
          return candidates[scores.indexOf(Math.max(...scores.filter(Number.isFinite)))]?.label ?? null;
        };
        return { task, served: best(), bySeed: Object.fromEntries(seeds.map((seed) => [seed, best(seed)])) };
      });
      const runs = picked.flatMap(({ task, served }) => {
        const row = rows.find((one) => one.label === served && one.point === point);
        return (row?.runs ?? []).flatMap((run) => (hasTask(run, task) ? { ...run, tasks: [task] } : []));
      });
      return { label, type: pickType, point, runs, decided: { picked } };
    }),
  );
}

/**
 * The validation scores of a model. NaN: a run has none.
 * @param judged Of its values under this seed, the scores of the other seeds. Undefined: the scores of its reported runs.
 */
function scoresOf({ candidates }: ModelSearch, task: string, judged?: number): readonly number[] {
  const runs = candidates.flatMap((candidate) => {
    const reported = candidate.runs.filter(({ chosenFor }) => chosenFor?.includes(task));
    if (judged === undefined) return reported;
    return reported.some(({ seed }) => seed === judged) ? candidate.runs.filter(({ seed }) => seed !== judged) : [];
  });
  return runs.map(({ scores }) => scores[task] ?? Number.NaN);
}
