import { setImmediate } from 'node:timers/promises';
import type { Task } from '../data/dataset.js';
import { metrics } from '../metrics/catalogue.js';
import { evaluateTask, type TaskMetrics } from '../metrics/evaluate.js';
import { errorOverRows, intervalIfDefined, numberedGroups } from '../metrics/row-influence.js';
import type { TaskScores } from '../metrics/samples.js';
import { DataError } from '../support/errors.js';
import { must } from '../support/must.js';
import type { EncodedRows } from './score-rows.js';
import type { Slice, Slicing } from './slices.js';
import type { TrainedModel } from './trained-run.js';

type Interval = readonly [number, number] | null;

/** A task's metrics over some rows. */
export interface Measured {
  readonly type: Task['type'];
  readonly metrics: TaskMetrics;
  /** 95 % intervals of the metrics that have an error over rows. */
  readonly intervals: Readonly<Record<string, Interval>>;
}

/** A task's metrics over a slice. */
interface SliceMeasured extends Measured {
  /** By metric: the slice's value minus that of all rows. */
  readonly differences: Readonly<Record<string, { readonly value: number | null; readonly interval: Interval }>>;
}

/** What `ple evaluate --json` prints. */
export interface Evaluated {
  readonly schema: 1;
  /** The run's folder. */
  readonly run: string;
  readonly rows: number;
  /** The column whose values are the sampling units of the intervals. Absent: rows are. */
  readonly group?: string | undefined;
  readonly tasks: Readonly<Record<string, Measured>>;
  readonly slices: readonly (Slice & {
    readonly by: string;
    readonly tasks: Readonly<Record<string, SliceMeasured>>;
  })[];
}

/**
 * The tasks whose labels the rows have, by their place among the run's tasks.
 * @throws DataError if there is none; it names the columns.
 */
export function labelledTasks(
  { encoding }: TrainedModel,
  { source, labels }: Pick<EncodedRows, 'source' | 'labels'>,
): { readonly labelled: readonly number[]; readonly without: readonly string[] } {
  const labelled: number[] = [];
  const without: string[] = [];
  for (const [t, { name }] of encoding.tasks.entries()) {
    const { column = name, mask } = labels[name] ?? {};
    if (source.tasks.some((task) => task.name === name)) labelled.push(t);
    else without.push(`'${column}'${mask ? ` and '${mask.column}'` : ''} for task '${name}'`);
  }
  if (labelled.length > 0) return { labelled, without };
  throw new DataError(
    `The rows have no labels, so nothing can be evaluated; the columns would be ${without.join(', ')}.`,
  );
}

/**
 * Metrics over all rows and over each slice, with their 95 % intervals (docs/serving.md, `ple evaluate`). A metric that
 * needs a threshold uses that of the run's validation split.
 * @param scores of all tasks of the run
 */
export async function evaluateRows(
  run: TrainedModel,
  tasks: readonly Task[],
  scores: readonly TaskScores[],
  labelled: readonly number[],
  slicings: readonly Slicing[],
  signal?: AbortSignal,
): Promise<Evaluated> {
  const cut = slicings.map((slicing) => ({ ...slicing, rowsOf: rowsBySlice(slicing) }));
  const groups = numberedGroups(scores[0]?.groups);
  const overall: [string, Measured][] = [];
  const sliced = cut.map(({ slices }) => slices.map((): [string, SliceMeasured][] => []));
  for (const t of labelled) {
    const task = must(tasks[t], 'task');
    const grouped = { ...must(scores[t], 'scores'), groups };
    const thresholds = run.result.tasks[task.name]?.validation;
    const whole = measured(task, grouped, thresholds);
    overall.push([task.name, withoutInfluences(whole)]);
    for (const [b, { rowsOf }] of cut.entries()) {
      for (const [s, rows] of rowsOf.entries()) {
        signal?.throwIfAborted();
        await setImmediate(); // lets signals in
        const part = measured(task, scoresOfRows(grouped, rows), thresholds);
        sliced[b]?.[s]?.push([
          task.name,
          { ...withoutInfluences(part), differences: differences(part, whole, rows, grouped) },
        ]);
      }
    }
  }
  return {
    schema: 1,
    run: run.path,
    rows: must(scores[0], 'scores').labels.length,
    group: run.encoding.group,
    tasks: Object.fromEntries(overall),
    slices: cut.flatMap(({ by, slices }, b) =>
      slices.map((slice, s) => ({ by, ...slice, tasks: Object.fromEntries(sliced[b]?.[s] ?? []) })),
    ),
  };
}

/** Adds the rows' influences on each metric; null where they are not defined. */
interface WithInfluences extends Measured {
  readonly influences: ReadonlyMap<string, Float64Array | null>;
}

function withoutInfluences({ influences, ...others }: WithInfluences): Measured {
  return others;
}

function measured(task: Task, scores: TaskScores, thresholds: TaskMetrics | undefined): WithInfluences {
  const values = evaluateTask(task, scores, thresholds);
  const influences = new Map<string, Float64Array | null>();
  const intervals: Record<string, Interval> = {};
  for (const { type, name, influence, range } of metrics.all) {
    const value = values[name];
    if (type !== task.type || !influence || value === undefined) continue;
    const found = value === null ? null : influence(task, scores);
    influences.set(name, found);
    intervals[name] = intervalIfDefined(value, found && errorOverRows(found, scores.groups, scores.mask), range);
  }
  return { type: task.type, metrics: values, intervals, influences };
}

/** A row's influence on a difference is the difference of its influences: the slice is a part of all rows. */
function differences(
  part: WithInfluences,
  whole: WithInfluences,
  rows: Int32Array,
  { groups, mask }: TaskScores,
): SliceMeasured['differences'] {
  return Object.fromEntries(
    [...whole.influences].map(([name, all]) => {
      const [slice, value, other] = [part.influences.get(name), part.metrics[name], whole.metrics[name]];
      if (typeof value !== 'number' || typeof other !== 'number') return [name, { value: null, interval: null }];
      const difference = value - other;
      if (!slice || !all) return [name, { value: difference, interval: null }];
      const influence = new Float64Array(all.length);
      for (let row = 0; row < all.length; row++) influence[row] = -(all[row] ?? 0);
      for (const [at, row] of rows.entries()) influence[row] = (influence[row] ?? 0) + (slice[at] ?? 0);
      return [
        name,
        { value: difference, interval: intervalIfDefined(difference, errorOverRows(influence, groups, mask)) },
      ];
    }),
  );
}

/** The rows of each slice, in their order. */
function rowsBySlice({ slices, of }: Slicing): readonly Int32Array[] {
  const rows = slices.map((slice) => new Int32Array(slice.rows));
  const filled = new Int32Array(slices.length);
  for (const [row, slice] of of.entries()) {
    must(rows[slice], 'slice')[filled[slice] ?? 0] = row;
    filled[slice] = (filled[slice] ?? 0) + 1;
  }
  return rows;
}

function scoresOfRows({ logits, labels, mask, groups }: TaskScores, rows: Int32Array): TaskScores {
  const outputs = logits.length / labels.length;
  const chosen = new Float32Array(outputs * rows.length);
  for (let output = 0; output < outputs; output++)
    for (const [at, row] of rows.entries())
      chosen[output * rows.length + at] = logits[output * labels.length + row] ?? 0;
  return {
    logits: chosen,
    labels: Float32Array.from(rows, (row) => labels[row] ?? 0),
    mask: Float32Array.from(rows, (row) => mask[row] ?? 0),
    groups: groups && Int32Array.from(rows, (row) => groups[row] ?? 0),
  };
}
