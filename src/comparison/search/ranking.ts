import type { AxisPoint } from '../../config/comparison.js';
import { selectionScore, type TaskMetrics } from '../../metrics/evaluate.js';
import { UserError } from '../../support/errors.js';
import { groupedBy } from '../../support/grouped-by.js';
import type { Choice } from '../plan/decided-changes.js';
import type { Run } from '../plan/run.js';
import { mean } from '../statistics/variances.js';

/** A run of the search and its result. Without a result it failed. */
export interface Tried {
  readonly run: Pick<Run, 'label' | 'values'>;
  readonly result:
    | { readonly tasks: Readonly<Record<string, { readonly type: string; readonly validation: TaskMetrics }>> }
    | undefined;
}

/** Values, with the score that ranks them; none: a run failed, or lacks a score that another run has. */
export interface Ranked {
  readonly values: AxisPoint;
  readonly score: number | undefined;
}

/**
 * The values that are best for each group of tasks, in the order of the choices' first tasks; one choice if all tasks
 * agree.
 */
export function choices(groups: readonly (readonly string[])[], best: readonly AxisPoint[]): readonly Choice[] {
  const alike = groupedBy(best.entries(), ([, values]) => values);
  return alike.map((entries) => ({
    values: entries[0][1],
    tasks: entries.flatMap(([group]) => groups[group] ?? []),
  }));
}

/**
 * For each group of tasks, all values, the best first, by the score that selects epochs, on the validation split: the
 * mean over tasks and seeds. Of equal values the first ranks first. Values rank last if a run failed or lacks a score
 * that another run has.
 *
 * Tasks that share no parameters choose separately, each by its own score, as if searched alone. A task without a score
 * in any run takes the values that are best for the others.
 * @param tried The search of one model at one point, in the order of its candidates.
 * @param groups The tasks that choose together.
 */
export function rankings(
  tried: readonly Tried[],
  groups: readonly (readonly string[])[],
): readonly (readonly Ranked[])[] {
  const all = groupedBy(tried, ({ run }) => run.values ?? {}).map((runs) => ({
    values: runs[0].run.values ?? {},
    scores: runs.map(({ result }) => validationScores(result)),
  }));
  const isScored = (task: string) => all.some(({ scores }) => scores.some((byTask) => byTask.has(task)));
  const scored = groups.flat().filter(isScored);
  return groups.map((group) => {
    const own = group.filter((task) => scored.includes(task));
    const judged = own.length > 0 ? own : scored;
    return all
      .map(({ values, scores }): Ranked => ({ values, score: rankingScore(scores, judged) }))
      .toSorted((a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || 0);
  });
}

/** The score that ranks the runs of some values. Undefined if one of them lacks a score. */
function rankingScore(runs: readonly ReadonlyMap<string, number>[], tasks: readonly string[]): number | undefined {
  const each = runs.flatMap((byTask) => tasks.map((task) => byTask.get(task)));
  const defined = each.filter((score) => score !== undefined);
  return defined.length === 0 || defined.length < each.length ? undefined : mean(defined);
}

export function noValues(tried: readonly Tried[]): UserError {
  const combinations = new Set(tried.map(({ run }) => JSON.stringify(run.values))).size;
  return new UserError(
    `Tuning of '${tried[0]?.run.label}' found no values: of each of the ${combinations} combinations a run failed or has no score on ` +
      'validation. See their log.jsonl, or try other values under compare.tune or compare.models.',
  );
}

/** Scores by task, for the tasks that have one. */
export function validationScores(result: Tried['result']): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const [name, { type, validation }] of Object.entries(result?.tasks ?? {})) {
    const score = selectionScore({ type }, validation);
    if (score !== null && Number.isFinite(score)) scores.set(name, score);
  }
  return scores;
}
