import type { DuckDBConnection, DuckDBListVector, DuckDBValue, DuckDBVector } from '@duckdb/node-api';

const chunkRows = 2048;

/** Appends rows to a table whose types match the arrays. */
export async function appendColumns(
  database: DuckDBConnection,
  table: string,
  columns: readonly Numbers[],
  rows: number,
): Promise<void> {
  const appender = await tableAppender(database, table);
  appender.append(columns, rows);
  appender.close();
}

/** Appends rows to a table part by part, column by column. */
export async function tableAppender(database: DuckDBConnection, table: string) {
  const { DuckDBDataChunk } = await import('@duckdb/node-api');
  const { default: duckdb } = await import('@duckdb/node-bindings');
  const appender = await database.createAppender(table);
  const types = Array.from({ length: appender.columnCount }, (_, c) => appender.columnType(c));
  const chunk = DuckDBDataChunk.create(types);
  return {
    /** Arrays of the table's types: their bytes are copied unchanged. The package takes one value at a time. */
    append(columns: readonly Numbers[], rows: number) {
      for (let from = 0; from < rows; from += chunkRows) {
        const to = Math.min(rows, from + chunkRows);
        chunk.reset();
        chunk.rowCount = to - from;
        for (const [c, column] of columns.entries()) {
          const { buffer, byteOffset, byteLength } = column.subarray(from, to);
          if (!(buffer instanceof ArrayBuffer)) throw new Error('The array is shared with another thread');
          duckdb.copy_data_to_vector(duckdb.data_chunk_get_vector(chunk.chunk, c), 0, buffer, byteOffset, byteLength);
        }
        appender.appendDataChunk(chunk);
      }
    },
    /** Values of any type, of at most 2,048 rows. */
    appendCells(columns: readonly (readonly DuckDBValue[])[]) {
      chunk.reset();
      chunk.setColumns(columns);
      appender.appendDataChunk(chunk);
    },
    close: () => appender.closeSync(),
  };
}

type Numbers = Int32Array | Uint8Array | Float32Array;

/**
 * The array in which the package stores a vector's values. `getItem` also checks a bitmap of NULLs, which these vectors
 * do not have.
 */
export function vectorItems(vector: DuckDBVector): Numbers {
  const items: unknown = Reflect.get(vector, 'items');
  if (isNumbers(items)) return items;
  throw new Error('A vector of numbers of 32 or 8 bits was expected');
}

function isNumbers(items: unknown): items is Numbers {
  return [Int32Array, Uint8Array, Float32Array].some((kind) => items instanceof kind);
}

export function listVector(vector: DuckDBVector): DuckDBListVector {
  if (isLists(vector)) return vector;
  throw new Error('A vector of lists was expected');
}

function isLists(vector: DuckDBVector): vector is DuckDBListVector {
  return 'getEntryOffset' in vector;
}
