import type { ListValues } from '../dataset.js';

/** A column of a file that is written. */
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

/** Of a list: entry numbers, and where each row's begin and end. */
export type OutputValues = Float32Array | Int32Array | Pick<ListValues, 'offsets' | 'indexes'>;

export function isList(values: OutputValues): values is Pick<ListValues, 'offsets' | 'indexes'> {
  return 'offsets' in values;
}

export interface FormatDefinition {
  /** The file's ending, without a dot. */
  readonly name: string;
  /** About so many bytes of rows make a group. */
  readonly groupBytes: number;
  /** The bytes of a whole file, piece by piece. Equal rows in equal groups make equal bytes. */
  encode(columns: readonly OutputColumn[], groups: AsyncIterable<RowGroup>): AsyncIterable<Uint8Array>;
}
