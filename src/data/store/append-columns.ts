import type { DuckDBConnection } from '@duckdb/node-api';
import type { Numbers } from './vector-values.js';

/** A column's values. For lists: the end of each row's entries, and the values of all entries. */
export type AppendedColumn = Numbers | { readonly ends: Int32Array; readonly values: Numbers };

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
    duckdb.copy_data_to_vector(vector, 0, arrayBufferOf(values), values.byteOffset, values.byteLength);
  const append = (columns: readonly AppendedColumn[], rows: number) => {
    for (let from = 0; from < rows; from += chunkRows) {
      const to = Math.min(rows, from + chunkRows);
      chunk.reset();
      chunk.rowCount = to - from;
      for (const [c, column] of columns.entries()) {
        const vector = duckdb.data_chunk_get_vector(chunk.chunk, c);
        if (!('ends' in column)) {
          copy(vector, column.subarray(from, to));
          continue;
        }
        const { ends } = column;
        const [first, last] = [from === 0 ? 0 : (ends[from - 1] ?? 0), ends[to - 1] ?? 0];
        const places = new Uint32Array(4 * (to - from)); // per row: offset, length; 64 bits each, low half first
        for (let row = from, begin = first; row < to; row++) {
          const end = ends[row] ?? begin;
          places[4 * (row - from)] = begin - first;
          places[4 * (row - from) + 2] = end - begin;
          begin = end;
        }
        duckdb.list_vector_reserve(vector, last - first);
        duckdb.list_vector_set_size(vector, last - first);
        copy(vector, places);
        copy(duckdb.list_vector_get_child(vector), column.values.subarray(first, last));
      }
      appender.appendDataChunk(chunk);
    }
  };
  return { append, close: () => appender.closeSync() };
}

function arrayBufferOf({ buffer }: Numbers): ArrayBuffer {
  if (buffer instanceof ArrayBuffer) return buffer;
  throw new Error('The array is shared with another thread');
}
