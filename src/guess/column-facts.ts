import type { DuckDBConnection } from '@duckdb/node-api';
import { type CalendarPart, calendarParts } from '../data/dataset.js';
import { numbersBy, numbersOf, rowsOf } from '../data/store/database.js';
import { columnKinds, fewValues, likelyTimes } from '../data/table/column-kinds.js';
import {
  numberSql,
  partSql,
  type StagedColumn,
  type TimeForm,
  timeOfNumbers,
  timesOf,
} from '../data/table/staged-columns.js';
import { type StagedRows, stagedTable } from '../data/table/staged-rows.js';
import { must } from '../support/must.js';
import { makeValues, valueColumn, valueTable } from './column-values.js';
import { type ColumnWords, columnWords } from './column-words.js';
import { missingMarks } from './missing-marks.js';

/** Facts about one column, from its name and from all rows. */
export interface ColumnFacts {
  readonly name: string;
  readonly words: ColumnWords;
  /** The header does not name it, so its name is its number. */
  readonly unnamed: boolean;
  readonly rows: number;
  /** Rows with a value. */
  readonly present: number;
  /** The kind that the loader infers. Undefined: no row has a value. */
  readonly kind: 'numeric' | 'categorical' | 'list' | undefined;
  /** Number of values that are numbers. The following facts are about these. */
  readonly numbers: number;
  readonly whole: boolean;
  readonly smallest: number;
  readonly largest: number;
  /** Numbers beyond 2^24: 32-bit floats cannot distinguish all of them. */
  readonly beyondFloat: number;
  /** The distinct numbers' 90th percentile by their 10th, of absolute values: 9 for equally spaced ones from 0 on. */
  readonly spread: number;
  /** Numbers with leading zeros, as in codes. */
  readonly zerosInFront: number;
  /** Each row's number is one more than that of the previous row. */
  readonly countsRows: boolean;
  /** The numbers of rows by value change little from one value to the next, as they do for counts and amounts. */
  readonly ordered: boolean;
  /** The first texts among numbers, most frequent first. */
  readonly odd: readonly string[];
  /** Number of distinct values. Two texts that differ only in a final point are one value. */
  readonly different: number;
  /** The most frequent values, most frequent first. All of them if there are at most 20. */
  readonly values: readonly FrequentValue[];
  /** Number of values with a character that may separate a list's entries. */
  readonly separated: Readonly<Record<'|' | ';', number>>;
  readonly time: TimeFacts | undefined;
}

export interface FrequentValue {
  readonly text: string;
  /** The same text with and without a final point, if both occur. */
  readonly forms: readonly string[];
  readonly count: number;
}

/** How a column's values represent times. */
interface TimeFacts {
  readonly form: 'dates' | TimeForm;
  /** The first value that looks like a date but is not a valid one. */
  readonly odd?: string;
  /** It is unclear whether day or month comes first. */
  readonly ambiguous?: boolean;
  /** The parts that have more than one value. */
  readonly parts: readonly CalendarPart[];
}

/**
 * The facts of each staged column, and the marks of missing values, which are removed from the staged rows.
 * @param names The names of all columns.
 * @param hasDates For files whose format has dates. They are staged as days since 1970.
 */
