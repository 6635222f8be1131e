import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { type CalendarPart, calendarParts } from '../data/encoding.js';
import { profile } from '../data/profile.js';
import { literals, queryNumbers, queryRows } from '../data/store/database.js';
import { columnKinds, fewValues, type LikelyTime, likelyTimes } from '../data/table/column-kinds.js';
import {
  daysExpression,
  numberSql,
  partSql,
  type StagedColumn,
  type TimeForm,
  textSql,
  timeForms,
  timeOfNumbers,
} from '../data/table/staged-columns.js';
import { type StagedRows, stagedTable } from '../data/table/staged-rows.js';
import { usualMissing } from '../data/table/table-options.js';
import { must } from '../support/must.js';
import { type ColumnWords, columnWords } from './column-words.js';

/** A value and its rows. `other`: the same text with or without a final point, if both occur. */
const frequentValue = z.object({ text: z.string(), other: z.string(), count: z.number() });
export type FrequentValue = z.infer<typeof frequentValue>;

/** Facts about a column's values, by one query. */
const valueFacts = z.object({
  present: z.number().describe('rows with a value'),
  numbers: z.number().describe('values that are numbers. The following facts are about these'),
  whole: z.boolean(),
  smallest: z.number(),
  largest: z.number(),
  beyondFloat: z.number().describe('numbers beyond 2^24: 32-bit floats cannot distinguish all of them'),
  alike: z
    .boolean()
    .describe(
      'the 90th percentile of distinct absolute values is at most 20 times the 10th: ids drawn evenly from 0 on have 9, amounts of money more',
    ),
  zerosInFront: z.number().describe('numbers with leading zeros, as in codes'),
  ordered: z
    .boolean()
    .describe(
      'the numbers of rows by value change little from one value to the next, as they do for counts and amounts',
    ),
  regular: z.number().describe('distinct numbers; in a column of dates, dates'),
  odd: z
    .array(z.object({ text: z.string(), count: z.number() }))
    .describe('the first of the other texts, most frequent first'),
  different: z.number().describe('distinct values. Two texts that differ only in a final point are one value'),
  values: z.array(frequentValue).describe('the most frequent values. All of them if there are at most 20'),
  bars: z.number().describe('values with |'),
  semicolons: z.number(),
});
type ValueFacts = z.infer<typeof valueFacts>;

/** Facts about one column, from its name and from all rows. */
export interface ColumnFacts extends Readonly<ValueFacts> {
  readonly name: string;
  readonly words: ColumnWords;
  /** The header does not name it, so its name is its number. */
  readonly unnamed: boolean;
  readonly rows: number;
  /** The kind that the loader infers. Undefined: no row has a value. */
  readonly kind: 'numeric' | 'categorical' | 'list' | undefined;
  /** Each row's number is one more than that of the previous row. */
  readonly countsRows: boolean;
  readonly time: TimeFacts | undefined;
}

/** How a column's values represent times. */
interface TimeFacts {
  readonly form: 'dates' | TimeForm;
  /** It is unclear whether day or month comes first. */
  readonly ambiguous: boolean;
  /** The parts that have more than one value. A trend over days is for the user to choose. */
  readonly parts: readonly CalendarPart[];
  /** The first and the last, in days since 1970. */
  readonly first: number;
  readonly last: number;
  /** The rows are in their order, or in that of groups and then of times. */
  readonly inOrder: boolean;
}

