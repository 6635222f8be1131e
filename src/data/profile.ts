import type { DuckDBConnection } from '@duckdb/node-api';
import { eachValue } from './store/database.js';

/** Values of one statement. More of them are grouped more slowly, column by column almost as fast. */
const valuesAtOnce = 2 ** 20;

/**
 * Makes the temporary table `profile`: a row for each distinct value of each column. It has `input`, the column's place;
 * `value`, which may be NULL; and `rows`, how many rows have the value. Facts about columns are queries of this table,
 * which is small where values repeat.
 * @param rows Of the relation, about.
 * @param columns SQL of their values, all of one type.
 */
export async function profile(
  database: DuckDBConnection,
  relation: string,
  rows: number,
  columns: readonly string[],
): Promise<void> {
  const columnsAtOnce = Math.max(1, Math.floor(valuesAtOnce / Math.max(1, rows)));
  for (let first = 0; first < columns.length; first += columnsAtOnce) {
    const values = eachValue(columns.slice(first, first + columnsAtOnce), relation, [], first);
    const into = first === 0 ? 'CREATE OR REPLACE TEMP TABLE profile AS' : 'INSERT INTO profile';
    await database.run(`${into} SELECT input, value, count(*) AS rows FROM ${values} GROUP BY input, value`);
  }
}
