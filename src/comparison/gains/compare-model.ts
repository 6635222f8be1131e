import type { ComparisonRow, Contrast } from '../comparison.js';
import { type Entry, type Pair, pairRuns } from './compared-runs.js';
import { aggregateOf, type Differences, differencesOf, type JudgedTask } from './task-gain.js';

/** A model at a point, and how its runs differ from those of the reference: the baseline, or another model in a contrast. */
export interface Compared {
  readonly entry: Entry;
  /** Undefined: there is none at this point. */
  readonly reference: Entry | undefined;
  /** Empty for the reference itself. */
  readonly pairs: readonly Pair[];
  /** Task by task, then the aggregate over tasks. */
  readonly differences: readonly Differences[];
}

/** All models at one point of the axes; entry by entry. */
export interface PointTable {
  readonly compared: readonly Compared[];
  readonly rows: readonly ComparisonRow[];
  readonly contrasts: readonly Contrast[];
}

export function compareModel(
  entry: Entry,
  reference: Entry | undefined,
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): Compared {
  const pairs = reference === undefined || entry === reference ? [] : pairRuns(entry, reference);
  const ofTasks = tasks.map((task) => differencesOf(pairs, task));
  return { entry, reference, pairs, differences: [...ofTasks, aggregateOf(ofTasks, tasks, weights)] };
}