/** Marks that always mean "missing", even in a column of texts. */
const plainMarks: readonly string[] = [
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

/**
 * The facts of each staged column, and the marks of missing values, which are removed from the staged rows.
 * @param names The names of all columns.
 */
export async function columnFacts(
  database: DuckDBConnection,
  staged: StagedRows,
  names: readonly string[],
): Promise<{ readonly facts: readonly ColumnFacts[]; readonly marks: readonly string[] }> {
  const columns = [...staged.columns.values()];
  await makeValues(database, staged, columns);
  let found = await readFacts(database, columns.length);
  const marks = await missingMarks(database, columns, found);
  if (marks.length > 0) {
    const marked = `SELECT DISTINCT input FROM ${valueTable} WHERE text IN (${literals(marks)})`;
    const places = new Set((await queryRows(database, marked)).map(([input]) => Number(input)));
    for (const { sql } of columns.filter(({ type }, input) => type === 'text' && places.has(input)))
      await database.run(`UPDATE ${stagedTable} SET ${sql} = NULL WHERE ${sql} IN (${literals(marks)})`);
    await makeValues(database, staged, columns);
    found = await readFacts(database, columns.length);
  }
  const inputs = columns.map(({ name }) => ({ name, index: names.indexOf(name), kind: undefined }));
  const times = await likelyTimes(
    database,
    columns.filter((_, input) => found[input]?.numbers === 0),
  );
  const kinds = await columnKinds(database, inputs, staged, () => undefined);
  const firstRows = staged.files[0]?.rows ?? 0;
  const facts: ColumnFacts[] = [];
  for (const [input, column] of columns.entries()) {
    const known = must(found[input], 'facts');
    const { name } = column;
    const isDate = staged.files.every(({ file }) => file.times?.has(name));
    const mayCount = known.whole && known.numbers === staged.rows && known.different >= firstRows;
    facts.push({
      name,
      words: columnWords(name),
      unnamed: name === String(names.indexOf(name) + 1),
      rows: staged.rows,
      kind: kinds.find((one) => one.name === name)?.kind,
      ...known,
      countsRows: mayCount && (await countsRows(database, column, firstRows)),
      time: await timeFacts(database, column, input, known, times.get(column) ?? [], isDate),
    });
  }
  return { facts, marks };
}

/**
 * The distinct values of all columns: `input`, the column's place; `text`; `number`, NULL for what is none; `regular`,
 * the number, or in a column of dates the day; `count`, how many rows have it; and whether files to be `trained` on
 * have it, not the test file alone.
 */
export const valueTable = 'column_values';
/** The values of this table. */
export const valueColumn: StagedColumn = { name: 'value', type: 'text', sql: 'text' };

/** Makes `valueTable`. */
async function makeValues(
  database: DuckDBConnection,
  { files, rows }: StagedRows,
  columns: readonly StagedColumn[],
): Promise<void> {
  const test = files.find(({ split }) => split === 'test')?.first ?? Number.MAX_SAFE_INTEGER;
  await profile(database, stagedTable, rows, columns.map(textSql), `rowid >= ${test}`);
  const ways = await likelyTimes(database, columns, marksOfMissing);
  const forms = timeForms(valueColumn);
  const days = columns.flatMap((column, input) => {
    const [date] = ways.get(column) ?? [];
    return date ? [`WHEN ${input} THEN ${daysExpression(must(forms[date.place], 'way'))}`] : [];
  });
  const lists = columns.flatMap(({ type }, input) => (type === 'list' ? [input] : []));
  await database.run(`CREATE OR REPLACE TEMP TABLE ${valueTable} AS
    SELECT input, value AS text, CASE WHEN input NOT IN (-1, ${lists.join(', ')}) THEN number_of(text) END AS number,
      CASE input WHEN -1 THEN NULL ${days.join(' ')} ELSE number END AS regular,
      sum(rows)::DOUBLE AS count, bool_or(NOT split) AS trained
    FROM profile WHERE value IS NOT NULL GROUP BY input, value`);
}

/** A count has seldom more values; fewer than this by chance look ordered. */
const [fewestOrdered, mostOrdered] = [20, 1000];
/** Of the von Neumann ratio, which is 2 for values in any order, with a standard deviation of 2 / sqrt(values). */
const mostRatio = 0.5;

/** Numbers without gaps that have fewer rows the larger they are, without exception, are numbered by their rows. */
const orderedSql = `SELECT input, sum((place - before) ** 2) / var_pop(place) / count(*) <= ${mostRatio}
    AND NOT bool_and(coalesce(number = previous + 1 AND count <= rows, true)) AS ordered
  FROM (
    SELECT *, lag(place) OVER byNumber AS before, lag(count) OVER byNumber AS rows, lag(number) OVER byNumber AS previous
    FROM (SELECT *, rank() OVER (PARTITION BY input ORDER BY count) + (count(*) OVER (PARTITION BY input, count) - 1) / 2 AS place
      FROM ${valueTable} JOIN numbers USING (input)
      WHERE number IS NOT NULL AND whole AND texts BETWEEN ${fewestOrdered} AND ${mostOrdered})
    WINDOW byNumber AS (PARTITION BY input ORDER BY number))
  GROUP BY input`;

/** The facts of each column. */
async function readFacts(database: DuckDBConnection, columns: number): Promise<readonly ValueFacts[]> {
  const rowsWith = (condition: string) => `coalesce(sum(count) FILTER (${condition}), 0)::DOUBLE`;
  const first = (least: string, most: number) => `min(${least}, ${most})`;
  const found = await database.runAndReadAll(`WITH
    numbers AS (
      SELECT input, ${rowsWith('true')} AS present, count(text) AS texts, ${rowsWith('number IS NOT NULL')} AS numbers,
        coalesce(bool_and(number = trunc(number)), false) AS whole,
        coalesce(min(number), 0) AS smallest, coalesce(max(number), 0) AS largest,
        ${rowsWith(`abs(number) > ${2 ** 24}`)} AS "beyondFloat",
        coalesce(quantile_cont(abs(number), 0.9) <= 20 * quantile_cont(abs(number), 0.1), false) AS alike,
        ${rowsWith("number IS NOT NULL AND text[1] = '0' AND text[2] BETWEEN '0' AND '9'")} AS "zerosInFront",
        count(*) FILTER (regular IS NOT NULL)::DOUBLE AS regular,
        ${rowsWith("contains(text, '|')")} AS bars, ${rowsWith("contains(text, ';')")} AS semicolons
      FROM (SELECT range AS input FROM range(${columns})) LEFT JOIN ${valueTable} USING (input) GROUP BY input),
    one_text AS (
      SELECT input, min(text) AS text, max(text) AS other, sum(count) AS count FROM ${valueTable} JOIN numbers USING (input)
      GROUP BY input, CASE WHEN numbers = present THEN text ELSE rtrim(text, '.') END),
    frequent AS (
      SELECT input, count(*)::DOUBLE AS different, ${first('{least: -count, text: text, other: other}', fewValues + 1)} AS found
      FROM one_text GROUP BY input),
    others AS (
      SELECT input, ${first('{least: -count, text: text}', 11)} AS texts FROM ${valueTable} WHERE regular IS NULL GROUP BY input),
    ordered AS (${orderedSql})
    SELECT numbers.*, coalesce(ordered, false) AS ordered, coalesce(different, 0) AS different, list_transform(coalesce(found, []), v -> {text: v.text, other: v.other, count: -v.least}) AS values,
      list_transform(coalesce(others.texts, []), v -> {text: v.text, count: -v.least}) AS odd
    FROM numbers LEFT JOIN frequent USING (input) LEFT JOIN others USING (input) LEFT JOIN ordered USING (input) ORDER BY input`);
  return z.array(valueFacts).parse(found.getRowObjectsJS());
}

/** Texts among numbers count as marks of missing values up to this number and this share. */
const [mostMarks, oddShare] = [10, 0.05];

/**
 * Texts that mean "missing" in columns of numbers or dates: known marks at any frequency, and other texts if they are
 * few. A text that is a regular value of another column is none. A plain mark is one unless that column has hardly any
 * other value.
 */
async function missingMarks(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
  facts: readonly ValueFacts[],
): Promise<readonly string[]> {
  const texts = columns.flatMap((column, input) => (column.type === 'text' ? [input] : []));
  const odd = new Map(
    texts.map((input) => [input, oddMarks(must(columns[input], 'column').name, must(facts[input], 'facts'))]),
  );
  const marks = new Set([...odd.values()].flat());
  if (marks.size === 0) return [];
  const found = `SELECT input, text FROM ${valueTable} WHERE text IN (${literals([...marks])}) AND input IN (${texts.join(', ')})`;
  for (const [place, value] of await queryRows(database, found)) {
    const [input, text] = [Number(place), String(value)];
    const isMark = odd.get(input)?.includes(text) || ((facts[input]?.different ?? 0) >= 4 && plainMarks.includes(text));
    if (!isMark) marks.delete(text);
  }
  return [...marks];
}

/** Texts that may be marks, in a column whose other values are numbers or dates. */
function oddMarks(name: string, { odd, regular, whole, present }: ValueFacts): readonly string[] {
  if (regular === 0 || odd.length > mostMarks) return [];
  const texts = odd.map(({ text }) => text);
  if (texts.every((text) => marksOfMissing.includes(text))) return texts.length < regular ? texts : [];
  const { id } = columnWords(name);
  const rows = odd.reduce((sum, { count }) => sum + count, 0);
  const areCategories = regular <= fewValues && whole; // a text among a few whole numbers is a further category
  return rows <= oddShare * present && !areCategories && !id ? texts : [];
}

/** @param rows Rows of the first file. Only these are checked. */
async function countsRows(database: DuckDBConnection, column: StagedColumn, rows: number): Promise<boolean> {
  const number = numberSql(column);
  const expressions = [`min(${number} - rowid)`, `max(${number} - rowid)`];
  const [first, last] = await queryNumbers(database, expressions, `${stagedTable} WHERE rowid < ${rows}`);
  return first === last;
}

/** How all values of a column represent times, if they may. */
async function timeFacts(
  database: DuckDBConnection,
  column: StagedColumn,
  input: number,
  { present, numbers, smallest, largest }: ValueFacts,
  likely: readonly LikelyTime[],
  isDate: boolean,
): Promise<TimeFacts | undefined> {
  const ofNumbers = numbers > 0 && numbers === present ? timeOfNumbers(smallest, largest) : undefined;
  if (ofNumbers && (ofNumbers.form === 'days since 1970') !== isDate) return undefined;
  const texts = likely.filter(({ values }) => values === present);
  const { place } = ofNumbers ?? texts[0] ?? {};
  if (place === undefined) return undefined;
  const [time, ofRow] = [valueColumn, column].map((one) => must(timeForms(one)[place], 'way'));
  const days = daysExpression(must(time, 'way'));
  const parts = calendarParts.filter((part) => part !== 'days');
  const [others = 0, first = 0, last = 0, ...counts] = await queryNumbers(
    database,
    [
      `count(*) FILTER (${days} IS NULL)`,
      ...[`min(${days})`, `max(${days})`],
      ...parts.map((part) => `count(DISTINCT ${partSql[part](must(time, 'way'))})`),
    ],
    `${valueTable} WHERE input = ${input}`,
  );
  if (others > 0) return undefined;
  const ways = ['>=', '<='].map((comparison) => `avg((day ${comparison} lag)::INT)`);
  const rows = `(SELECT *, lag(day) OVER () AS lag FROM (SELECT ${daysExpression(must(ofRow, 'way'))} AS day FROM ${stagedTable}))`;
  const inOrder = Math.max(...(await queryNumbers(database, ways, rows))) >= 0.9;
  return {
    ...{ form: ofNumbers?.form ?? 'dates', ambiguous: texts.length > 1, first, last, inOrder },
    parts: parts.filter((_, p) => (counts[p] ?? 0) > 1),
  };
}