export async function columnFacts(
  database: DuckDBConnection,
  staged: StagedRows,
  names: readonly string[],
  hasDates: boolean,
): Promise<{ readonly facts: readonly ColumnFacts[]; readonly marks: readonly string[] }> {
  const columns = [...staged.columns.values()];
  await makeValues(database, staged, columns);
  const marks = await missingMarks(database, columns);
  const inputs = columns.map(({ name }) => ({ name, index: names.indexOf(name), kind: undefined }));
  const kinds = await columnKinds(database, inputs, staged, () => undefined);
  const numbers = await numberFacts(database, columns.length);
  const exact = numbers.flatMap(({ numbers, present }, c) => (numbers === present ? [c] : []));
  const frequent = await frequentValues(database, columns.length, exact);
  const odd = await oddTexts(database);
  const ordered = await orderedColumns(database);
  const firstRows = staged.files[0]?.rows ?? 0;
  const facts: ColumnFacts[] = [];
  for (const [c, column] of columns.entries()) {
    const known = must(numbers[c], 'facts');
    const values = must(frequent[c], 'values');
    const { name } = column;
    const index = names.indexOf(name);
    const isWhole = known.whole && known.numbers > 0;
    const mayCount = isWhole && known.numbers === staged.rows && values.different >= firstRows;
    facts.push({
      name,
      words: columnWords(name),
      unnamed: name === String(index + 1),
      rows: staged.rows,
      kind: kinds.find((input) => input.index === index)?.kind,
      ...known,
      ...values,
      ordered: isWhole && ordered.has(c),
      countsRows: mayCount && (await countsRows(database, column, firstRows)),
      odd: odd.flatMap(([input, text]) => (input === c && known.numbers > 0 ? [String(text)] : [])),
      time: await timeFacts(database, column, c, known, hasDates),
    });
  }
  return { facts, marks };
}

async function numberFacts(database: DuckDBConnection, columns: number) {
  const rowsWith = (condition: string) => `coalesce(sum(count) FILTER (${condition}), 0)`;
  const facts = [
    ...['true', 'number IS NOT NULL', 'number <> trunc(number)', `abs(number) > ${2 ** 24}`].map(rowsWith),
    rowsWith(`number IS NOT NULL AND text[1] = '0' AND text[2] BETWEEN '0' AND '9'`),
    ...["contains(text, '|')", "contains(text, ';')"].map(rowsWith),
    ...['min(number)', 'max(number)', 'quantile_cont(abs(number), 0.9) / quantile_cont(abs(number), 0.1)'],
  ];
  const found = await numbersBy(database, 1, `SELECT input, ${facts.join(', ')} FROM ${valueTable} GROUP BY input`);
  return Array.from({ length: columns }, (_, c) => {
    const [present = 0, numbers = 0, broken = 0, beyondFloat = 0, zerosInFront = 0, bars = 0, semicolons = 0] =
      found(c);
    const [smallest = Number.NaN, largest = Number.NaN, spread = Number.NaN] = found(c).slice(7);
    const separated = { '|': bars, ';': semicolons };
    return { present, numbers, whole: broken === 0, beyondFloat, zerosInFront, separated, smallest, largest, spread };
  });
}

/** @param exact Columns whose texts are different values if they differ in a final point, as numbers are. */
async function frequentValues(database: DuckDBConnection, columns: number, exact: readonly number[]) {
  const same = `CASE WHEN input IN (-1, ${exact.join(', ')}) THEN text ELSE rtrim(text, '.') END`;
  const found = await rowsOf(
    database,
    `SELECT input, different, value.count, value.text, value.other FROM (
      SELECT input, count(*) AS different, unnest(min({count: -count, text: text, other: other}, ${fewValues + 1})) AS value
      FROM (SELECT input, min(text) AS text, max(text) AS other, sum(count)::BIGINT AS count FROM ${valueTable} GROUP BY input, ${same})
      GROUP BY input)`,
  );
  return Array.from({ length: columns }, (_, c) => {
    const own = found.filter(([input]) => input === c);
    const values = own.map(
      ([, , count, text, other]): FrequentValue => ({
        text: String(text),
        forms: text === other ? [String(text)] : [String(text), String(other)],
        count: -Number(count),
      }),
    );
    return { different: Number(own[0]?.[1] ?? 0), values };
  });
}

/** The first texts among the numbers of each column. */
async function oddTexts(database: DuckDBConnection): Promise<readonly (readonly unknown[])[]> {
  const found = `SELECT input, unnest(min({count: -count, text: text}, 6)) AS value FROM ${valueTable} WHERE number IS NULL GROUP BY input`;
  return rowsOf(database, `SELECT input, value.text FROM (${found})`);
}

/** @param rows Rows of the first file. Only these are checked. */
async function countsRows(database: DuckDBConnection, column: StagedColumn, rows: number): Promise<boolean> {
  const number = numberSql(column);
  const expressions = [`min(${number} - rowid)`, `max(${number} - rowid)`];
  const [first, last] = await numbersOf(database, expressions, `${stagedTable} WHERE rowid < ${rows}`);
  return first === last;
}

