import { type TaskConfig, unusualLoss } from '../../config/parts.js';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { Block, Source, SourceBlock, SourceSplit, Split, SplitName } from '../dataset.js';

/** How a column becomes numbers. `list` ones follow the others in the matrices. */
export interface ColumnEncoding {
  readonly list?: true;
  /** Columns that it has in the categorical and in the numeric matrix. */
  readonly categorical: number;
  readonly numeric: number;
  /** Writes the rows `rows[begin]` to `rows[end - 1]` of a block. */
  write(
    values: SourceBlock['columns'][number],
    rows: Int32Array,
    begin: number,
    end: number,
    into: Readonly<Matrices>,
  ): void;
}

/** Row-major matrices, F and D wide. */
interface Matrices extends Pick<Block, 'categorical' | 'numeric'> {
  readonly F: number;
  readonly D: number;
  /** The places of the column's first row in both. */
  category: number;
  number: number;
}

/** Which rows of a split are kept: in all, and in each block. */
export interface KeptRows {
  readonly rows: number;
  readonly counts: Int32Array;
}

/**
 * Rows that are encoded together: few enough for their rows of the matrices to stay in the fastest cache from column to
 * column.
 */
const tileRows = 16;

/**
 * Encodes blocks when they are read.
 * @param columns and the index of each among those of the source.
 * @param tasks the source's index of each task, in the order of the config; -1: the source has no labels of it.
 * @param kept if given, rows that do not count (`keptRows`) are left out and the others close up, so that blocks stay
 * full.
 */
export function encodedSplit(
  source: SourceSplit,
  columns: readonly EncodedColumn[],
  tasks: readonly number[],
  kept?: KeptRows,
): Split {
  const ordered = columns.toSorted(([, a], [, b]) => Number(a.list ?? false) - Number(b.list ?? false));
  const width = (matrix: 'categorical' | 'numeric') => columns.reduce((sum, [, encoding]) => sum + encoding[matrix], 0);
  const [F, D, T] = [width('categorical'), width('numeric'), tasks.length];
  const rows = kept?.rows ?? source.rows;
  const blockRows = Math.min(source.blockRows, Math.max(1, rows));
  const rowsBetween = kept ? keptBetween(source, tasks, kept) : everyBetween(source);
  return {
    rows,
    blockRows,
    ahead: (index) => !kept && source.ahead?.(index),
    async read(index) {
      const begin = index * blockRows;
      const end = Math.min(rows, begin + blockRows);
      const count = end - begin;
      const target = {
        rows: count,
        categorical: new Int32Array(count * F),
        numeric: new Float32Array(count * D),
        labels: new Float32Array(count * T),
        masks: new Float32Array(count * T),
      };
      let filled = 0;
      for await (const [block, chosen] of rowsBetween(begin, end)) {
        const { categorical, numeric } = target;
        writeInputs(block, chosen, ordered, { categorical, numeric, F, D, category: filled * F, number: filled * D });
        writeLabels(block, chosen, tasks, target, filled * T);
        filled += chosen.length;
      }
      return target;
    },
  };
}

type EncodedColumn = readonly [index: number, encoding: ColumnEncoding];

/** Rows of a source, block by block: `chosen` of the block's. */
type ChosenRows = AsyncGenerator<readonly [block: SourceBlock, chosen: Int32Array]>;

/** Reads the rows of the split from `begin` to `end`, which are in one block. */
function everyBetween(source: SourceSplit): (begin: number, end: number) => ChosenRows {
  const every = Int32Array.from({ length: source.blockRows }, (_, row) => row);
  return async function* (begin, end) {
    yield [await source.read(Math.floor(begin / source.blockRows)), every.subarray(0, end - begin)];
  };
}

/** Reads the rows that count from the one numbered `begin` to `end`. */
function keptBetween(
  source: SourceSplit,
  tasks: readonly number[],
  { counts }: KeptRows,
): (begin: number, end: number) => ChosenRows {
  const starts = new Int32Array(counts.length); // where each source block's rows begin
  for (let b = 1; b < starts.length; b++) starts[b] = (starts[b - 1] ?? 0) + (counts[b - 1] ?? 0);
  return async function* (begin, end) {
    for (let b = starts.findLastIndex((start) => start <= begin); (starts[b] ?? end) < end; b++) {
      if (counts[b] === 0) continue;
      const start = starts[b] ?? 0;
      const block = await source.read(b);
      yield [block, keptRows(block, tasks).subarray(Math.max(0, begin - start), end - start)];
    }
  };
}

