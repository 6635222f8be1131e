import type { DuckDBConnection } from '@duckdb/node-api';
import { literals, numbersBy, rowsOf } from '../data/store/database.js';
import { fewValues, likelyTimes } from '../data/table/column-kinds.js';
import { type StagedColumn, timesOf } from '../data/table/staged-columns.js';
import { stagedTable } from '../data/table/staged-rows.js';
import { usualMissing } from '../data/table/table-options.js';
import { valueColumn, valueTable } from './column-values.js';
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
 * Removes texts that mean "missing" in columns of numbers or dates from staged rows and values, and returns them: known
 * marks at any frequency, and other texts if they are few. A text that is a regular value of another column is kept. A
 * plain mark is one only if that column has hardly any other value.
 */
export async function missingMarks(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
): Promise<readonly string[]> {
  const counts = await numbersBy(
    database,
    1,
    `SELECT input, sum(count), coalesce(sum(count) FILTER (number IS NOT NULL), 0), count(*) FROM ${valueTable} GROUP BY input`,
  );
  const texts = columns.flatMap((column, input) => (column.type === 'text' ? [{ column, input }] : []));
  const odd = new Map<number, readonly string[]>();
  for (const { column, input } of texts) {
    const [present = 0, numbers = 0] = counts(input);
    if (numbers < present) odd.set(input, await oddTexts(database, column, input, present, numbers));
  }
  const all = [...new Set([...odd.values()].flat())];
  if (all.length === 0) return all;
  const some = `${valueTable} WHERE text IN (${literals(all)}) AND input IN (${texts.map(({ input }) => input).join(', ')})`;
  const regular = (await rowsOf(database, `SELECT input, text FROM ${some}`)).flatMap(([place, found]) => {
    const [input, text] = [Number(place), String(found)];
    const [, , different = 0] = counts(input);
    return odd.get(input)?.includes(text) || (different >= 4 && plainMarks.includes(text)) ? [] : [text];
  });
  const marks = all.filter((mark) => !regular.includes(mark));
  if (marks.length === 0) return marks;
  const marked = `text IN (${literals(marks)})`;
  const having = new Set(
    (await rowsOf(database, `SELECT DISTINCT input FROM ${some} AND ${marked}`)).map(([input]) => input),
  );
  for (const { column, input } of texts) {
    if (!having.has(input)) continue;
    await database.run(`UPDATE ${stagedTable} SET ${column.sql} = NULL WHERE ${column.sql} IN (${literals(marks)})`);
    await database.run(`DELETE FROM ${valueTable} WHERE input = ${input} AND ${marked}`);
  }
  return marks;
}

/** Texts that may be marks, in a column whose other values are numbers or dates. */
async function oddTexts(
  database: DuckDBConnection,
  column: StagedColumn,
  input: number,
  present: number,
  numbers: number,
): Promise<readonly string[]> {
  const [date] = await likelyTimes(database, column, marksOfMissing);
  const way = date ? timesOf(valueColumn)[date.place] : numbers > 0 ? 'number' : undefined;
  if (way === undefined) return [];
  const own = `${valueTable} WHERE input = ${input}`;
  const found = await rowsOf(
    database,
    `SELECT text, count FROM ${own} AND ${way} IS NULL ORDER BY count DESC, text LIMIT ${mostMarks + 1}`,
  );
  const texts = found.map(([text]) => String(text));
  if (texts.length > mostMarks) return [];
  const regular = await rowsOf(
    database,
    `SELECT DISTINCT ${way} FROM ${own} AND ${way} IS NOT NULL LIMIT ${fewValues + 1}`,
  );
  if (texts.every((text) => marksOfMissing.includes(text))) return texts.length < regular.length ? texts : [];
  const words = columnWords(column.name);
  const odd = found.reduce((sum, [, count]) => sum + Number(count), 0);
  // A text among a few whole numbers is a further category.
  const categories = regular.length <= fewValues && regular.every(([value]) => Number.isInteger(value));
  return odd <= oddShare * present && !categories && !words.id && !words.time ? texts : [];
}
