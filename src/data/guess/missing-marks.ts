import type { DuckDBConnection } from '@duckdb/node-api';
import { literal, literals, numbersOf, rowsOf } from '../store/database.js';
import { fewValues, likelyTimes } from '../table/column-kinds.js';
import { numberSql, type StagedColumn } from '../table/staged-columns.js';
import { stagedTable } from '../table/staged-rows.js';
import { usualMissing } from '../table/table-options.js';
import { columnWords } from './column-words.js';

/** Marks that always mean "missing", even in a column of texts. */
const plainMarks = [
  '?',
  'N/A',
  'n/a',
  '#N/A',
  '#NA',
  '<NA>',
  '#N/A N/A',
  '-NaN',
  '-nan',
  '1.#QNAN',
  '-1.#QNAN',
  '1.#IND',
  '-1.#IND',
];
/** Marks that may be a category elsewhere. */
const otherMarks = ['-', 'None', '.'];
/** What pandas.read_csv treats as missing, and the marks in tables of the UCI repository. */
export const marksOfMissing: readonly string[] = [...usualMissing, ...plainMarks, ...otherMarks];

/** Texts among numbers count as marks of missing values up to this number and this share. */
const [mostMarks, oddShare] = [10, 0.05];

/**
 * Texts that mean "missing" in columns of numbers or dates: known marks at any frequency, and other texts if they are
 * few. A text that is a regular value of another column is excluded.
 */
export async function missingMarks(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
): Promise<readonly string[]> {
  const texts = columns.filter(({ type }) => type === 'text');
  const counts = texts.flatMap((column) => [`count(${column.sql})`, `count(${numberSql(column)})`]);
  const found = await numbersOf(database, counts, stagedTable);
  const odd = new Map<StagedColumn, readonly string[]>();
  for (const [c, column] of texts.entries()) {
    const [present = 0, numbers = 0] = found.slice(2 * c);
    if (numbers < present) odd.set(column, await oddTexts(database, column, present, numbers));
  }
  const marks = [...new Set([...odd.values()].flat())];
  const own: string[] = [];
  for (const column of texts) {
    const others = marks.filter((mark) => !odd.get(column)?.includes(mark));
    own.push(...(await valuesAmong(database, column, others)));
  }
  return marks.filter((mark) => !own.includes(mark));
}

/** Removes the marks from the staged rows. */
export async function removeMarks(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
  marks: readonly string[],
): Promise<void> {
  if (marks.length === 0) return;
  for (const { type, sql } of columns) {
    if (type !== 'text') continue;
    await database.run(`UPDATE ${stagedTable} SET ${sql} = NULL WHERE list_contains([${literals(marks)}], ${sql})`);
  }
}

/** Texts that may be marks, in a column whose other values are numbers or dates. */
async function oddTexts(
  database: DuckDBConnection,
  column: StagedColumn,
  present: number,
  numbers: number,
): Promise<readonly string[]> {
  const [date] = await likelyTimes(database, column, marksOfMissing);
  const way = date?.sql ?? (numbers > 0 ? numberSql(column) : undefined);
  if (way === undefined) return [];
  const from = `${stagedTable} WHERE ${column.sql} IS NOT NULL AND ${way} IS NULL`;
  const found = await rowsOf(
    database,
    `SELECT ${column.sql}, count(*) FROM ${from} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${mostMarks + 1}`,
  );
  const texts = found.map(([text]) => String(text));
  if (texts.length > mostMarks) return [];
  const regular = await rowsOf(
    database,
    `SELECT DISTINCT ${way} FROM ${stagedTable} WHERE ${way} IS NOT NULL LIMIT ${fewValues + 1}`,
  );
  if (texts.every((text) => marksOfMissing.includes(text))) return texts.length < regular.length ? texts : [];
  const words = columnWords(column.name);
  const odd = found.reduce((sum, [, count]) => sum + Number(count), 0);
  // A text among a few whole numbers is a further category.
  const categories = regular.length <= fewValues && regular.every(([value]) => Number.isInteger(value));
  return odd <= oddShare * present && !categories && !words.id && !words.time ? texts : [];
}

/**
 * The texts that are regular values of the column. A plain mark is one only if the column has hardly any other value.
 */
async function valuesAmong(
  database: DuckDBConnection,
  column: StagedColumn,
  texts: readonly string[],
): Promise<readonly string[]> {
  if (texts.length === 0) return [];
  const counts = await numbersOf(
    database,
    texts.map((text) => `count(*) FILTER (${column.sql} = ${literal(text)})`),
    stagedTable,
  );
  const found = texts.filter((_, t) => (counts[t] ?? 0) > 0);
  if (found.length === 0) return found;
  const values = `SELECT DISTINCT ${column.sql} FROM ${stagedTable} WHERE ${column.sql} IS NOT NULL LIMIT 4`;
  const [several = 0] = await numbersOf(database, ['count(*)'], `(${values})`);
  return found.filter((text) => several < 4 || !plainMarks.includes(text));
}
