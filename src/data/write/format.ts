/** A column of a file that is written. */
export interface OutputColumn {
  readonly name: string;
  /** float: 32 bits. integer: 32 bits, signed. */
  readonly kind: 'float' | 'integer';
}

/** Rows, column by column in the order of the file's columns. */
export interface RowGroup {
  readonly rows: number;
  readonly columns: readonly (Float32Array | Int32Array)[];
}

export interface FormatDefinition {
  /** The file's ending, without a dot. */
  readonly name: string;
  /** The bytes of a whole file, piece by piece. Equal rows in equal groups make equal bytes. */
  encode(columns: readonly OutputColumn[], groups: AsyncIterable<RowGroup>): AsyncIterable<Uint8Array>;
}
