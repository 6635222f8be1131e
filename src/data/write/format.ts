import type { DuckDBConnection } from '@duckdb/node-api';
import type { SourceBlock } from '../dataset.js';

/** A column of an output file. */
export interface OutputColumn {
  readonly name: string;
  /** float: 32 bits. integer: 32 bits, signed. list: any number of integers. */
  readonly kind: 'float' | 'integer' | 'list';
}

/** Rows, column by column in the order of the file's columns. */
export interface RowGroup {
  readonly rows: number;
  readonly columns: SourceBlock['columns'];
}

export interface FormatDefinition {
  /** The file's ending, without a dot. */
  readonly name: string;
  /**
   * The bytes of a whole file, piece by piece.
   * @param from SQL of its rows: columns of 32 bits and of lists of these, which are never NULL; texts, lists of texts,
   * doubles and 64-bit integers.
   * @param folder A temporary one.
   */
  encode(database: DuckDBConnection, from: string, folder: string): AsyncIterable<Uint8Array>;
}
