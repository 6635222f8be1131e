import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import { someOf } from '../../support/text.js';
import type { CalendarPart } from '../encoding.js';
import { eachValue, numbersBy, numbersOf, queryNumbers } from '../store/database.js';
import type { InputColumn } from './column-roles.js';
import {
  daysExpression,
  isWritingOf,
  looksLikeDate,
  mostWhole,
  numberSql,
  partSql,
  type StagedColumn,
  type StagedRows,
  shownTexts,
  stagedTable,
  timeForms,
  timeOfNumbers,
  timesOfText,
} from './staged-rows.js';

/** Whole numbers with no more different values than this are taken for categories. */
export const fewValues = 20;

/** A column of numbers or times may have so few other texts among its values, which are then missing. */
const oddShare = 0.05;

/** An input column with its kind, and the SQL of its values. */
export interface KnownInput extends InputColumn {
  readonly kind: 'categorical' | 'numeric' | 'list';
  readonly column: StagedColumn;
  /** SQL of a numeric column's number: NULL for a missing value. */
  readonly number: string;
  /** Inferred as a category, though most of its texts look like dates. */
  readonly looksDated?: boolean;
  /** A value may be no number, or no time. */
  readonly faulty: boolean;
  /** SQL of the text, where the input is a part of a time that is a category. */
  readonly text?: string | undefined;
}

/**
 * The kinds of the columns whose kind is not given, from all of their values. Numeric: all are numbers (but for one in
 * twenty), no whole one is beyond 2^53, and some are not whole, or there are more than 20 different ones. Times (but for
 * one in twenty) are numeric, in days since 1970. Columns without values are left out.
 * @param note Absent: what only notes need is not read.
 */
export async function columnKinds(
  database: DuckDBConnection,
  inputs: readonly InputColumn[],
  staged: StagedRows,
  note?: (message: string) => void,
): Promise<readonly KnownInput[]> {
  const columnOf = ({ name, of = name }: InputColumn) => staged.column(of);
  const inferred = inputs.filter(({ kind }) => kind === undefined);
  const open = new Set(inferred.map(columnOf));
  const facts = await statistics(database, new Set(inputs.map(columnOf)), open);
  const times = await likelyTimes(
    database,
    [...facts].flatMap(([column, { present, numbers }]) => (numbers <= oddShare * present ? [column] : [])),
  );
  const many = await columnsOfMany(
    database,
    [...open].filter((column) => facts.get(column)?.areNumbers && facts.get(column)?.isWhole),
  );
  const known: KnownInput[] = [];
  const noted = new Set<StagedColumn>(); // several inputs may be parts of one column
  for (const input of inputs) {
    const column = columnOf(input);
    const values = {
      ...must(facts.get(column), column.name),
      hasMany: many.has(column),
      times: times.get(column),
    };
    if (input.kind === undefined && values.present === 0) continue;
    const reading = readingOf(input, column, values);
    const one = await knownInput(database, input, column, reading, values);
    known.push(one);
    if (!note || isOfTrainedModel(input) || noted.has(column)) continue;
    noted.add(column);
    for (const message of await oddities(database, one, reading.odd, values.present)) note(message);
  }
  if (note && inferred.length > 0) note(kindsNote(inferred, known));
  return known;
}

/** What is known of a column's values. */
interface ValueFacts extends Statistics {
  /** There are more different ones than a category would have. */
  readonly hasMany: boolean;
  /** Ways of writing times that many of them have. Undefined: they do not look like dates. */
  readonly times: readonly LikelyTime[] | undefined;
}

/** The kind of an input and how its values are read. */
interface ValueReading extends Pick<KnownInput, 'kind'> {
  /** How its times are written. Undefined: they are no times, or the ways are ambiguous. */
  readonly way: LikelyTime | undefined;
  /** How many values are neither numbers nor times. */
  readonly odd: number;
  /** Odd values count as missing. */
  readonly lenient: boolean;
  /** A category by its values, though most look like dates. */
  readonly looksDated: boolean;
}

