import type { DuckDBConnection } from '@duckdb/node-api';
import type { Encoding } from '../data/encoding.js';
import { vectorItems } from '../data/store/append-columns.js';
import {
  chunksOf,
  identifier,
  literal,
  literals,
  openDatabase,
  queryNumbers,
  queryRows,
  whileOpen,
} from '../data/store/database.js';
import { databaseTypes, macros, numberSql, textSql } from '../data/table/staged-rows.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';

/** Slices of the rows by one column; each row is in one. */
export interface Slicing {
  readonly by: string;
  readonly slices: readonly Slice[];
  /** Each row's slice. [rows] */
  readonly of: Int32Array;
}

export interface Slice {
  /**
   * `value`: rows of one value. `range`: of numbers from `low` to `high`. `others`: of all values without a slice.
   * `missing`: without a value.
   */
  readonly kind: 'value' | 'range' | 'others' | 'missing';
  /** The value, or a description. */
  readonly name: string;
  /** In a range: its smallest and largest number. */
  readonly low?: number;
  readonly high?: number;
  /** In `others`: its number of distinct values. */
  readonly values?: number;
  readonly rows: number;
}

/** A numeric column with more distinct numbers is cut into this many ranges. */
const mostRanges = 10;
/** In other columns, this many values, those with the most rows, have a slice each. */
const mostValues = 50;

/**
 * Cuts the rows of the table `kept` by a column.
 *
 * - Numbers, more than 10 different ones: ranges of about a tenth of the rows each. Range k ends with the smallest
 *   number that at least k/10 of the rows do not exceed. So rows with one number are in one range, and there may be
 *   fewer than ten.
 * - Other columns: a slice for each value. With over 50 values, the 50 with the most rows have one each, and `others`
 *   has the rest.
 *
 * Missing values have their own slice. A column is numeric if the model reads it as such; a column that is no input, if
 * all its values are numbers.
 * @param file The DuckDB file.
 * @throws ConfigError for a column of lists.
 */
export async function slicings(
  file: string,
  columns: readonly string[],
  encoding: Encoding,
  signal?: AbortSignal,
): Promise<readonly Slicing[]> {
  const database = await openDatabase();
  return whileOpen(database, signal, async () => {
    for (const macro of macros) await database.run(macro);
    await database.run(`ATTACH ${literal(file)} AS given (READ_ONLY)`);
    const made: Slicing[] = [];
    for (const by of columns) made.push(await slicing(database, by, encoding));
    return made;
  });
}

const from = 'given.kept';

async function slicing(database: DuckDBConnection, by: string, encoding: Encoding): Promise<Slicing> {
  const [[, columns] = []] = await queryRows(database, `DESCRIBE SELECT ${identifier(by)} FROM ${from}`);
  const type = (['text', 'whole', 'number', 'list'] as const).find((name) => databaseTypes[name] === columns);
  const read = encoding.columns.find(({ name }) => name === by);
  if (type === 'list' || read?.kind === 'list')
    throw new ConfigError(`--by ${by}: the column has lists; name a column with one value per row.`);
  const column = { name: by, type: must(type, `type of ${by}`), sql: identifier(by) };
  const number = numberSql(column);
  const [texts = 0, numbers = 0] = await queryNumbers(
    database,
    [`count(${textSql(column)})`, `count(DISTINCT ${number})`, `count(${number})`],
    from,
  ).then(([texts, different, numbers]) => [Number(texts) - Number(numbers), different]);
  const isNumeric = read ? read.kind !== 'vocabulary' && read.cells.time === undefined : texts === 0;
  if (isNumeric && numbers > mostRanges) return ranges(database, by, number);
  return values(database, by, isNumeric ? `whole_text(${number})` : textSql(column), isNumeric ? number : '0');
}

