import { type Entry, type Pair, pairRuns } from './compared-runs.js';
import type { ComparisonRow } from './comparison.js';
import { type Differences, differencesOf, type JudgedTask } from './task-gain.js';

/** A model at a point: its runs, and how they differ from the baseline's. */
export interface Compared {
  readonly entry: Entry;
  /** Undefined: there is none at this point. */
  readonly baseline: Entry | undefined;
  /** Empty for the baseline itself. */
  readonly pairs: readonly Pair[];
  /** Task by task. */
  readonly differences: readonly Differences[];
}

/** All models at one point of the axes; entry by entry. */
export interface PointTable {
  readonly compared: readonly Compared[];
  readonly rows: readonly ComparisonRow[];
}

export function compareModel(entry: Entry, baseline: Entry | undefined, tasks: readonly JudgedTask[]): Compared {
  const pairs = baseline === undefined || entry === baseline ? [] : pairRuns(entry, baseline);
  return { entry, baseline, pairs, differences: tasks.map((task) => differencesOf(pairs, task)) };
}
