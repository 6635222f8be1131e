import type { DuckDBConnection } from '@duckdb/node-api';
import { must } from '../../support/must.js';
import { numbersOf, rowsOf } from '../store/database.js';
import { columnKinds } from '../table/column-kinds.js';
import { numberSql, type StagedColumn, textSql } from '../table/staged-columns.js';
import { type StagedRows, stagedTable } from '../table/staged-rows.js';
import { fewValues } from '../table/text-table.js';
import { type TimeFacts, timeFacts } from './time-facts.js';

/** What all rows say about one column. */
export interface ColumnFacts {
  readonly name: string;
  /** The header has no name for it, so that its name is its number. */
  readonly unnamed: boolean;
  readonly rows: number;
  /** Rows with a value. */
  readonly present: number;
  /** As the loader infers it; undefined: no row has a value. */
  readonly kind: 'numeric' | 'categorical' | 'list' | undefined;
  /** Values that are numbers. What follows is of these. */
  readonly numbers: number;
  readonly whole: boolean;
  readonly smallest: number;
  readonly largest: number;
  /** How many are beyond 2^24: 32-bit floats cannot tell all of these apart. */
  readonly beyondFloat: number;
  /** How many are written with zeros in front, as codes are. */
  readonly zerosInFront: number;
  /** Each row's number is one more than that of the row before. */
  readonly countsRows: boolean;
  /** The first texts among numbers, the most frequent one first. */
  readonly odd: readonly string[];
  /** Different values. Two texts that differ by a point at the end are one value. */
  readonly different: number;
  /** The most frequent values, the most frequent one first: all of them, if there are no more than 20. */
  readonly values: readonly FrequentValue[];
  /** How many values have a mark that may separate a list's entries. */
  readonly separated: Readonly<Record<'|' | ';', number>>;
  readonly time: TimeFacts | undefined;
}

export interface FrequentValue {
  readonly text: string;
  /** The same with and without a point at its end, where both occur. */
  readonly forms: readonly string[];
  readonly count: number;
}

/**
 * The facts of each column, by SQL over all rows.
 * @param names The names of all columns; those that are not staged have no facts.
 * @param hasDates Of files whose format has dates, which are staged as days since 1970.
 * @param onColumn Is told how many columns are done.
 */
export async function columnFacts(
  database: DuckDBConnection,
  staged: StagedRows,
  names: readonly string[],
  hasDates: boolean,
  onColumn: (done: number) => void,
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
      ...{ name, unnamed: name === String(index + 1), rows: staged.rows },
      kind: kinds.find((input) => input.index === index)?.kind,
      ...counted,
      ...frequent,
      countsRows: mayCount && (await countsRows(database, column, firstRows)),
      odd: numbers > 0 && numbers < present ? await oddTexts(database) : [],
      time: await timeFacts(database, column, counted, hasDates),
    });
    onColumn(facts.length);
  }
  return facts;
}

const groups = 'value_groups';

/** The table of a column's different values: text, number, and how many rows have it. Most columns have few, of which all else is then asked. */
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
        ...['min(number)', 'max(number)'],
      ],
      groups,
    );
  const [smallest = Number.NaN, largest = Number.NaN] = others;
  return {
    ...{ present, numbers, whole: broken === 0, beyondFloat, zerosInFront, smallest, largest },
    separated: { '|': bars, ';': semicolons },
  };
}

/** @param exact Texts that differ by a point at the end are different values, as those of numbers are. */
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

/** @param rows Of the first file, of which it is asked. */
async function countsRows(database: DuckDBConnection, column: StagedColumn, rows: number): Promise<boolean> {
  const number = numberSql(column);
  const expressions = [`min(${number} - rowid)`, `max(${number} - rowid)`];
  const [first, last] = await numbersOf(database, expressions, `${stagedTable} WHERE rowid < ${rows}`);
  return first === last;
}

async function oddTexts(database: DuckDBConnection): Promise<readonly string[]> {
  const found = await rowsOf(
    database,
    `SELECT text FROM ${groups} WHERE number IS NULL ORDER BY count DESC, text LIMIT 6`,
  );
  return found.map(([text]) => String(text));
}
