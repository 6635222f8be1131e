import type { DuckDBConnection } from '@duckdb/node-api';
import { eachValue } from './store/database.js';

/** Values of one statement. More of them are grouped more slowly, column by column almost as fast. */
const valuesAtOnce = 2 ** 20;

/**
 * Makes the temporary table `profile`: a row for each distinct value of each column in each split. It has `input`, the
 * column's place; `value`, which may be NULL; `split`; and `rows`, how many rows have the value. For label `t` it has `n<t>`
 * and `s<t>`, how many of these rows have a label, and its sum. Facts about columns are queries of this table, which is
 * small where values repeat.
 * @param rows Of the relation, about.
 * @param columns SQL of their values, all of one type.
 * @param split SQL of a row's split.
 * @param labels SQL of numbers. Sums of broken numbers depend on the number of threads in their last digits.
 */
export async function profile(
  database: DuckDBConnection,
  relation: string,
  rows: number,
  columns: readonly string[],
  split: string,
  labels: readonly string[] = [],
): Promise<void> {
  const counts = labels.flatMap((_, t) => [`count(l${t}) AS n${t}`, `coalesce(sum(l${t}), 0) AS s${t}`]);
  const facts = ['input', 'value', 'split', 'count(*) AS rows', ...counts].join(', ');
  const beside = [`${split} AS split`, ...labels.map((label, t) => `${label} AS l${t}`)];
  const columnsAtOnce = Math.max(1, Math.floor(valuesAtOnce / Math.max(1, rows)));
  for (let first = 0; first < columns.length; first += columnsAtOnce) {
    const values = eachValue(columns.slice(first, first + columnsAtOnce), relation, beside, first);
    const into = first === 0 ? 'CREATE OR REPLACE TEMP TABLE profile AS' : 'INSERT INTO profile';
    await database.run(`${into} SELECT ${facts} FROM ${values} GROUP BY input, value, split`);
  }
}
