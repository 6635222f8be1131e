import type { TaskGain, Verdict } from '../comparison.js';

/** Below this adjusted p-value a difference is called one. */
const level = 0.05;

/** With fewer pairs than this, errors over seeds are too uncertain for a verdict. */
export const fewestPairs = 5;

/** On one task; null if there is no test. */
export function taskVerdict(gain: number | null, pHolm: number | null): TaskGain['verdict'] {
  if (gain === null || pHolm === null) return null;
  if (pHolm >= level) return 'no difference seen';
  return gain > 0 ? 'better' : 'worse';
}

/**
 * Over all tasks. Where a task has no verdict, only a seesaw between others is certain: every other verdict would also say something
 * of that task, and is null.
 */
export function rowVerdict(tasks: readonly TaskGain['verdict'][]): Verdict | null {
  const better = tasks.filter((verdict) => verdict === 'better').length;
  const worse = tasks.includes('worse');
  if (better > 0 && worse) return 'seesaw';
  if (tasks.length === 0 || tasks.includes(null)) return null;
  if (worse) return 'worse';
  if (better === tasks.length) return 'better on all';
  return better > 0 ? 'better on some' : 'no difference seen';
}
