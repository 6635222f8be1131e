import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import type { CalendarPart } from '../encoding.js';
import { eachValue, numbersBy, numbersOf, queryNumbers, queryRows } from '../store/database.js';
import { shown } from './cell.js';
import type { InputColumn } from './column-roles.js';
import {
  daysExpression,
  isWritingOf,
  mostWhole,
  numberSql,
  partSql,
  type StagedColumn,
  type StagedRows,
  stagedTable,
  textSql,
  timeForms,
  timeOfNumbers,
  timesOfText,
} from './staged-rows.js';

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
  const columnOf = ({ name, of = name }: InputColumn) => must(staged.columns.get(of), of);
  const inferred = inputs.filter(({ kind }) => kind === undefined);
  const open = new Set(inferred.map(columnOf));
  const facts = await statistics(database, new Set(inputs.map(columnOf)), open);
  const factsOf = (column: StagedColumn) =>
    facts.get(column) ?? { present: 0, numbers: 0, isWhole: true, isLong: false };
  const where = (is: (statistics: Statistics) => boolean) => [...open].filter((column) => is(factsOf(column)));
  const areNumbers = ({ present, numbers }: Statistics) => numbers > 0 && numbers >= (1 - oddShare) * present;
  const times = await likelyTimes(
    database,
    where(({ numbers }) => numbers === 0),
  );
  const many = await columnsOfMany(
    database,
    where((one) => areNumbers(one) && one.isWhole && !one.isLong),
  );
  const known: KnownInput[] = [];
  for (const input of inputs) {
    const column = columnOf(input);
    const facts = factsOf(column);
    const { present, numbers } = facts;
    let { kind, time, lenient = false } = input;
    if (input.part !== undefined) {
      known.push(await calendarInput(database, { ...input, part: input.part }, column, present));
      continue;
    }
    if (kind === 'numeric' && input.lenient === undefined && numbers < present)
      time = (await timeExpression(database, column, present))?.place;
    if (kind === undefined) {
      if (present === 0) continue;
      kind = column.type === 'list' ? 'list' : 'categorical';
      if (areNumbers(facts) && !facts.isLong && (!facts.isWhole || many.has(column))) {
        kind = 'numeric';
        lenient = numbers < present;
        if (lenient) note(await oddTexts(database, column, present - numbers, present));
      } else if (numbers === 0) {
        time = onlyTime(times.get(column), present)?.place;
        if (time !== undefined) kind = 'numeric';
      }
    }
    const days = column.type === 'text' ? timesOfText(column.sql)[time ?? -1] : undefined;
    const faulty = days !== undefined || numbers < present;
    const number = days !== undefined ? daysExpression(days) : faulty ? numberSql(column) : `${column.sql}::DOUBLE`;
    const odd = input.lenient ? present - numbers : undefined;
    known.push({ ...input, kind, column, number, lenient, faulty, time, odd });
  }
  if (inferred.length > 0) note(kindsNote(inferred, known));
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
  const counts = await queryNumbers(database, [`count(${number})`, `min(${number})`, `max(${number})`], stagedTable);
  const [numbers = 0, smallest = Number.NaN, largest = Number.NaN] = counts;
  if (numbers === 0) return (await timeExpression(database, column, present))?.place;
  return numbers === present ? timeOfNumbers(smallest, largest)?.place : undefined;
}

interface Statistics {
  /** Rows with a value, and with a number. */
  readonly present: number;
  readonly numbers: number;
  /** Of the numbers: all are whole, one is too long to be a number. */
  readonly isWhole: boolean;
  readonly isLong: boolean;
}

/** Each expression costs a pass over the column, so what its type or its given kind says is not counted. */
async function statistics(
  database: DuckDBConnection,
  columns: Iterable<StagedColumn>,
  open: ReadonlySet<StagedColumn>,
): Promise<ReadonlyMap<StagedColumn, Statistics>> {
  const all = new Map<StagedColumn, Statistics>();
  for (const group of groupedBy(columns, (column) => [column.type, open.has(column)])) {
    const [{ type }] = group;
    const value = { ...group[0], sql: 'value' };
    const number = type === 'text' ? numberSql(value) : 'value'; // a number too large for 32 bits is whole
    const isIn = (types: readonly string[]) => open.has(group[0]) && types.includes(type);
    const expressions = [
      'count(value)',
      `count(${type === 'whole' ? 'value' : numberSql(value)})`,
      isIn(['text', 'number']) ? `count(*) FILTER (${number} <> trunc(${number}))` : '0',
      isIn(['text', 'whole']) ? `count(*) FILTER (${isLongWhole(value)})` : '0',
    ];
    const values = group.map(({ sql }) => sql);
    const found = await numbersOf(database, values, expressions, stagedTable);
    for (const [k, column] of group.entries()) {
      const [present = 0, numbers = 0, broken = 0, long = 0] = found(k);
      all.set(column, { present, numbers, isWhole: broken === 0, isLong: long > 0 });
    }
  }
  return all;
}

