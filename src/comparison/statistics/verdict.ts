import type { TaskVerdict, Verdict } from '../comparison.js';

/** With fewer runs of a model, errors over seeds are too uncertain for a verdict. */
export const fewestRuns = 3;

/**
 * The verdict on a task is "not trained to a plateau" if more than a fifth of a model's runs ended at the epoch limit,
 * still improving on it.
 */
export function isUnfinished(atLimit: number, runs: number): boolean {
  return atLimit > 0.2 * runs;
}

/**
 * The verdict on one task. A gain shown to be within the margin is equivalent, even if it is also shown to differ from
 * 0: it is too small to count. Without a test it is undecided.
 */
export function taskVerdict(
  gain: number,
  { pHolm, pEquivalent }: { readonly pHolm: number | null; readonly pEquivalent: number | null },
  level: number,
): TaskVerdict {
  if (pHolm === null) return 'undecided';
  if (pEquivalent !== null && pEquivalent < level) return 'equivalent';
  if (pHolm >= level) return 'undecided';
  return gain > 0 ? 'better' : 'worse';
}

/** The verdict over all tasks. Without any gain: undecided; tables print *no result*. */
export function rowVerdict(tasks: readonly (TaskVerdict | null)[]): Verdict {
  const having = (verdict: TaskVerdict) => tasks.filter((task) => task === verdict).length;
  if (having('better') > 0 && having('worse') > 0) return 'seesaw';
  if (having('worse') > 0) return 'worse';
  if (having('better') > 0) return having('better') === tasks.length ? 'better on all' : 'better on some';
  return tasks.length > 0 && having('equivalent') === tasks.length ? 'equivalent' : 'undecided';
}
