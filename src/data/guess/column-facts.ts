import type { DuckDBConnection } from '@duckdb/node-api';
import { must } from '../../support/must.js';
import { numbersOf, rowsOf } from '../store/database.js';
import { columnKinds, fewValues } from '../table/column-kinds.js';
import { numberSql, type StagedColumn, textSql } from '../table/staged-columns.js';
import { type StagedRows, stagedTable } from '../table/staged-rows.js';
import { type TimeFacts, timeFacts } from './time-facts.js';

/** Facts about one column, from all rows. */
export interface ColumnFacts {
  readonly name: string;
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

/**
 * The facts of each column, by SQL over all rows.
 * @param names The names of all columns. Columns that are not staged have no facts.
 * @param hasDates For files whose format has dates. They are staged as days since 1970.
 */
export async function columnFacts(
  database: DuckDBConnection,
  staged: StagedRows,
  names: readonly string[],
  hasDates: boolean,
): Promise<readonly ColumnFacts[]> {
  const inputs = names.flatMap((name, index) => (staged.columns.has(name) ? [{ name, index, kind: undefined }] : []));
  const kinds = await columnKinds(database, inputs, staged, () => undefined);
  const facts: ColumnFacts[] = [];
  for (const { name, index } of inputs) {
    const column = must(staged.columns.get(name), `column '${name}'`);
    await groupValues(database, column);
    const counted = await counts(database);
    const { present, numbers } = counted;
    const frequent = await frequentValues(database, numbers === present);
    const firstRows = staged.files[0]?.rows ?? 0;
    const mayCount = numbers === staged.rows && frequent.different >= firstRows;
    facts.push({
      name,
      unnamed: name === String(index + 1),
      rows: staged.rows,
      kind: kinds.find((input) => input.index === index)?.kind,
      ...counted,
      ...frequent,
      ordered: counted.whole && numbers > 0 && (await isOrdered(database, frequent.different)),
      countsRows: mayCount && (await countsRows(database, column, firstRows)),
      odd: numbers > 0 && numbers < present ? await oddTexts(database) : [],
      time: await timeFacts(database, column, counted, hasDates),
    });
  }
  return facts;
}

const groups = 'value_groups';

/**
 * Creates the table of a column's distinct values: text, number, and number of rows. Most columns have few, so all
 * further queries are fast.
 */
async function groupValues(database: DuckDBConnection, column: StagedColumn): Promise<void> {
  const value = { ...column, sql: 'value' };
  const from = `SELECT ${column.sql} AS value, count(*) AS count FROM ${stagedTable} WHERE ${column.sql} IS NOT NULL GROUP BY 1`;
  await database.run(
    `CREATE OR REPLACE TEMP TABLE ${groups} AS SELECT ${textSql(value)} AS text, ${numberSql(value)} AS number, count FROM (${from})`,
  );
}

async function counts(database: DuckDBConnection) {
  const rowsWith = (condition: string) => `coalesce(sum(count) FILTER (${condition}), 0)`;
  const [present = 0, numbers = 0, broken = 0, beyondFloat = 0, zerosInFront = 0, bars = 0, semicolons = 0, ...others] =
    await numbersOf(
      database,
      [
        ...['true', 'number IS NOT NULL', 'number <> trunc(number)', `abs(number) > ${2 ** 24}`].map(rowsWith),
        rowsWith(`number IS NOT NULL AND text[1] = '0' AND text[2] BETWEEN '0' AND '9'`),
        ...["contains(text, '|')", "contains(text, ';')"].map(rowsWith),
        ...['min(number)', 'max(number)', 'quantile_cont(abs(number), 0.9) / quantile_cont(abs(number), 0.1)'],
      ],
      groups,
    );
  const [smallest = Number.NaN, largest = Number.NaN, spread = Number.NaN] = others;
  return {
    present,
    numbers,
    whole: broken === 0,
    beyondFloat,
    zerosInFront,
    smallest,
    largest,
    spread,
    separated: { '|': bars, ';': semicolons },
  };
}

/** @param exact Texts that differ in a final point are different values, as they are for numbers. */
async function frequentValues(
  database: DuckDBConnection,
  exact: boolean,
): Promise<Pick<ColumnFacts, 'different' | 'values'>> {
  const same = exact ? 'text' : "rtrim(text, '.')";
  const found = await rowsOf(
    database,
    `SELECT min(text), max(text), sum(count)::BIGINT FROM ${groups} GROUP BY ${same} ORDER BY 3 DESC, 1 LIMIT ${fewValues + 1}`,
  );
  const [different = 0] = await numbersOf(database, [exact ? 'count(*)' : `count(DISTINCT ${same})`], groups);
  return {
    different,
    values: found.map(([text, other, count]) => ({
      text: String(text),
      forms: text === other ? [String(text)] : [String(text), String(other)],
      count: Number(count),
    })),
  };
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
async function isOrdered(database: DuckDBConnection, different: number): Promise<boolean> {
  if (different < fewestOrdered || different > mostOrdered) return false;
  const [ratio = 2, sorted = 0] = await numbersOf(
    database,
    [
      'sum((place - before) ** 2) / var_pop(place) / count(*)',
      'bool_and(coalesce(number = previous + 1 AND count <= rows, true))::INT',
    ],
    `(SELECT *, lag(place) OVER byNumber AS before, lag(count) OVER byNumber AS rows, lag(number) OVER byNumber AS previous
      FROM (SELECT *, rank() OVER (ORDER BY count) + (count(*) OVER (PARTITION BY count) - 1) / 2 AS place
        FROM ${groups} WHERE number IS NOT NULL) WINDOW byNumber AS (ORDER BY number))`,
  );
  return ratio <= mostRatio && sorted === 0;
}

async function oddTexts(database: DuckDBConnection): Promise<readonly string[]> {
  const found = await rowsOf(
    database,
    `SELECT text FROM ${groups} WHERE number IS NULL ORDER BY count DESC, text LIMIT 6`,
  );
  return found.map(([text]) => String(text));
}