/** SQL of whether a value is a whole number that is too long to be a number, and so an id. */
function isLongWhole({ type, sql }: StagedColumn): string {
  if (type === 'whole') return `${sql} NOT BETWEEN ${-mostWhole} AND ${mostWhole}`;
  const isLong = `regexp_full_match(${sql}, '[-+]?\\d+') AND abs(number_of(${sql})) >= ${mostWhole}`; // 2^53 + 1 becomes 2^53
  return `CASE WHEN strlen(${sql}) >= 16 THEN ${isLong} END`; // computed for long texts alone
}

/** Columns with more than a few different numbers. Most have them among their first rows. */
async function columnsOfMany(database: DuckDBConnection, columns: readonly StagedColumn[]): Promise<Set<StagedColumn>> {
  const many = new Set<StagedColumn>();
  for (const rows of [`(FROM ${stagedTable} LIMIT 10000)`, stagedTable]) {
    const left = columns.filter((column) => !many.has(column));
    for (const some of groupedBy(left, ({ type }) => type)) {
      const values = eachValue(
        some.map(({ sql }) => sql),
        rows,
      );
      const number = numberSql({ ...some[0], sql: 'value' });
      const different = `(SELECT DISTINCT input, value FROM ${values})`; // of few texts each is made a number once
      const counts = await numbersBy(
        database,
        `SELECT input, count(DISTINCT ${number}) FROM ${different} GROUP BY input`,
      );
      for (const [index, column] of some.entries()) if ((counts(index)[0] ?? 0) > fewValues) many.add(column);
    }
  }
  return many;
}

/** A way of writing times. */
interface TimeWay {
  /** In `timesOfText`. */
  readonly place: number;
  readonly sql: string;
}

/** A way of writing times that most of a column's first values have, and how many of all values have it. */
type LikelyTime = TimeWay & { readonly values: number };

/** The one way in which all values of a column are times. */
export async function timeExpression(
  database: DuckDBConnection,
  column: StagedColumn,
  present: number,
): Promise<TimeWay | undefined> {
  return onlyTime((await likelyTimes(database, [column])).get(column), present);
}

function onlyTime(likely: readonly LikelyTime[] = [], present: number): TimeWay | undefined {
  const right = likely.filter(({ values }) => values === present);
  return right.length === 1 ? right[0] : undefined; // 01/02/2024 may be in January or in February
}

/**
 * The ways of writing times that most of a column's first values have. Columns without any are left out.
 */
async function likelyTimes(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
): Promise<ReadonlyMap<StagedColumn, readonly LikelyTime[]>> {
  const texts = columns.filter(({ type }) => type === 'text');
  const likely = new Map<StagedColumn, LikelyTime[]>();
  if (texts.length === 0) return likely;
  const ways = timesOfText('value');
  const values = eachValue(
    texts.map(({ sql }) => sql),
    stagedTable,
    ['rowid AS row'],
  );
  const first = `SELECT input, unnest(arg_min(value, row, 1000)) AS value FROM ${values} WHERE value IS NOT NULL GROUP BY input`;
  const mayBe = "number_of(value) IS NULL AND (value < ':' OR lower(value[1]) IN ('e', 'i'))"; // DuckDB reads epoch and infinity
  const counts = ways.map((way) => `count(CASE WHEN ${mayBe} THEN ${way} END)`).join(', ');
  const sample = await numbersBy(database, `SELECT input, count(*), ${counts} FROM (${first}) GROUP BY input`);
  for (const [way, counted] of ways.entries()) {
    const some = texts.filter((_, index) => {
      const [rows = 0, ...fitting] = sample(index);
      return rows > 0 && (fitting[way] ?? 0) >= 0.95 * rows;
    });
    const counts = await numbersOf(
      database,
      some.map(({ sql }) => sql),
      [`count(${counted})`],
      stagedTable,
    );
    for (const [index, column] of some.entries()) {
      const time = { place: way, sql: must(timesOfText(column.sql)[way], 'way'), values: counts(index)[0] ?? 0 };
      likely.set(column, [...(likely.get(column) ?? []), time]);
    }
  }
  return likely;
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

function kindsNote(inferred: readonly InputColumn[], knownInputs: readonly KnownInput[]): string {
  const leftOut = 'without values, left out';
  const kinds = new Map(knownInputs.map(({ name, kind }) => [name, kind]));
  const parts = (['numeric', 'categorical', 'list', leftOut] as const).flatMap((kind) => {
    const names = inferred.flatMap(({ name }) => ((kinds.get(name) ?? leftOut) === kind ? [name] : []));
    const some = names.length > 12 ? `${names.slice(0, 12).join(', ')}, … (${names.length})` : names.join(', ');
    return names.length > 0 ? [`${kind}: ${some}`] : [];
  });
  return `Kinds of columns were inferred (dataset.columns overrides): ${parts.join('; ')}.`;
}
