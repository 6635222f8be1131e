import type { DuckDBConnection } from '@duckdb/node-api';

/** Columns of one statement. */
const columnsAtOnce = 50;

/**
 * Makes the temporary table `profile`: a row for each distinct value of each column in each split. It has `input`, the
 * column's place; `value`, which may be NULL; `split`; and `rows`, how many rows have the value. For label `t` it has `n<t>`
 * and `s<t>`, how many of these rows have a label, and its sum. Facts about columns are queries of this table, which is
 * small where values repeat.
 * @param columns SQL of their values, all of one type.
 * @param split SQL of a row's split.
 * @param labels SQL of numbers. Sums of broken numbers depend on the number of threads in their last digits.
 */
export async function profile(
  database: DuckDBConnection,
  relation: string,
  columns: readonly string[],
  split: string,
  labels: readonly string[] = [],
): Promise<void> {
  const counts = labels.flatMap((label, t) => [`count(${label}) AS n${t}`, `coalesce(sum(${label}), 0) AS s${t}`]);
  const facts = [`${split} AS split`, 'count(*) AS rows', ...counts].join(', ');
  for (let first = 0; first < columns.length; first += columnsAtOnce) {
    const some = columns
      .slice(first, first + columnsAtOnce)
      .map((sql, c) => `SELECT ${first + c} AS input, ${sql} AS value, ${facts} FROM ${relation} GROUP BY 2, 3`);
    const into = first === 0 ? 'CREATE OR REPLACE TEMP TABLE profile AS' : 'INSERT INTO profile';
    await database.run(`${into} ${some.join(' UNION ALL ')}`);
  }
}
