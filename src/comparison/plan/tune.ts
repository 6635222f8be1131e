import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { selectionScore } from '../../metrics/score.js';
import { UserError } from '../../support/errors.js';
import type { Result } from '../../training/result.js';
import { mean } from '../statistics/gain-error.js';
import type { Run, Wanted } from './run.js';

/** A run of the search, and what came of it; no result: it failed. */
interface Tried {
  readonly run: Pick<Run, 'label' | 'values'>;
  readonly result: Pick<Result, 'tasks'> | undefined;
}

/** Values, and the tasks that take them. */
export interface Choice {
  readonly tasks: readonly string[];
  readonly values: AxisPoint;
}

/**
 * The search of one model at one point: each combination of its values under each of the search's seeds, none of which is reported. None
 * where there is only one combination.
 * @param changesWith Further changes of a run with these values, such as widths matched with them; default: the values alone.
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
 * The best values by the score that epochs are selected by, on the validation split: the mean over tasks and seeds; of equal ones the
 * first. A run that failed, or has no score where another has one, makes its values the worst.
 *
 * Tasks that share no parameters choose apart, each by its own score, as if each were searched alone. A task without a score in any run takes
 * the values that are best for the others.
 * @param tried The search of one model at one point, in the order of `tuningRuns`.
 * @param independent Whether the tasks share no parameters.
 * @returns The choices in the order of their first tasks; one where all tasks choose alike.
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

/** By task, of those that have one. */
function validationScores(result: Pick<Result, 'tasks'> | undefined): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const [name, { type, validation }] of Object.entries(result?.tasks ?? {})) {
    const score = selectionScore({ type }, validation);
    if (score !== null && Number.isFinite(score)) scores.set(name, score);
  }
  return scores;
}
