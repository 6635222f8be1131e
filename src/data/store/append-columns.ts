import type { DuckDBConnection } from '@duckdb/node-api';
import type { SourceBlock } from '../dataset.js';
import type { Numbers } from './vector-values.js';

/** A column's values. For lists: where each row's entries lie, and the values of all entries, of 32 bits. */
export type AppendedColumn =
  | Numbers
  | { readonly begins: Int32Array; readonly ends: Int32Array; readonly values: Int32Array | Float32Array };

/** A column of a source; of a list that is `weighted`, its entries and their weights. */
export function appendedColumns(values: SourceBlock['columns'][number], weighted = false): AppendedColumn[] {
  if (!('begins' in values)) return [values];
  const { begins, ends, indexes, weights = new Float32Array(indexes.length).fill(1) } = values;
  return [{ begins, ends, values: indexes }, ...(weighted ? [{ begins, ends, values: weights }] : [])];
}

const chunkRows = 2048;

/** Appends rows to a table, `name` or `database.name`, whose types match the arrays. */
export async function appendColumns(
  database: DuckDBConnection,
  table: string,
  columns: readonly AppendedColumn[],
  rows: number,
): Promise<void> {
  const appender = await columnAppender(database, table);
  appender.append(columns, rows);
  appender.close();
}

/**
 * Appends rows to a table part by part. Bytes are copied unchanged. The package's own functions take one value at a
 * time, and lists as objects.
 */
export async function columnAppender(database: DuckDBConnection, table: string) {
  const { DuckDBDataChunk } = await import('@duckdb/node-api');
  const { default: duckdb } = await import('@duckdb/node-bindings');
  const [name = '', catalog] = table.split('.').reverse();
  const appender = await database.createAppender(name, null, catalog);
  const types = Array.from({ length: appender.columnCount }, (_, c) => appender.columnType(c));
  const chunk = DuckDBDataChunk.create(types);
  const copy = (vector: Parameters<typeof duckdb.copy_data_to_vector>[0], values: Numbers) =>
    duckdb.copy_data_to_vector(vector, 0, ownBuffer(values), values.byteOffset, values.byteLength);
  const append = (columns: readonly AppendedColumn[], rows: number) => {
    for (let from = 0; from < rows; from += chunkRows) {
      const to = Math.min(rows, from + chunkRows);
      chunk.reset();
      chunk.rowCount = to - from;
      for (const [c, column] of columns.entries()) {
        const vector = duckdb.data_chunk_get_vector(chunk.chunk, c);
        if (!('begins' in column)) {
          copy(vector, column.subarray(from, to));
          continue;
        }
        const { begins, ends, values } = column;
        const places = new Uint32Array(4 * (to - from)); // per row: offset, length; 64 bits each, low half first
        let count = 0;
        for (let row = from, at = 0; row < to; row++, at += 4) {
          const length = (ends[row] ?? 0) - (begins[row] ?? 0);
          [places[at], places[at + 2]] = [count, length];
          count += length;
        }
        const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
        const entries = new Uint32Array(count);
        for (let row = from, at = 0; row < to; row++, at += 4)
          entries.set(bits.subarray(begins[row], ends[row]), places[at]);
        duckdb.list_vector_reserve(vector, count);
        duckdb.list_vector_set_size(vector, count);
        copy(vector, places);
        copy(duckdb.list_vector_get_child(vector), entries);
      }
      appender.appendDataChunk(chunk);
    }
  };
  return { append, close: () => appender.closeSync() };
}

function ownBuffer({ buffer }: Numbers): ArrayBuffer {
  if (buffer instanceof ArrayBuffer) return buffer;
  throw new Error('The array is shared with another thread');
}
