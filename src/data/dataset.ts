import type { TaskLoss } from '../config/parts.js';
import type { CellReading, Encoding, FittedTask, TaskType, TextReading } from './encoding.js';

/** A column of the data set before encoding. */
export interface SourceColumn {
  readonly name: string;
  /**
   * Categorical values arrive as indexes into `dictionary`; numeric ones as they are (NaN: missing); a list is any
   * number of categorical values in a row.
   */
  readonly kind: 'categorical' | 'numeric' | 'list';
  readonly dictionary?: readonly string[];
  /** Number of indexes of a categorical column or a list without a dictionary (hashed values). */
  readonly size?: number | undefined;
  /** A categorical column whose vocabulary has every index, whether training has it or not. Absent: training decides. */
  readonly complete?: boolean;
  /** True for numeric columns that are known to have mean 0 and variance 1: nothing is fitted for `standard`. */
  readonly standardized?: boolean;
  /**
   * How a table's cells become these values. Absent: texts and numbers as they are written, entries of a list with `|`
   * between them.
   */
  readonly cells?: CellReading;
}

export interface SourceTask {
  readonly name: string;
  readonly type: TaskType;
  /** The texts of a multiclass task's classes, in the order of their indexes. A label is such an index. */
  readonly classes?: readonly string[] | undefined;
  /** Every row is in its sample space, although the source is `masked`. */
  readonly everywhere?: boolean;
}

/** How many rows of logits a task has: one, or one per class. */
export function outputCount({ classes }: Pick<SourceTask, 'classes'>): number {
  return classes?.length ?? 1;
}

/** For each task, its first row among the logits of all. */
export function firstOutputs(tasks: readonly Pick<SourceTask, 'classes'>[]): readonly number[] {
  let next = 0;
  return tasks.map((task) => {
    next += outputCount(task);
    return next - outputCount(task);
  });
}

export const splitNames = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof splitNames)[number];

/** Rows of a source, column by column. */
export interface SourceBlock {
  readonly rows: number;
  /**
   * One array per column of the source, in its order: Int32Array of dictionary indexes, Float32Array, or a list's
   * entries.
   */
  readonly columns: readonly (Int32Array | Float32Array | ListValues)[];
  /**
   * One array per task of the source. NaN: the row is outside the task's sample space (of a source that is `masked`).
   */
  readonly labels: readonly Float32Array[];
  /** How much each row counts in losses and metrics: finite, at least 0. Absent, from every block alike: 1 each. */
  readonly weights?: Float32Array;
  /**
   * One per task of the source: how much each of its labels counts, in place of `weights`. 0 only outside the task's
   * sample space. Undefined: as the row.
   */
  readonly labelWeights?: readonly (Float32Array | undefined)[];
}

/** A list column's entries. Rows may share a list. */
export interface ListValues {
  /** Row `r` has the entries `begins[r]` to `ends[r]`. [rows] */
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** Indexes of the column's dictionary, entry after entry. */
  readonly indexes: Int32Array;
  /** Absent: 1 each. */
  readonly weights?: Float32Array;
}

/** Where lists begin and end that lie one after the other: row `r` has the entries `offsets[r]` to `offsets[r + 1]`. */
export function listBounds(offsets: Int32Array): Pick<ListValues, 'begins' | 'ends'> {
  return { begins: offsets.subarray(0, -1), ends: offsets.subarray(1) };
}

/** The column's values, which must not be a list's. */
export function asSingle(values: SourceBlock['columns'][number]): Int32Array | Float32Array {
  if ('begins' in values) throw new Error('A list was read where a column of single values was expected.');
  return values;
}

export function asList(values: SourceBlock['columns'][number]): ListValues {
  if ('begins' in values) return values;
  throw new Error('A column of single values was read where a list was expected.');
}