/** @param number SQL; NULL is a missing value. */
async function ranges(database: DuckDBConnection, by: string, number: string): Promise<Slicing> {
  const [count = 0] = await queryNumbers(database, [`count(${number})`], from);
  const ends = Array.from({ length: mostRanges - 1 }, (_, k) => Math.ceil(((k + 1) * count) / mostRanges));
  const ordered = `SELECT number, row_number() OVER (ORDER BY number) AS place FROM (SELECT ${number} AS number FROM ${from}) WHERE number IS NOT NULL`;
  const edges = await queryRows(
    database,
    `SELECT DISTINCT number FROM (${ordered}) WHERE place IN (${ends.join(', ')}) ORDER BY number`,
  );
  const above = edges.map(([edge]) => `(${number} > '${edge}'::DOUBLE)::INTEGER`);
  const range = `CASE WHEN ${number} IS NOT NULL THEN ${above.join(' + ')} END`;
  const found = await queryRows(
    database,
    `SELECT range, min(number), max(number), count(*) FROM (SELECT ${range} AS range, ${number} AS number FROM ${from}) GROUP BY range ORDER BY range NULLS LAST`,
  );
  const bounds = [...new Set(found.flatMap(([, low, high]) => (low === null ? [] : [Number(low), Number(high)])))];
  // As few digits as keep the bounds apart.
  const digits = [4, 6, 9].find((n) => new Set(bounds.map((bound) => short(bound, n))).size === bounds.length);
  return placed(
    database,
    by,
    range,
    found.map(([code, low, high, rows]): Coded => {
      if (code === null) return { code: null, kind: 'missing', name: 'missing', rows: Number(rows) };
      const [first, last] = [Number(low), Number(high)];
      const name = [...new Set([short(first, digits), short(last, digits)])].join(' to ');
      return { code: Number(code), kind: 'range', name, low: first, high: last, rows: Number(rows) };
    }),
  );
}

function short(value: number, digits: number | undefined): string {
  return String(digits === undefined ? value : Number(value.toPrecision(digits)));
}

/**
 * @param text SQL of the value; NULL is a missing one.
 * @param order SQL by which values are ordered first, then by their rows, the most first.
 */
async function values(database: DuckDBConnection, by: string, text: string, order: string): Promise<Slicing> {
  const groups = `SELECT text, count(*) AS rows, min(place) AS place FROM (SELECT ${text} AS text, ${order} AS place FROM ${from}) GROUP BY text`;
  const found = await queryRows(
    database,
    `SELECT text, rows FROM (${groups}) WHERE text IS NOT NULL ORDER BY place, rows DESC, text LIMIT ${mostValues}`,
  );
  const [all = 0, missing = 0, different = 0] = await queryNumbers(
    database,
    ['count(*)', `count(*) - count(${text})`, `count(DISTINCT ${text})`],
    from,
  );
  const texts = found.map(([value]) => String(value));
  const slices = found.map(
    ([, rows], code): Coded => ({ code, kind: 'value', name: texts[code] ?? '', rows: Number(rows) }),
  );
  const rest = all - missing - slices.reduce((sum, { rows }) => sum + rows, 0);
  const [left, code] = [different - texts.length, texts.length];
  const others = { code, kind: 'others', name: `others (${left} values)`, values: left, rows: rest } as const;
  const index = `CASE WHEN ${text} IS NOT NULL THEN coalesce(nullif(list_position([${literals(texts)}]::VARCHAR[], ${text}), 0) - 1, ${code}) END`;
  return placed(database, by, index, [
    ...slices,
    ...(left > 0 ? [others] : []),
    ...(missing > 0 ? [{ code: null, kind: 'missing', name: 'missing', rows: missing } as const] : []),
  ]);
}

/** A slice, and the code that its rows have in the SQL. */
type Coded = Slice & { readonly code: number | null };

/** Finds each row's slice. @param index SQL of a slice's code. */
async function placed(
  database: DuckDBConnection,
  by: string,
  index: string,
  coded: readonly Coded[],
): Promise<Slicing> {
  const of = new Int32Array(coded.reduce((sum, { rows }) => sum + rows, 0));
  const slices = new Map(coded.map(({ code }, slice) => [code ?? -1, slice]));
  let row = 0;
  for await (const chunk of chunksOf(database, `SELECT coalesce(${index}, -1)::INTEGER FROM ${from}`))
    for (const code of vectorItems(chunk.getColumnVector(0)).subarray(0, chunk.rowCount))
      of[row++] = must(slices.get(code), 'slice');
  return { by, slices: coded.map(({ code, ...slice }) => slice), of };
}
