/** A column of the data set before encoding. */
export interface SourceColumn {
  readonly name: string;
  /** Categorical values arrive as indexes into `dictionary`; numeric ones as they are (NaN: missing). */
  readonly kind: 'categorical' | 'numeric';
  readonly dictionary?: readonly string[];
  /** True for numeric columns that are known to have mean 0 and variance 1: nothing is fitted for `standard`. */
  readonly standardized?: boolean;
}

export interface SourceTask {
  readonly name: string;
  readonly type: 'binary' | 'regression';
}

export type SplitName = 'train' | 'validation' | 'test';

/** Rows of a source, column by column. */
export interface SourceBlock {
  readonly rows: number;
  /** One array per column of the source, in its order: Int32Array of dictionary indexes or Float32Array. */
  readonly columns: readonly (Int32Array | Float32Array)[];
  /** One array per task of the source. */
  readonly labels: readonly Float32Array[];
  /** 1 where the row is in the task's sample space, else 0. Absent, from every block alike: all are. */
  readonly masks?: readonly Float32Array[];
}

/** What a loader makes: a typed, split, but not yet encoded data set that is read block by block in bounded memory. */
export interface Source {
  readonly columns: readonly SourceColumn[];
  readonly tasks: readonly SourceTask[];
  /** SHA-256 (hex) of the content that decides every value: the raw files' unpacked bytes, or the generator's constants. */
  readonly checksum: string;
  readonly splits: Readonly<Record<SplitName, SourceSplit>>;
}

export interface SourceSplit {
  readonly rows: number;
  /** Rows of every block but the last. */
  readonly blockRows: number;
  /** Reads block `index`; the arrays may be views that the next read overwrites. */
  read(index: number): SourceBlock | Promise<SourceBlock>;
}

export interface NumericFeature {
  readonly name: string;
}

export interface CategoricalFeature {
  readonly name: string;
  /** Number of indexes, index 0 (values not seen in training) included. */
  readonly cardinality: number;
  /** Width of its embedding. */
  readonly embedding: number;
}

export interface Task extends SourceTask {
  /** The loss sees (label - offset) / scale; metrics see scale * prediction + offset. Binary tasks: 0 and 1. */
  readonly offset: number;
  readonly scale: number;
}

/** Encoded rows, ready to be fed. */
export interface Block {
  readonly rows: number;
  readonly categorical: Int32Array; // [rows, F], row-major
  readonly numeric: Float32Array; // [rows, D], row-major
  readonly labels: Float32Array; // [rows, T], row-major, in the labels' own units
  readonly masks: Float32Array; // [rows, T], row-major
}

export interface Dataset {
  readonly categorical: readonly CategoricalFeature[];
  readonly numeric: readonly NumericFeature[];
  readonly tasks: readonly Task[];
  readonly checksum: string;
  readonly splits: Readonly<Record<SplitName, Split>>;
}

export interface Split {
  readonly rows: number;
  readonly blockRows: number;
  /** Encodes block `index`; the arrays may be reused by the next read. */
  read(index: number): Promise<Block>;
}
