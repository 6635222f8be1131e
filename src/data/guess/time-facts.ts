import type { DuckDBConnection } from '@duckdb/node-api';
import { must } from '../../support/must.js';
import { type CalendarPart, calendarParts } from '../dataset.js';
import { numbersOf, rowsOf } from '../store/database.js';
import { likelyTimes } from '../table/column-kinds.js';
import { partSql, type StagedColumn, type TimeForm, timeOfNumbers, timesOf } from '../table/staged-columns.js';
import { stagedTable } from '../table/staged-rows.js';

/** How a column's values represent times. */
export interface TimeFacts {
  readonly form: 'dates' | TimeForm;
  /** The first value that looks like a date but is not a valid one. */
  readonly odd?: string;
  /** It is unclear whether day or month comes first. */
  readonly ambiguous?: boolean;
  /** The parts that have more than one value. */
  readonly parts: readonly CalendarPart[];
}

/** Facts about a column's numbers. NaN if there are none. */
interface Numbers {
  readonly present: number;
  readonly numbers: number;
  readonly smallest: number;
  readonly largest: number;
}

/** Numbers may be days only in files with dates of their own, and only from 1980 to 2069. */
const [firstDay, lastDay] = [3652, 36_524];

/** How a column's values represent times, if they may. */
export async function timeFacts(
  database: DuckDBConnection,
  column: StagedColumn,
  known: Numbers,
  hasDates: boolean,
): Promise<TimeFacts | undefined> {
  const { present, numbers, smallest, largest } = known;
  if (numbers > 0 && numbers < present) return undefined;
  if (numbers === 0) return present > 0 ? writtenDates(database, column, present) : undefined;
  const found = timeOfNumbers(smallest, largest);
  if (found === undefined) return undefined;
  const { form, place } = found;
  if (form === 'days since 1970' && !(hasDates && smallest >= firstDay && largest <= lastDay)) return undefined;
  const sql = must(timesOf(column)[place], 'way');
  const [times = 0] = await numbersOf(database, [`count(${sql})`], stagedTable);
  return times === present ? { form, parts: await partsOf(database, sql) } : undefined;
}

/** The parts that differ. A trend over days is for the user to choose. */
async function partsOf(database: DuckDBConnection, time: string): Promise<readonly CalendarPart[]> {
  const parts = calendarParts.filter((part) => part !== 'days');
  const counts = await numbersOf(
    database,
    parts.map((part) => `count(DISTINCT ${partSql[part](time)})`),
    stagedTable,
  );
  return parts.filter((_, p) => (counts[p] ?? 0) > 1);
}

async function writtenDates(
  database: DuckDBConnection,
  column: StagedColumn,
  present: number,
): Promise<TimeFacts | undefined> {
  const ways = await likelyTimes(database, column);
  const right = ways.filter(({ values }) => values === present);
  const [only] = right;
  if (only) return { form: 'dates', ambiguous: right.length > 1, parts: await partsOf(database, only.sql) };
  const [best] = ways.toSorted((a, b) => b.values - a.values);
  if (best === undefined || best.values < 0.95 * present) return undefined;
  const odd = `${stagedTable} WHERE ${column.sql} IS NOT NULL AND ${best.sql} IS NULL`;
  const [[text] = []] = await rowsOf(database, `SELECT ${column.sql} FROM ${odd} ORDER BY rowid LIMIT 1`);
  return { form: 'dates', odd: String(text), parts: [] };
}
