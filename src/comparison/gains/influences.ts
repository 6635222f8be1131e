import { createHash } from 'node:crypto';
import { DataError } from '../../support/errors.js';
import { type EvaluatedRun, isTrained } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import { type JudgedTask, testValue } from './judged-task.js';

/** What each test row of a run adds to the errors of its values. */
export interface Influences {
  /**
   * Of each row; where the data name groups, the sum over each group at its first row. Null: the metric has none for
   * these rows.
   */
  readonly ofTasks: readonly (Float64Array | null)[];
  readonly drawn: 'rows' | 'groups';
}

/** A run whose predictions are read when they are needed, since they are large. */
export interface ReadRun {
  readonly testSet: string;
  /** @throws DataError without predictions, or if its rows are not those of its test set. */
  influences(): Promise<Influences>;
  /** Null: they were not kept, or were made elsewhere. */
  predictions(): Promise<readonly TaskPredictions[] | null>;
}

/** Equal for runs tested on the same rows. */
function testSetKey({ result: { dataset } }: EvaluatedRun): string {
  return `${dataset.checksum} ${Object.values(dataset.rows).join(' ')}`;
}

/**
 * Makes one reader for each run, however many models have it. Of each test set, the rows of the first run that is read
 * are those that all others must have.
 */
export function runReaders(tasks: readonly JudgedTask[]): (run: EvaluatedRun) => ReadRun {
  const checkRows = rowsChecker();
  const readers = new Map<string, ReadRun>();
  const read = async (run: EvaluatedRun): Promise<Influences> => {
    const predictions = await readPredictions(run);
    const ofTasks = tasks.map((task) => {
      const predicted = predictions.find((one) => one.task.name === task.name);
      if (!predicted) return null;
      checkRows({ ...task, run, predicted });
      return influencesOn({ ...task, run, predicted });
    });
    return { ofTasks, drawn: predictions[0]?.scores.groups ? 'groups' : 'rows' };
  };
  return (run) => {
    const reader = readers.get(run.path) ?? {
      testSet: testSetKey(run),
      influences: () => read(run),
      predictions: async () => (run.hasPredictions && isTrained(run) ? run.predictions() : null),
    };
    readers.set(run.path, reader);
    return reader;
  };
}

function readPredictions(run: EvaluatedRun): ReturnType<EvaluatedRun['predictions']> {
  if (run.hasPredictions) return run.predictions();
  throw new DataError(
    `${run.path} has no predictions.arrow, which errors over test rows need: delete the folder and train it again with predictions, or use uncertainty seeds.`,
  );
}

interface ReadTask extends JudgedTask {
  readonly run: EvaluatedRun;
  readonly predicted: TaskPredictions;
}

/** @returns what throws a DataError for a task whose rows are not those of the first run with its test set */
function rowsChecker(): (task: ReadTask) => void {
  const firsts = new Map<string, { readonly path: string; readonly rows: string }>();
  return ({ run, name, predicted }) => {
    const key = JSON.stringify([name, testSetKey(run)]);
    const rows = labelHash(predicted);
    const first = firsts.get(key) ?? { path: run.path, rows };
    firsts.set(key, first);
    if (rows !== first.rows)
      throw new DataError(
        `${first.path} and ${run.path} were tested on different rows of task '${name}': errors over test rows need the same rows in the same order.`,
      );
  };
}

/** Null: the metric has none for these rows. */
function influencesOn({ run, predicted: { task, scores }, ...judged }: ReadTask): Float64Array | null {
  const rows = hasOneGroup(scores) ? null : judged.metric.influence?.(task, scores);
  if (!rows) return null;
  const slope = turnedSlope(judged, testValue(run, judged.name, judged.metric));
  return summedByGroup(rows, scores.groups).map((value) => slope * value);
}

/** The slope of `turned` at the run's value. */
function turnedSlope({ metric, inLogPoints }: JudgedTask, value: number | null): number {
  return (inLogPoints ? 100 / (value ?? 1) : 1) * (metric.better === 'lower' ? -1 : 1);
}

/** A digest of labels, masks and weights. A label outside the sample space may be anything. */
function labelHash({ scores: { labels, mask } }: TaskPredictions): string {
  const labelled = Float64Array.from(labels, (label, row) => ((mask[row] ?? 0) === 0 ? 0 : label));
  return createHash('sha256').update(labelled).update(Float64Array.from(mask)).digest('hex');
}

/** One group says nothing of others. */
function hasOneGroup({ groups, mask }: TaskPredictions['scores']): boolean {
  return groups !== undefined && new Set(groups.filter((_, row) => (mask[row] ?? 0) > 0)).size < 2;
}

/** If the data name groups (users), these are drawn instead of rows: the sum over each, at its first row. */
function summedByGroup(rows: Float64Array, groups: Int32Array | undefined): Float64Array {
  if (!groups) return rows;
  const sums = new Float64Array(rows.length);
  const firsts = new Map<number, number>(); // first row by group
  for (const [row, value] of rows.entries()) {
    const group = groups[row] ?? 0;
    const first = firsts.get(group) ?? row;
    if (first === row) firsts.set(group, row);
    sums[first] = (sums[first] ?? 0) + value;
  }
  return sums;
}
