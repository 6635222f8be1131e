import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type { CalendarPart } from '../data/encoding.js';
import { profile } from '../data/profile.js';
import { literals, queryNumbers, queryRows } from '../data/store/database.js';
import { columnKinds, fewValues, type KnownInput } from '../data/table/column-kinds.js';
import { daysExpression, textSql, timeForms, timeOfNumbers } from '../data/table/staged-columns.js';
import { type StagedRows, stagedTable } from '../data/table/staged-rows.js';

/** What the profile says of a column's values. */
const valueFacts = z.object({
  present: z.number().describe('rows with a value'),
  numbers: z.number().describe('of these, rows with a number'),
  marked: z.number().describe('of these, rows with a mark of a missing value'),
  whole: z.boolean().describe('all numbers are whole'),
  smallest: z.number(),
  largest: z.number(),
  bars: z.number().describe('rows with |'),
  semicolons: z.number(),
  different: z.number().describe('distinct values; texts that differ only in case or a final point are one'),
  values: z
    .array(z.object({ texts: z.array(z.string()), rows: z.number() }))
    .describe('the values with the most rows, and how they are written; all of them if there are at most 20'),
});

/** Facts about one column, from its name and from all rows. */
export interface ColumnFacts extends Readonly<z.infer<typeof valueFacts>> {
  readonly name: string;
  readonly rows: number;
  /** The kind that the loader infers. Undefined: no row has a value. */
  readonly kind: KnownInput['kind'] | undefined;
  /** Set where the values are times at which the rows may have been made: the parts of the calendar that vary. */
  readonly parts: readonly CalendarPart[] | undefined;
}

/** Marks of a missing value, whatever else a column has; and those that may be a category. */
const [plainMarks, otherMarks] = [
  ['?', 'N/A', 'n/a', '#N/A', '<NA>'],
  ['-', 'None', '.'],
];
export const marks: readonly string[] = [...plainMarks, ...otherMarks];

/**
 * The facts of each staged column, and the marks of missing values that stand among numbers. They are removed from the
 * staged rows.
 * @param missing Those that were removed already.
 */
export async function columnFacts(
  database: DuckDBConnection,
  staged: StagedRows,
  missing: readonly string[] = [],
): Promise<{ readonly facts: readonly ColumnFacts[]; readonly missing: readonly string[] }> {
  const columns = [...staged.columns.values()];
  await profile(database, stagedTable, staged.rows, columns.map(textSql));
  const values = await readValueFacts(database);
  const pairs = await queryRows(database, `SELECT input, value FROM profile WHERE value IN (${literals(marks)})`);
  const among = marks.filter((mark) => {
    const areNumbers = pairs.flatMap(([input, value]) => {
      const { numbers = 0, marked = 0, present = 0 } = values[Number(input)] ?? {};
      return value === mark ? [numbers > 0 && numbers + marked === present] : [];
    });
    return areNumbers.includes(true) && (plainMarks.includes(mark) || !areNumbers.includes(false));
  });
  if (among.length > 0) {
    for (const { sql } of columns.filter(({ type }) => type === 'text'))
      await database.run(`UPDATE ${stagedTable} SET ${sql} = NULL WHERE ${sql} IN (${literals(among)})`);
    return columnFacts(database, staged, among);
  }
  const unasked = columns.map(({ name }) => ({ name, kind: undefined }));
  const known = await columnKinds(database, unasked, staged, () => undefined);
  const facts: ColumnFacts[] = [];
  for (const [index, { name }] of columns.entries()) {
    const [of, input] = [values[index], known.find((one) => one.name === name)];
    const isDate = staged.files.every(({ file }) => file.times?.has(name));
    const parts = of && input && (await calendarParts(database, of, input, isDate));
    if (of) facts.push({ ...of, name, rows: staged.rows, kind: input?.kind, parts });
  }
  return { facts, missing };
}

async function readValueFacts(database: DuckDBConnection) {
  const rowsWith = (condition: string) => `coalesce(sum(rows) FILTER (${condition}), 0)::DOUBLE`;
  const found = await database.runAndReadAll(`WITH
    texts AS (
      SELECT input, value AS text, number_of(value) AS number, rows::DOUBLE AS rows FROM profile),
    spelled AS (
      SELECT input, list(text ORDER BY text) AS texts, sum(rows) AS rows FROM texts WHERE text IS NOT NULL
      GROUP BY input, CASE WHEN number IS NULL THEN lower(rtrim(text, '.')) ELSE text END),
    frequent AS (
      SELECT input, list({texts: texts, rows: rows} ORDER BY rows DESC, texts[1]) AS values FROM (
        FROM spelled QUALIFY row_number() OVER (PARTITION BY input ORDER BY rows DESC, texts[1]) <= ${fewValues + 1})
      GROUP BY input),
    counted AS (SELECT input, count(*)::DOUBLE AS different FROM spelled GROUP BY input)
    SELECT ${rowsWith('text IS NOT NULL')} AS present, ${rowsWith('number IS NOT NULL')} AS numbers,
      ${rowsWith(`text IN (${literals(marks)})`)} AS marked, coalesce(bool_and(number = trunc(number)), false) AS whole,
      coalesce(min(number), 0) AS smallest, coalesce(max(number), 0) AS largest,
      ${rowsWith("contains(text, '|')")} AS bars, ${rowsWith("contains(text, ';')")} AS semicolons,
      coalesce(any_value(different), 0) AS different, coalesce(any_value(values), []) AS values
    FROM texts LEFT JOIN counted USING (input) LEFT JOIN frequent USING (input)
    GROUP BY input ORDER BY input`);
  return z.array(valueFacts).parse(found.getRowObjectsJS());
}

/** Of seconds since 1970, in days: from 1990 to May 2033, as ids that begin with a year are above. */
const [earliest, latest] = [7305, 23_148];
/** The rows of most tables were made within 30 years. Dates of birth span more. */
const mostDays = 10_958;

/**
 * The parts of a column of times: dates as the loader reads them, or numbers of seconds or such as 20240531.
 * @param isDate The column has a type of dates, whose values are days.
 */
async function calendarParts(
  database: DuckDBConnection,
  { present, numbers, smallest, largest, different }: z.infer<typeof valueFacts>,
  { column, kind, time }: KnownInput,
  isDate: boolean,
): Promise<readonly CalendarPart[] | undefined> {
  const ofNumbers = numbers === present ? timeOfNumbers(smallest, largest) : undefined;
  const isTime = time !== undefined || (ofNumbers?.form === 'days since 1970') === isDate;
  const form = timeForms(column)[time ?? ofNumbers?.place ?? -1];
  if (kind !== 'numeric' || form === undefined || !isTime || different < fewValues) return undefined;
  const days = daysExpression(form);
  const [first = 0, last = 0, ofDays = 0, partial = 0] = await queryNumbers(
    database,
    [`min(${days})`, `max(${days})`, `count(${days})`, `count(*) FILTER (${days} <> trunc(${days}))`],
    stagedTable,
  );
  const isLikely = ofNumbers?.form !== 'seconds since 1970' || (first >= earliest && last <= latest);
  if (ofDays < present || !isLikely || last - first < 1 || last - first > mostDays) return undefined;
  return [...(last - first > 31 ? ['month' as const] : []), 'weekday', ...(partial > 0 ? ['hour' as const] : [])];
}
