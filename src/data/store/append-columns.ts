import type { DuckDBConnection } from '@duckdb/node-api';
import { itemsOf, type Numbers } from './vector-values.js';

const chunkRows = 2048;

/**
 * Appends rows to a table, `name` or `database.name`, whose types are those of the arrays. They are copied as they are: the package's own ways
 * take a value at a time.
 */
export async function appendColumns(
  database: DuckDBConnection,
  table: string,
  columns: readonly Numbers[],
  rows: number,
): Promise<void> {
  const { DuckDBDataChunk } = await import('@duckdb/node-api');
  const [name = '', catalog] = table.split('.').reverse();
  const appender = await database.createAppender(name, null, catalog);
  const types = Array.from({ length: appender.columnCount }, (_, c) => appender.columnType(c));
  const chunk = DuckDBDataChunk.create(types);
  for (let from = 0; from < rows; from += chunkRows) {
    const to = Math.min(rows, from + chunkRows);
    chunk.reset();
    chunk.rowCount = to - from;
    for (const [c, values] of columns.entries()) {
      const vector = chunk.getColumnVector(c);
      itemsOf(vector).set(values.subarray(from, to));
      vector.flush();
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
