import type { DuckDBConnection } from '@duckdb/node-api';
import { profile } from '../data/profile.js';
import { type StagedColumn, textSql } from '../data/table/staged-columns.js';
import { type StagedRows, stagedTable } from '../data/table/staged-rows.js';

/**
 * The distinct values of all columns: `input`, the column's place; `text`; `number`, NULL for what is none; `count`, how
 * many rows have it; and whether it is in files to be `trained` on, and in the `tested` one.
 */
export const valueTable = 'column_values';
/** The values of this table. */
export const valueColumn: StagedColumn = { name: 'value', type: 'text', sql: 'text' };

/** Makes `valueTable`. */
export async function makeValues(
  database: DuckDBConnection,
  { files }: StagedRows,
  columns: readonly StagedColumn[],
): Promise<void> {
  const test = files.find(({ split }) => split === 'test')?.first ?? Number.MAX_SAFE_INTEGER;
  await profile(database, stagedTable, columns.map(textSql), `rowid >= ${test}`);
  const lists = columns.flatMap(({ type }, c) => (type === 'list' ? [c] : []));
  await database.run(`CREATE OR REPLACE TEMP TABLE ${valueTable} AS
    SELECT input, value AS text, CASE WHEN input NOT IN (-1, ${lists.join(', ')}) THEN number_of(value) END AS number,
      sum(rows)::BIGINT AS count, bool_or(NOT split) AS trained
    FROM profile WHERE value IS NOT NULL GROUP BY input, value`);
}
