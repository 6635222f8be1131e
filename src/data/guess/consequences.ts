import type { DuckDBConnection } from '@duckdb/node-api';
import { numbersOf, rowsOf } from '../store/database.js';
import { numberSql, type StagedColumn } from '../table/staged-columns.js';
import { stagedTable } from '../table/staged-rows.js';

/** Rows that rule out most labels of a column, before the others are looked for in all rows. */
const firstRows = 20_000;

/**
 * For each column the label that it follows: the column has a value only in rows where this label is 1. The other rows are so many that chance does not explain
 * it (one in a million). Of several such labels, the one that is 1 most rarely.
 * @param labels Columns of 0 and 1.
 */
export async function consequences(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
  labels: readonly StagedColumn[],
): Promise<ReadonlyMap<string, string>> {
  const counts = labels.map((label) => `count(*) FILTER (${isSet(label)})`);
  const [rows = 0, ...ones] = await numbersOf(database, ['count(*)', ...counts], stagedTable);
  const rarestFirst = labels.map((label, l) => ({ label, ones: ones[l] ?? 0 })).toSorted((a, b) => a.ones - b.ones);
  const found = new Map<string, string>();
  for (const column of columns) {
    const others = rarestFirst.filter(({ label }) => label !== column);
    const likely = await among(database, column, others, ` AND rowid < ${firstRows}`);
    const { set, needed } = await among(database, column, likely.needed);
    const [condition] = needed.filter(({ label, ones }) => {
      // Of two labels that are the same, the second follows from the first.
      const follows = !labels.includes(column) || set < ones || labels.indexOf(label) < labels.indexOf(column);
      return follows && set * Math.log(ones / rows) < Math.log(1e-6);
    });
    if (condition) found.set(column.name, condition.label.name);
  }
  return found;
}

interface Label {
  readonly label: StagedColumn;
  /** Rows in which it is 1. */
  readonly ones: number;
}

/** In how many rows the column has a value that is not 0, and which labels are 1 in all of these. */
async function among(
  database: DuckDBConnection,
  column: StagedColumn,
  labels: readonly Label[],
  rows = '',
): Promise<{ readonly set: number; readonly needed: readonly Label[] }> {
  if (labels.length === 0) return { set: 0, needed: [] };
  const always = labels.map(({ label }) => `coalesce(bool_and(${isSet(label)}), true)`);
  const [[set, ...needed] = []] = await rowsOf(
    database,
    `SELECT count(*), ${always.join(', ')} FROM ${stagedTable} WHERE ${isSet(column)}${rows}`,
  );
  return { set: Number(set), needed: labels.filter((_, l) => needed[l] === true) };
}

/** Has a value, other than 0, false or an empty list. */
function isSet(column: StagedColumn): string {
  const { type, sql } = column;
  if (type === 'list') return `coalesce(len(${sql}) > 0, false)`;
  const number = numberSql(column);
  if (type !== 'text') return `coalesce(${number} <> 0, false)`;
  return `(${sql} IS NOT NULL AND coalesce(${number} <> 0, lower(${sql}) <> 'false'))`;
}
