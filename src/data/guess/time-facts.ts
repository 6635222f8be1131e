import type { DuckDBConnection } from '@duckdb/node-api';
import { numbersOf, rowsOf } from '../store/database.js';
import { likelyTimes } from '../table/column-kinds.js';
import type { StagedColumn } from '../table/staged-columns.js';
import { stagedTable } from '../table/staged-rows.js';

/** How a column's values represent times. */
export interface TimeFacts {
  readonly form: 'dates' | 'seconds since 1970' | 'days since 1970' | 'numbers such as 20240531';
  /** The first value that looks like a date but is not a valid one. */
  readonly odd?: string;
  /** It is unclear whether day or month comes first. */
  readonly ambiguous?: boolean;
}

/** Facts about a column's numbers. NaN if there are none. */
interface Numbers {
  readonly present: number;
  readonly numbers: number;
  readonly smallest: number;
  readonly largest: number;
}

/** Seconds since 1970, for 1973 to 2103, may be counted in these fractions of a second. */
const parts = [1, 1e3, 1e6, 1e9];
const [earliest, latest] = [1e8, 4.2e9];
/** Days since 1970, for 1980 to 2069. */
const [firstDay, lastDay] = [3652, 36_524];

/**
 * How a column's values represent times, if they may. Small numbers may be days only in files with dates of their own.
 */
export async function timeFacts(
  database: DuckDBConnection,
  column: StagedColumn,
  known: Numbers,
  hasDates: boolean,
): Promise<TimeFacts | undefined> {
  const { present, numbers, smallest, largest } = known;
  if (numbers > 0 && numbers < present) return undefined;
  if (numbers === 0) return present > 0 ? writtenDates(database, column, present) : undefined;
  if (parts.some((part) => smallest >= earliest * part && largest <= latest * part))
    return { form: 'seconds since 1970' };
  if (hasDates && smallest >= firstDay && largest <= lastDay) return { form: 'days since 1970' };
  if (column.type !== 'text' || smallest < 19_000_101 || largest > 21_001_231) return undefined;
  const [days = 0] = await numbersOf(database, [`count(try_strptime(${column.sql}, '%Y%m%d'))`], stagedTable);
  return days === present ? { form: 'numbers such as 20240531' } : undefined;
}

async function writtenDates(
  database: DuckDBConnection,
  column: StagedColumn,
  present: number,
): Promise<TimeFacts | undefined> {
  const ways = await likelyTimes(database, column);
  const right = ways.filter(({ values }) => values === present);
  if (right.length > 0) return { form: 'dates', ambiguous: right.length > 1 };
  const [best] = ways.toSorted((a, b) => b.values - a.values);
  if (best === undefined || best.values < 0.95 * present) return undefined;
  const odd = `${stagedTable} WHERE ${column.sql} IS NOT NULL AND ${best.sql} IS NULL`;
  const [[text] = []] = await rowsOf(database, `SELECT ${column.sql} FROM ${odd} ORDER BY rowid LIMIT 1`);
  return { form: 'dates', odd: String(text) };
}
