import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import type { CalendarPart } from '../encoding.js';
import { literals, queryNumbers, queryRows } from '../store/database.js';
import { shown } from './cell.js';
import type { InputColumn } from './column-roles.js';
import {
  daysExpression,
  isWritingOf,
  mostWhole,
  numberSql,
  partSql,
  type StagedColumn,
  textSql,
  timeForms,
  timeOfNumbers,
  timesOfText,
} from './staged-columns.js';
import { type StagedRows, stagedTable } from './staged-rows.js';

/** Whole numbers with no more different values than this are taken for categories. */
export const fewValues = 20;

/** A number column may have so few other texts among its values, which are then missing. */
const oddShare = 0.05;

/** An input column with its kind, and the SQL of its values. */
export interface KnownInput extends InputColumn {
  readonly kind: 'categorical' | 'numeric' | 'list';
  readonly column: StagedColumn;
  /** Of a numeric column: NULL for a missing value. */
  readonly number: string;
  /** Numeric, though it has other texts: these are missing. */
  readonly lenient: boolean;
  /** How many. */
  readonly odd?: number | undefined;
  /** A value may be no number, or no time. */
  readonly faulty: boolean;
  /** Of a part of a time that is a category: SQL of its text. */
  readonly text?: string | undefined;
}

/** The staged rows, and what their inputs are. */
export interface KnownRows {
  readonly staged: StagedRows;
  readonly inputs: readonly KnownInput[];
}

/**
 * The kinds of the columns whose kind is not given, from all of their values. Numeric: all are numbers (but for one in
 * twenty), no whole one is beyond 2^53, and some are not whole, or there are more than 20 different ones. Times are
 * numeric, in days since 1970. Columns without values are left out.
 */
export async function columnKinds(
  database: DuckDBConnection,
  inputs: readonly InputColumn[],
  staged: StagedRows,
  note: (message: string) => void,
): Promise<readonly KnownInput[]> {
  const asked = inputs.map((input) => ({ input, column: stagedColumn(staged, input.of ?? input.name) }));
  const found = await statistics(database, asked);
  const known: KnownInput[] = [];
  for (const [i, { input, column }] of asked.entries()) {
    const { present = 0, numbers = 0, whole = true, long = 0 } = found[i] ?? {};
    const as = (kind: KnownInput['kind'], time?: number, lenient = input.lenient ?? false) => {
      const days = column.type === 'text' ? timesOfText(column.sql)[time ?? -1] : undefined;
      const faulty = days !== undefined || numbers < present;
      const number = days === undefined ? (faulty ? numberSql(column) : `${column.sql}::DOUBLE`) : daysExpression(days);
      known.push({
        ...input,
        kind,
        column,
        number,
        lenient,
        faulty,
        time,
        odd: input.lenient ? present - numbers : undefined,
      });
    };
    if (input.part !== undefined)
      known.push(await calendarInput(database, { ...input, part: input.part }, column, present));
    else if (input.kind !== undefined) {
      const isKnown = input.kind !== 'numeric' || input.lenient !== undefined || numbers === present;
      as(input.kind, isKnown ? input.time : (await timeExpression(database, column, present))?.place);
    } else if (present === 0) continue;
    else if (column.type === 'list') as('list');
    else if (numbers >= (1 - oddShare) * present && numbers > 0) {
      if (long > 0 || (whole && (await different(database, column)) <= fewValues)) as('categorical');
      else {
        as('numeric', undefined, numbers < present);
        if (numbers < present) note(await oddTexts(database, column, present - numbers, present));
      }
    } else {
      const time = numbers === 0 ? await timeExpression(database, column, present) : undefined;
      if (time === undefined) as('categorical');
      else as('numeric', time.place);
    }
  }
  noteKinds(inputs, known, note);
  return known;
}

/** @throws DataError for a column without times, and for one whose days and months cannot be told apart. */
async function calendarInput(
  database: DuckDBConnection,
  input: InputColumn & { readonly part: CalendarPart },
  column: StagedColumn,
  present: number,
): Promise<KnownInput> {
  const { part } = input;
  const isKnown = input.time !== undefined && isWritingOf(column, input.time);
  const time = isKnown ? input.time : await calendarTime(database, column, present);
  const stamp = timeForms(column)[time ?? -1];
  if (stamp === undefined)
    throw new DataError(
      `Column '${column.name}' has no times, or none in one format that tells days and months apart (2024-05-31 would): columns: { ${column.name}: ignored } leaves it out.`,
    );
  const kind = part === 'days' ? 'numeric' : 'categorical';
  return {
    ...{ ...input, kind, column, time, lenient: false, faulty: true },
    ...{ number: daysExpression(stamp), text: kind === 'numeric' ? undefined : partSql[part](stamp) },
  };
}

/** The way in which all values of a column are times. */
async function calendarTime(
  database: DuckDBConnection,
  column: StagedColumn,
  present: number,
): Promise<number | undefined> {
  const number = numberSql(column);
  const found = await queryNumbers(database, [`count(${number})`, `min(${number})`, `max(${number})`], stagedTable);
  const [numbers = 0, smallest = Number.NaN, largest = Number.NaN] = found;
  if (numbers === 0) return (await timeExpression(database, column, present))?.place;
  return numbers === present ? timeOfNumbers(smallest, largest)?.place : undefined;
}

function stagedColumn(staged: StagedRows, name: string): StagedColumn {
  const column = staged.columns.get(name);
  if (!column) throw new Error(`Column '${name}' is not staged`);
  return column;
}