/** Writes rows of a source block to the matrices, from their places on. */
function writeInputs(
  { columns }: SourceBlock,
  rows: Int32Array,
  encodings: readonly EncodedColumn[],
  into: Readonly<Matrices>,
): void {
  for (let begin = 0; begin < rows.length; begin += tileRows) {
    const end = Math.min(rows.length, begin + tileRows);
    const tile = { ...into, category: into.category + begin * into.F, number: into.number + begin * into.D };
    for (const [index, encoding] of encodings) {
      encoding.write(must(columns[index], 'column of the source'), rows, begin, end, tile);
      tile.category += encoding.categorical;
      tile.number += encoding.numeric;
    }
  }
}

/**
 * Writes labels and masks of rows, from the place `first` on. The mask is the row's weight in the task's sample space.
 * What lies outside, or has weight 0, has mask 0 and label 0, since 0 times NaN is NaN.
 */
function writeLabels(
  { labels, labelWeights, weights }: SourceBlock,
  rows: Int32Array,
  tasks: readonly number[],
  into: Pick<Block, 'labels' | 'masks'>,
  first: number,
): void {
  for (const [t, task] of tasks.entries()) {
    const taskLabels = labels[task];
    const taskWeights = labelWeights?.[task] ?? weights;
    for (let i = 0, to = first + t; i < rows.length; i++, to += tasks.length) {
      const label = taskLabels?.[rows[i] ?? 0] ?? Number.NaN;
      const weight = Number.isNaN(label) ? 0 : (taskWeights?.[rows[i] ?? 0] ?? 1);
      into.labels[to] = weight > 0 ? label : 0;
      into.masks[to] = weight;
    }
  }
}

/** The rows that count: in the sample space of one of these tasks at least, with a weight above 0. */
export function keptRows({ rows, labels, weights }: SourceBlock, tasks: readonly number[]): Int32Array {
  const kept = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (weights?.[row] === 0) continue;
    if (tasks.some((task) => !Number.isNaN(labels[task]?.[row]))) kept[count++] = row;
  }
  return kept.subarray(0, count);
}

/**
 * A split that checks every block when it is read. In its task's sample space a binary label is 0 or 1, a multiclass
 * one the index of a class, any other a finite number. A row's weight is a finite number of at least 0. Tasks that the
 * source does not have are left out.
 * @throws DataError with split, row, value, and the task of a label.
 */
export function checkedLabels(source: Source, name: SplitName, tasks: readonly TaskConfig[]): SourceSplit {
  const split = source.splits[name];
  const rules = tasks.flatMap((task) => {
    const index = source.tasks.findIndex(({ name }) => name === task.name);
    if (index < 0) return [];
    const [isRight, otherwise] = labelRule(task, source.tasks[index]?.classes?.length ?? 0);
    const isWrong = (label: number) => !isRight(label) && !(source.masked && Number.isNaN(label));
    return { index, isWrong, what: `label of ${task.type} task '${task.name}'`, otherwise };
  });
  const weight = { isWrong: (weight: number) => !(weight >= 0 && Number.isFinite(weight)), what: 'weight' };
  return {
    ...split,
    async read(index) {
      const block = await split.read(index);
      const refuse = (values: Float32Array, { isWrong, what }: typeof weight, otherwise: string) => {
        const row = values.subarray(0, block.rows).findIndex(isWrong);
        if (row < 0) return;
        const where = `Row ${index * split.blockRows + row + 1} of the ${name} split`;
        throw new DataError(`${where}: the ${what} is ${values[row]}, which is ${otherwise}.`);
      };
      for (const rule of rules) refuse(must(block.labels[rule.index], rule.what), rule, rule.otherwise);
      for (const weights of [block.weights, ...(block.labelWeights ?? [])])
        if (weights) refuse(weights, weight, 'no finite number of at least 0');
      return block;
    },
  };
}

/** Whether a label is right, and what any other is. */
function labelRule(task: TaskConfig, classes: number): readonly [(label: number) => boolean, string] {
  const loss = unusualLoss(task)?.type;
  if (loss === 'poisson')
    return [(label) => label >= 0 && label < Number.POSITIVE_INFINITY, `below 0: the loss '${loss}' takes none`];
  if (loss === 'log-normal')
    return [(label) => label > 0 && label < Number.POSITIVE_INFINITY, `not above 0: the loss '${loss}' takes none`];
  if (task.type === 'binary') return [(label) => label === 0 || label === 1, 'neither 0 nor 1'];
  if (task.type === 'regression') return [Number.isFinite, 'no finite number'];
  const isIndex = (label: number) => Number.isInteger(label) && label >= 0 && label < classes;
  return [isIndex, `no index of its ${classes} classes`];
}
