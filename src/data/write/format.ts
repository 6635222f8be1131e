import type { ListValues } from '../dataset.js';

/** A column of an output file. */
export interface OutputColumn {
  readonly name: string;
  /** float: 32 bits. integer: 32 bits, signed. list: any number of integers. */
  readonly kind: 'float' | 'integer' | 'list';
}

/** Rows, column by column in the order of the file's columns. */
export interface RowGroup {
  readonly rows: number;
  readonly columns: readonly OutputValues[];
}

/** For a list: entry numbers, and where each row's entries begin and end. */
export type OutputValues = Float32Array | Int32Array | Pick<ListValues, 'offsets' | 'indexes'>;

export function isList(values: OutputValues): values is Pick<ListValues, 'offsets' | 'indexes'> {
  return 'offsets' in values;
}

/** Columns of another table, which stand before those that are written, row by row. */
export interface Beside {
  /** A DuckDB file with the table `kept`, of texts, lists of texts, doubles and 64-bit integers. */
  readonly file: string;
  readonly names: readonly string[];
}

export interface FormatDefinition {
  /** The file's ending, without a dot. */
  readonly name: string;
  /** Approximate size of a row group in bytes. */
  readonly groupBytes: number;
  /** The bytes of a whole file, piece by piece. Equal rows in equal groups give equal bytes. */
  encode(columns: readonly OutputColumn[], groups: AsyncIterable<RowGroup>, beside?: Beside): AsyncIterable<Uint8Array>;
}