/** Each expression costs a pass over the column, so what its type or its given kind says is not counted. */
async function statistics(
  database: DuckDBConnection,
  asked: readonly { readonly input: InputColumn; readonly column: StagedColumn }[],
) {
  const expressions = asked.flatMap(({ input, column }) => {
    const { type, sql } = column;
    const number = type === 'text' ? numberSql(column) : sql; // a number too large for 32 bits is whole
    const countWhere = (condition: string) => (input.kind === undefined ? `count(*) FILTER (${condition})` : '0');
    return [
      `count(${sql})`,
      `count(${type === 'whole' ? sql : numberSql(column)})`,
      type === 'text' || type === 'number' ? countWhere(`${number} <> trunc(${number})`) : '0',
      type === 'text' || type === 'whole' ? countWhere(isLongWhole(column)) : '0',
    ];
  });
  const values = await queryNumbers(database, expressions, stagedTable);
  return asked.map((_, c) => {
    const [present = 0, numbers = 0, broken = 0, long = 0] = values.slice(4 * c, 4 * c + 4);
    return { present, numbers, whole: broken === 0, long };
  });
}

/** SQL of whether a value is a whole number that is too long to be a number, and so an id. */
function isLongWhole({ type, sql }: StagedColumn): string {
  if (type === 'whole') return `${sql} NOT BETWEEN ${-mostWhole} AND ${mostWhole}`;
  const isLong = `regexp_full_match(${sql}, '[-+]?\\d+') AND abs(number_of(${sql})) >= ${mostWhole}`; // 2^53 + 1 becomes 2^53
  return `CASE WHEN strlen(${sql}) >= 16 THEN ${isLong} END`; // computed for long texts alone
}

/** Different numbers, as far as the first few. Most columns have more than these among their first rows. */
async function different(database: DuckDBConnection, column: StagedColumn): Promise<number> {
  let found = 0;
  for (const rows of [`${stagedTable} LIMIT 10000`, stagedTable]) {
    const all = `FROM (FROM ${rows})`;
    const values = column.type === 'text' ? `FROM (SELECT DISTINCT ${column.sql} ${all})` : all; // of few texts each is made a number once
    const from = `(SELECT DISTINCT ${numberSql(column)} AS value ${values} LIMIT ${fewValues + 2})`;
    [found = 0] = await queryNumbers(database, ['count(value)'], from);
    if (found > fewValues) break;
  }
  return found;
}

/** A way of writing times. */
interface TimeWay {
  /** In `timesOfText`. */
  readonly place: number;
  readonly sql: string;
}

/** The one way in which all values of a column are times. */
export async function timeExpression(
  database: DuckDBConnection,
  column: StagedColumn,
  present: number,
): Promise<TimeWay | undefined> {
  const right = (await likelyTimes(database, column)).filter(({ values }) => values === present);
  return right.length === 1 ? right[0] : undefined; // 01/02/2024 may be in January or in February
}

/**
 * The ways of writing times that most of a column's first values have, and how many of all values have each.
 * @param marks Values to ignore.
 */
export async function likelyTimes(
  database: DuckDBConnection,
  column: StagedColumn,
  marks: readonly string[] = [],
): Promise<readonly (TimeWay & { readonly values: number })[]> {
  if (column.type !== 'text') return [];
  const ways = timesOfText(column.sql).map((sql, place): TimeWay => ({ place, sql }));
  const counts = (some: readonly TimeWay[]) => some.map(({ sql }) => `count(${sql})`);
  const [sample = 0, ...fitting] = await queryNumbers(
    database,
    ['count(*)', ...counts(ways)],
    `(SELECT ${column.sql} FROM ${stagedTable} WHERE NOT list_contains([${literals(marks)}]::VARCHAR[], ${column.sql}) LIMIT 1000)`,
  );
  const likely = ways.filter((_, w) => sample > 0 && (fitting[w] ?? 0) >= 0.95 * sample);
  const values = await queryNumbers(database, counts(likely), stagedTable);
  return likely.map((way, w) => ({ ...way, values: values[w] ?? 0 }));
}

async function oddTexts(database: DuckDBConnection, column: StagedColumn, odd: number, present: number) {
  const text = textSql(column);
  const texts = await queryRows(
    database,
    `SELECT ${text} FROM ${stagedTable} WHERE ${column.sql} IS NOT NULL AND ${numberSql(column)} IS NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 6`,
  );
  const some = texts.slice(0, 5).map(([value]) => shown(String(value)));
  const list = texts.length > 5 ? `${some.join(', ')}, …` : some.join(', ');
  const marks = column.type === 'text' ? 'list them in dataset.missing, or ' : '';
  return `Column '${column.name}' has numbers but for ${odd} of ${present} values: ${list}. These count as missing; ${marks}say columns: { ${column.name}: categorical }.`;
}

function noteKinds(asked: readonly InputColumn[], known: readonly KnownInput[], note: (message: string) => void): void {
  const inferred = asked.filter(({ kind }) => kind === undefined);
  if (inferred.length === 0) return;
  const inferredKind = ({ index }: InputColumn) =>
    known.find((input) => input.index === index)?.kind ?? 'without values, left out';
  const parts = (['numeric', 'categorical', 'list', 'without values, left out'] as const).flatMap((kind) => {
    const names = inferred.filter((column) => inferredKind(column) === kind).map(({ name }) => name);
    const some = names.length > 12 ? `${names.slice(0, 12).join(', ')}, … (${names.length})` : names.join(', ');
    return names.length > 0 ? [`${kind}: ${some}`] : [];
  });
  note(`Kinds of columns were inferred (dataset.columns overrides): ${parts.join('; ')}.`);
}
