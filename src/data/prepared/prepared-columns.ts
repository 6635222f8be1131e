import type { ListValues } from '../dataset.js';

/** A column of a prepared table. None has nulls: a missing number is NaN, a missing list has no entries. */
export interface PreparedColumn {
  readonly name: string;
  readonly kind: 'int32' | 'float32' | 'uint8' | 'list' | 'text';
  /** Lists: every entry has a weight (a 32-bit float) beside its index (an int32). */
  readonly weighted?: boolean;
}

const mostBlockRows = 2 ** 14;
/** What a row has of a column. Of a list, what is fed of it by default: a long one is not all fed. */
const cellBytes = { int32: 4, float32: 4, uint8: 1, list: 256, text: 32 } as const;

/**
 * Rows of a block of so many bytes, 16,384 at most: rows are shuffled in windows of 64 MiB of whole blocks, and a window should have many, however
 * wide a row is.
 */
export function usualBlockRows(columns: readonly PreparedColumn[], bytes = 2 ** 22): number {
  const rowBytes = columns.reduce((sum, { kind }) => sum + cellBytes[kind], 0);
  return Math.max(1, Math.min(mostBlockRows, Math.floor(bytes / Math.max(1, rowBytes))));
}

/** UTF-8 texts, row after row. */
export interface TextValues {
  /** Row `r` has the bytes `offsets[r]` to `offsets[r + 1]`. [rows + 1] */
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

export type PreparedValues = Int32Array | Float32Array | Uint8Array | ListValues | TextValues;

/** Rows, column by column in the order of the table's columns. Arrays may be longer than the rows. */
export interface PreparedBlock {
  readonly rows: number;
  readonly columns: readonly PreparedValues[];
}

/** Entries of a list column, bytes of a text column; 0 for the others. */
export function entriesOf(values: PreparedValues | undefined, rows: number): number {
  return values && 'offsets' in values ? (values.offsets[rows] ?? 0) : 0;
}

/**
 * The columns as views of a record batch's body, which has each column's buffers one after another, padded to 8 bytes: values, or
 * offsets, entries and weights. There are no validity buffers.
 * @param entries of each column: see `entriesOf`.
 * @throws RangeError for a body that is too short.
 */
export function viewsOf(
  columns: readonly PreparedColumn[],
  rows: number,
  entries: readonly number[],
  body: Uint8Array<ArrayBuffer>,
): PreparedValues[] {
  let at = 0;
  const region = (bytes: number) => {
    const begin = body.byteOffset + at;
    at += (bytes + 7) & ~7;
    if (at > body.length) throw new RangeError('The record batch is too short');
    return begin;
  };
  const { buffer } = body;
  const int32 = (length: number) => new Int32Array(buffer, region(4 * length), length);
  const float32 = (length: number) => new Float32Array(buffer, region(4 * length), length);
  const uint8 = (length: number) => new Uint8Array(buffer, region(length), length);
  return columns.map(({ kind, weighted }, c) => {
    if (kind === 'int32') return int32(rows);
    if (kind === 'float32') return float32(rows);
    if (kind === 'uint8') return uint8(rows);
    const offsets = int32(rows + 1);
    const count = entries[c] ?? 0;
    if (kind === 'text') return { offsets, bytes: uint8(count) };
    const indexes = int32(count);
    return weighted ? { offsets, indexes, weights: float32(count) } : { offsets, indexes };
  });
}