function readingOf({ kind, part }: InputColumn, { type }: StagedColumn, values: ValueFacts): ValueReading {
  const { present, numbers, areNumbers, isWhole, hasMany, times } = values;
  const way = onlyTime(times, present);
  const isNumeric = way !== undefined || (areNumbers && (!isWhole || hasMany));
  const inferred = isNumeric ? 'numeric' : type === 'list' ? 'list' : 'categorical';
  const odd = present - (way?.values ?? numbers);
  return {
    kind: kind ?? inferred,
    way,
    odd,
    lenient: odd > 0 && (part !== undefined || (kind === undefined && isNumeric)),
    looksDated: kind === undefined && !isNumeric && times !== undefined,
  };
}

/** Rows of a trained model are read as those of training were. */
function isOfTrainedModel({ time, lenient }: InputColumn): boolean {
  return time !== undefined || lenient !== undefined;
}

async function knownInput(
  database: DuckDBConnection,
  input: InputColumn,
  column: StagedColumn,
  { kind, way, lenient, looksDated }: ValueReading,
  { numbers, present, areNumbers }: ValueFacts,
): Promise<KnownInput> {
  const read = isOfTrainedModel(input) ? input : { ...input, time: way?.place, lenient };
  const { part } = input;
  if (part !== undefined) return calendarInput(database, { ...read, part }, column, way, areNumbers);
  if (column.times !== undefined && read.time === undefined) throw noTimes(column);
  const days = column.type === 'text' ? timesOfText(column.sql)[read.time ?? -1] : undefined;
  const faulty = days !== undefined || numbers < present;
  const number = days !== undefined ? daysExpression(days) : faulty ? numberSql(column) : `${column.sql}::DOUBLE`;
  return { ...read, kind, column, number, faulty, looksDated };
}

/** @throws DataError for a column without times, and for one whose days and months cannot be told apart. */
async function calendarInput(
  database: DuckDBConnection,
  input: InputColumn & { readonly part: CalendarPart },
  column: StagedColumn,
  way: LikelyTime | undefined,
  areNumbers: boolean,
): Promise<KnownInput> {
  const { part } = input;
  let { time } = input;
  if (time === undefined || !isWritingOf(column, time))
    time = way?.place ?? (areNumbers ? await timeOfAllNumbers(database, column) : undefined);
  const stamp = timeForms(column)[time ?? -1];
  if (stamp === undefined) throw noTimes(column);
  const kind = part === 'days' ? 'numeric' : 'categorical';
  const text = kind === 'numeric' ? undefined : partSql[part](stamp);
  return { ...input, kind, column, time, faulty: true, number: daysExpression(stamp), text };
}

function noTimes({
  name,
  times = 'no times, or none in one format that tells days and months apart (2024-05-31 would)',
}: StagedColumn): DataError {
  return new DataError(`Column '${name}' has ${times}: columns: { ${name}: ignored } leaves it out.`);
}

/** The form of a column of numbers that are times. */
async function timeOfAllNumbers(database: DuckDBConnection, column: StagedColumn): Promise<number | undefined> {
  const number = numberSql(column);
  const [least = 0, most = 0] = await queryNumbers(database, [`min(${number})`, `max(${number})`], stagedTable);
  return timeOfNumbers(least, most)?.place;
}

/** What notes say of values that are read otherwise than they look. */
async function oddities(
  database: DuckDBConnection,
  { column, number, lenient, looksDated, time }: KnownInput,
  odd: number,
  present: number,
): Promise<readonly string[]> {
  const { name, type } = column;
  if (lenient) {
    const texts = await shownTexts(database, column, `${number} IS NULL`);
    const marks = type === 'text' ? 'list them in dataset.missing, or ' : '';
    return [
      `Column '${name}' has ${time === undefined ? 'numbers' : 'dates'} but for ${odd} of ${present} values: ${texts}. These count as missing; ${marks}say columns: { ${name}: categorical }.`,
    ];
  }
  if (!looksDated) return [];
  return [
    `Column '${name}' looks like dates, read as text: ${await shownTexts(database, column)}. Write them as 2024-05-31, or let dataset.query do so (strptime), or say columns: { ${name}: categorical }.`,
  ];
}