/** A count has seldom more values; fewer than this by chance look ordered. */
const [fewestOrdered, mostOrdered] = [20, 1000];
/** Of the von Neumann ratio, which is 2 for values in any order, with a standard deviation of 2 / sqrt(values). */
const mostRatio = 0.5;

/** Numbers without gaps that have fewer rows the larger they are, without exception, are numbered by their rows. */
async function orderedColumns(database: DuckDBConnection): Promise<ReadonlySet<unknown>> {
  const found = await rowsOf(
    database,
    `SELECT input FROM (
      SELECT *, lag(place) OVER byNumber AS before, lag(count) OVER byNumber AS rows, lag(number) OVER byNumber AS previous
      FROM (SELECT *, rank() OVER (PARTITION BY input ORDER BY count) + (count(*) OVER (PARTITION BY input, count) - 1) / 2 AS place
        FROM ${valueTable} WHERE number IS NOT NULL AND input IN (
          SELECT input FROM ${valueTable} GROUP BY input HAVING count(*) BETWEEN ${fewestOrdered} AND ${mostOrdered}))
      WINDOW byNumber AS (PARTITION BY input ORDER BY number))
    GROUP BY input HAVING sum((place - before) ** 2) / var_pop(place) / count(*) <= ${mostRatio}
      AND NOT bool_and(coalesce(number = previous + 1 AND count <= rows, true))`,
  );
  return new Set(found.map(([input]) => input));
}

/** Numbers may be days only in files with dates of their own, and only from 1980 to 2069. */
const [firstDay, lastDay] = [3652, 36_524];

/** How a column's values represent times, if they may. @param input Its place. */
async function timeFacts(
  database: DuckDBConnection,
  column: StagedColumn,
  input: number,
  known: Pick<ColumnFacts, 'present' | 'numbers' | 'smallest' | 'largest'>,
  hasDates: boolean,
): Promise<TimeFacts | undefined> {
  const { present, numbers, smallest, largest } = known;
  if (present === 0 || (numbers > 0 && numbers < present)) return undefined;
  const own = `${valueTable} WHERE input = ${input}`;
  if (numbers > 0) {
    const { form, place } = timeOfNumbers(smallest, largest) ?? {};
    if (form === undefined || place === undefined) return undefined;
    if (form === 'days since 1970' && !(hasDates && smallest >= firstDay && largest <= lastDay)) return undefined;
    const sql = must(timesOf(valueColumn)[place], 'way');
    const [others] = await numbersOf(database, [`count(*) FILTER (${sql} IS NULL)`], own);
    return others === 0 ? { form, parts: await partsOf(database, sql, own) } : undefined;
  }
  const ways = await likelyTimes(database, column);
  const right = ways.filter(({ values }) => values === present);
  const [best = right[0]] = right.length > 0 ? right : ways.toSorted((a, b) => b.values - a.values);
  if (best === undefined || best.values < 0.95 * present) return undefined;
  if (right.length > 0) {
    const sql = must(timesOf(valueColumn)[best.place], 'way');
    return { form: 'dates', ambiguous: right.length > 1, parts: await partsOf(database, sql, own) };
  }
  const odd = `${stagedTable} WHERE ${column.sql} IS NOT NULL AND ${best.sql} IS NULL`;
  const [[text] = []] = await rowsOf(database, `SELECT ${column.sql} FROM ${odd} ORDER BY rowid LIMIT 1`);
  return { form: 'dates', odd: String(text), parts: [] };
}

/** The parts that differ. A trend over days is for the user to choose. */
async function partsOf(database: DuckDBConnection, time: string, from: string): Promise<readonly CalendarPart[]> {
  const parts = calendarParts.filter((part) => part !== 'days');
  const counts = await numbersOf(
    database,
    parts.map((part) => `count(DISTINCT ${partSql[part](time)})`),
    from,
  );
  return parts.filter((_, p) => (counts[p] ?? 0) > 1);
}