/** What a loader makes: a typed, split, but not yet encoded data set that is read block by block in bounded memory. */
export interface Source {
  readonly columns: readonly SourceColumn[];
  readonly tasks: readonly SourceTask[];
  /**
   * SHA-256 (hex) of the content that decides every value: the raw files' unpacked bytes, or the generator's constants.
   */
  readonly checksum: string;
  readonly splits: Readonly<Record<SplitName, SourceSplit>>;
  /** Labels may be NaN. Absent: a label that is NaN is an error. */
  readonly masked?: boolean | undefined;
  /**
   * A categorical column that says which rows belong together (of one user): ranks are then also compared within it.
   */
  readonly group?: string | undefined;
  /** Absent: a source that is no table. */
  readonly texts?: TextReading | undefined;
  /** Rows are drawn from a known process when they are read: there is nothing to find out about them. */
  readonly generated?: true;
}

export interface SourceSplit {
  readonly rows: number;
  /** Rows of every block but the last. */
  readonly blockRows: number;
  /** Reads block `index`; the arrays may be views that the next read overwrites. */
  read(index: number): SourceBlock | Promise<SourceBlock>;
  /** Begins to read block `index`, which will probably be asked for next. */
  ahead?(index: number): void;
  /** For a table: the numbers of block `index`'s rows in the files, from 0. [rows] */
  numbers?(index: number): Promise<Int32Array>;
}

export interface NumericFeature {
  readonly name: string;
  /** Ascending edges of the bins of `piecewise`, as the numbers are fed: standardized. Absent: no bins. */
  readonly edges?: readonly number[] | undefined;
}

export interface CategoricalFeature {
  readonly name: string;
  /** Number of indexes, index 0 (values without an index of their own) included. */
  readonly cardinality: number;
  /** Width of its embedding. */
  readonly embedding: number;
}

/** A list. Its `length` heaviest entries are fed: the weighted sum of their embeddings is its part of x. */
export interface ListFeature extends CategoricalFeature {
  readonly length: number;
  /**
   * The weights are multiplied by how the entries fit a categorical column, of the same embedding width: see
   * `targetAttention`.
   */
  readonly attention?: { readonly target: string; readonly hidden: number };
}

export interface Task extends FittedTask {
  /** The training loss. Absent: logistic loss, squared error, cross entropy. */
  readonly rowLoss?: TaskLoss | undefined;
  /** The part of a label that training spreads over the classes. Absent: 0. */
  readonly labelSmoothing?: number | undefined;
  /** Binary: what the loss of a positive is multiplied by. Absent: 1. */
  readonly positiveWeight?: number | undefined;
}

/**
 * Encoded rows, ready to be fed. A list of length L is L further columns of `categorical` (indexes) and of `numeric`
 * (weights), both 0 where the list is shorter. They follow the other columns, in the order of the lists.
 */
export interface Block {
  readonly rows: number;
  readonly categorical: Int32Array; // [rows, F + sum of L], row-major
  readonly numeric: Float32Array; // [rows, D + sum of L], row-major
  readonly labels: Float32Array; // [rows, T], row-major, in the labels' own units
  /** Each row's weight in a task's sample space, 0 outside it. */
  readonly masks: Float32Array; // [rows, T], row-major
}

export interface Dataset {
  readonly categorical: readonly CategoricalFeature[];
  readonly numeric: readonly NumericFeature[];
  readonly lists: readonly ListFeature[];
  readonly tasks: readonly Task[];
  /** What its features were made by: new rows are encoded alike. */
  readonly encoding: Encoding;
  readonly checksum: string;
  readonly splits: Readonly<Record<SplitName, Split>>;
  /** Tasks whose sample space in training has other rows than that of the first. Absent: none. */
  readonly apart?: readonly string[] | undefined;
  /** What was done to the data that its user should know (truncated lists). One line each. */
  readonly notes: readonly string[];
}

/** Columns of a block's matrices. */
export function batchWidths(dataset: Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'>) {
  const entries = dataset.lists.reduce((sum, { length }) => sum + length, 0);
  return {
    categorical: dataset.categorical.length + entries,
    numeric: dataset.numeric.length + entries,
    tasks: dataset.tasks.length,
  };
}

export interface Split {
  readonly rows: number;
  readonly blockRows: number;
  /** Encodes block `index`. Its arrays may be kept, and read again: a reader copies what it changes. */
  read(index: number): Promise<Block>;
  /** See `SourceSplit`. */
  ahead?(index: number): void;
  /** Each row's group. Only for data that name a group, and not for the training split. [rows] */
  groups?(): Promise<Int32Array>;
}