interface Statistics {
  /** Rows with a value, and with a number. */
  readonly present: number;
  readonly numbers: number;
  /** Almost all values are numbers, and none is too long to be one. */
  readonly areNumbers: boolean;
  /** All numbers are. */
  readonly isWhole: boolean;
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
      const areNumbers = numbers > 0 && numbers >= (1 - oddShare) * present && long === 0;
      all.set(column, { present, numbers, areNumbers, isWhole: broken === 0 });
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

/** A way of writing times that many of a column's first values have, and how many of all values have it. */
interface LikelyTime {
  /** In `timesOfText`. */
  readonly place: number;
  readonly values: number;
}

/** The one way in which all values of a column are times, or most are. */
export async function writingOfTimes(
  database: DuckDBConnection,
  column: StagedColumn,
  present: number,
): Promise<LikelyTime | undefined> {
  return onlyTime((await likelyTimes(database, [column])).get(column), present);
}

function onlyTime(likely: readonly LikelyTime[] = [], present: number): LikelyTime | undefined {
  const [all = [], most = []] = [present, (1 - oddShare) * present].map((least) =>
    likely.filter(({ values }) => values >= least),
  );
  const right = all.length > 0 ? all : most;
  return right.length === 1 ? right[0] : undefined; // 01/02/2024 may be in January or in February
}

/** The columns half of whose first values look like dates, with the ways of writing times that half of them have. */
async function likelyTimes(
  database: DuckDBConnection,
  columns: readonly StagedColumn[],
): Promise<ReadonlyMap<StagedColumn, readonly LikelyTime[]>> {
  const texts = columns.filter(({ type }) => type === 'text');
  const likely = new Map<StagedColumn, LikelyTime[]>();
  if (texts.length === 0) return likely;
  const counts = timesOfText('value').map((way) => `count(${way})`);
  const values = eachValue(
    texts.map(({ sql }) => sql),
    stagedTable,
    ['rowid AS row'],
  );
  const first = `SELECT input, unnest(arg_min(value, row, 1000)) AS value FROM ${values} WHERE value IS NOT NULL GROUP BY input`;
  const dated = `count(*) FILTER (${looksLikeDate('value')})`;
  const sample = await numbersBy(
    database,
    `SELECT input, count(*), ${dated}, ${counts} FROM (${first}) GROUP BY input`,
  );
  for (const [index, column] of texts.entries()) {
    const [rows = 0, dated = 0] = sample(index);
    if (rows > 0 && dated >= rows / 2) likely.set(column, []);
  }
  for (const [way, count] of counts.entries()) {
    const some = texts.filter((_, index) => {
      const [rows = 0, , ...fitting] = sample(index);
      return rows > 0 && (fitting[way] ?? 0) >= rows / 2;
    });
    const numbers = await numbersOf(
      database,
      some.map(({ sql }) => sql),
      [count],
      stagedTable,
    );
    for (const [index, column] of some.entries()) {
      const time = { place: way, values: numbers(index)[0] ?? 0 };
      likely.set(column, [...(likely.get(column) ?? []), time]);
    }
  }
  return likely;
}

function kindsNote(inferred: readonly InputColumn[], knownInputs: readonly KnownInput[]): string {
  const [dates, leftOut] = ['dates, as days since 1970', 'without values, left out'];
  const kinds = new Map(knownInputs.map(({ name, kind, time }) => [name, time === undefined ? kind : dates]));
  const parts = ['numeric', dates, 'categorical', 'list', leftOut].flatMap((kind) => {
    const names = inferred.flatMap(({ name }) => ((kinds.get(name) ?? leftOut) === kind ? [name] : []));
    return names.length > 0 ? [`${kind}: ${someOf(names, 12)}`] : [];
  });
  return `Kinds of columns were inferred (dataset.columns overrides): ${parts.join('; ')}.`;
}
