import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type { CalendarPart } from '../data/encoding.js';
import { eachValue, literals, queryNumbers, queryRows } from '../data/store/database.js';
import { columnKinds, fewValues, type KnownInput } from '../data/table/column-kinds.js';
import {
  daysExpression,
  numberSql,
  type StagedRows,
  stagedTable,
  textSql,
  timeForms,
  timeOfNumbers,
} from '../data/table/staged-rows.js';

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
  /** As of `KnownInput`. */
  readonly looksDated: boolean;
  /**
   * Set where the values are times: the parts of the calendar that vary, and days alone if the rows were hardly made at
   * these times.
   */
  readonly parts: readonly CalendarPart[] | undefined;
  /** Whole numbers, one for each row, that grow from row to row by little, as row numbers do after rows were dropped. */
  readonly growsByRow: boolean;
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
    const texts = columns.filter(({ type }) => type === 'text');
    const cleared = texts.map(({ sql }) => `${sql} = CASE WHEN ${sql} NOT IN (${literals(among)}) THEN ${sql} END`);
    await database.run(`UPDATE ${stagedTable} SET ${cleared.join(', ')}`);
    return columnFacts(database, staged, among);
  }
  const unasked = columns.map(({ name }) => ({ name, kind: undefined }));
  const inputs = await columnKinds(database, unasked, staged);
  const growing = await growingByRow(database, staged, values);
  const facts: ColumnFacts[] = [];
  for (const [index, { name }] of columns.entries()) {
    const [column, input] = [values[index], inputs.find((one) => one.name === name)];
    const isDate = staged.files.every(({ file }) => file.types.get(name)?.time);
    const parts = column && input && (await calendarParts(database, index, column, input, isDate));
    const { kind, looksDated = false } = input ?? {};
    if (column)
      facts.push({ ...column, name, rows: staged.rows, kind, looksDated, parts, growsByRow: growing.has(name) });
  }
  return { facts, missing };
}

/**
 * The columns that have a whole number for each row, which grows from row to row. The first rows rule out nearly all
 * others, since a statement for each column of a wide table takes long.
 */
async function growingByRow(
  database: DuckDBConnection,
  { columns, rows }: StagedRows,
  values: readonly z.infer<typeof valueFacts>[],
): Promise<ReadonlySet<string>> {
  const unique = [...columns.values()].filter((_, index) => {
    const { whole = false, different = 0, smallest = 0, largest = 0 } = values[index] ?? {};
    return whole && different === rows && rows > enoughRows && largest - smallest < mostGap * rows;
  });
  if (unique.length === 0) return new Set();
  const firstRows = `${stagedTable} ORDER BY rowid LIMIT ${enoughRows}`;
  const first = await queryRows(database, `SELECT ${unique.map(numberSql).join(', ')} FROM ${firstRows}`);
  const growing = new Set<string>();
  for (const [c, column] of unique.entries()) {
    if (first.some((row, r) => r > 0 && Number(row[c]) <= Number(first[r - 1]?.[c]))) continue;
    const number = numberSql(column);
    const pairs = `(SELECT ${number} <= lag(${number}) OVER (ORDER BY rowid) AS falls FROM ${stagedTable})`;
    const [falls] = await queryNumbers(database, ['count(*) FILTER (falls)'], pairs);
    if (falls === 0) growing.add(column.name);
  }
  return growing;
}

async function readValueFacts(database: DuckDBConnection) {
  const rowsWith = (condition: string) => `coalesce(sum(rows) FILTER (${condition}), 0)::DOUBLE`;
  const result = await database.runAndReadAll(`WITH
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
  return z.array(valueFacts).parse(result.getRowObjectsJS());
}

/** Seconds since 1970 are times in this range, in days: 1990 to May 2033, since ids that begin with a year are above. */
const [earliest, latest] = [7305, 23_148];
/** The rows of most tables were made within 30 years. Dates of birth span more. */
const mostDays = 10_958;

/**
 * The parts of a column of times: dates as the loader reads them, or numbers of seconds or such as 20240531. Of dates
 * that span more than 30 years, their days.
 * @param index Of the column in the profile, which is narrow: a statement binds all columns of a wide table.
 * @param isDate The column has a type of dates, whose values are days.
 */
async function calendarParts(
  database: DuckDBConnection,
  index: number,
  { present, numbers, smallest, largest, different }: z.infer<typeof valueFacts>,
  { column, kind, time }: KnownInput,
  isDate: boolean,
): Promise<readonly CalendarPart[] | undefined> {
  const ofNumbers = numbers === present ? timeOfNumbers(smallest, largest) : undefined;
  const isTime = time !== undefined || (ofNumbers?.form === 'days since 1970') === isDate;
  const form = timeForms({ ...column, type: 'text', sql: 'value' })[time ?? ofNumbers?.place ?? -1];
  if (kind !== 'numeric' || form === undefined || !isTime || different < fewValues) return undefined;
  const days = daysExpression(form);
  const [first = 0, last = 0, ofDays = 0, partial = 0] = await queryNumbers(
    database,
    [
      `min(${days})`,
      `max(${days})`,
      `sum(rows) FILTER (${days} IS NOT NULL)`,
      `count(*) FILTER (${days} <> trunc(${days}))`,
    ],
    `profile WHERE input = ${index}`,
  );
  const isDated = time !== undefined || isDate;
  const isLikely = ofNumbers?.form !== 'seconds since 1970' || (first >= earliest && last <= latest);
  if ((!isDated && ofDays < present) || !isLikely || last - first < 1) return undefined;
  if (last - first > mostDays) return isDated ? ['days'] : undefined;
  return [...(last - first > 31 ? ['month' as const] : []), 'weekday', ...(partial > 0 ? ['hour' as const] : [])];
}

/** Values of one statement. More of them are grouped more slowly, column by column almost as fast. */
const valuesAtOnce = 2 ** 20;

/**
 * Makes the temporary table `profile`: a row for each distinct value of each column. It has `input`, the column's place;
 * `value`, which may be NULL; and `rows`, how many rows have the value. Facts about columns are queries of this table,
 * which is small where values repeat.
 * @param rows Of the relation, about.
 * @param columns SQL of their values, all of one type.
 */
export async function profile(
  database: DuckDBConnection,
  relation: string,
  rows: number,
  columns: readonly string[],
): Promise<void> {
  const columnsAtOnce = Math.max(1, Math.floor(valuesAtOnce / Math.max(1, rows)));
  for (let first = 0; first < columns.length; first += columnsAtOnce) {
    const values = eachValue(columns.slice(first, first + columnsAtOnce), relation, [], first);
    const into = first === 0 ? 'CREATE OR REPLACE TEMP TABLE profile AS' : 'INSERT INTO profile';
    await database.run(`${into} SELECT input, value, count(*) AS rows FROM ${values} GROUP BY input, value`);
  }
}

/** What the config says about an input. `inferred`: nothing, as the kind that the loader infers is right. */
type InputKind = 'inferred' | 'categorical' | 'ignored' | { readonly kind: string; readonly [option: string]: unknown };

/** Number of indexes of a hash. With no more values, a dictionary is smaller. */
const hashSize = 2 ** 18;

/** Eleven rules for columns that are no tasks, from top to bottom: the first whose test holds is taken. */
const inputRules: readonly (readonly [
  test: (column: ColumnFacts) => unknown,
  kind: InputKind | ((column: ColumnFacts) => InputKind),
  why: string,
])[] = [
  [
    (c) => nameSays(c) === 'a label',
    'ignored',
    'left out for its name, which labels often have; known before? Then delete this line',
  ],
  [(c) => c.present === 0, 'ignored', 'has no value'],
  [(c) => c.different === 1 && c.present === c.rows, 'ignored', 'is the same in every row'],
  [separator, (c) => ({ kind: 'list', separator: separator(c) }), 'lists?'],
  [(c) => c.parts, ({ parts }) => ({ kind: 'time', parts }), 'a time by its values: its parts'],
  [
    (c) => c.looksDated,
    'ignored',
    'looks like dates, read as text: write them as 2024-05-31, or let a query do so (strptime)',
  ],
  [isOfRows, 'ignored', 'has almost a value of its own in every row'],
  [(c) => c.kind === 'numeric' && c.different <= 60 && calendar.has(lastWord(c)), 'categorical', 'of the calendar'],
  [
    (c) => (isId(c) || c.kind === 'categorical') && c.different > hashSize,
    { kind: 'categorical', hash: hashSize },
    'ids',
  ],
  [(c) => c.kind === 'numeric' && isId(c), 'categorical', 'an id?'],
  [() => true, 'inferred', ''],
];

export interface Input {
  readonly name: string;
  readonly kind: InputKind;
  readonly why: string;
  /** Absent for a column whose type is not supported. */
  readonly column?: ColumnFacts;
}

/** What the first rule says. */
export function inputGuess(column: ColumnFacts): Input {
  const [, kind, why] = inputRules.find(([test]) => test(column)) ?? ['', 'inferred', ''];
  return { name: column.name, kind: typeof kind === 'function' ? kind(column) : kind, why, column };
}

/** The label columns, and why. Of the choices, from top to bottom, the first that has columns is taken. */
export function guessedLabels(
  columns: readonly ColumnFacts[],
): readonly (readonly [column: ColumnFacts, why: string])[] {
  const possible = columns.filter(canBeLabel);
  const named = (says: ReturnType<typeof nameSays>) => possible.filter((column) => nameSays(column) === says);
  const bits = columns.slice(columns.findLastIndex((column) => !isBinary(column)) + 1);
  const choices: readonly (readonly [labels: readonly ColumnFacts[], why: string])[] = [
    [named('a label'), 'a label by its name'],
    [named('perhaps').slice(-1), 'a label? Its name may be one'],
    [bits.length < columns.length ? bits : [], 'a label? 0 and 1, at the end of the row'],
    [possible.slice(-1), 'a label? The last column that can be one'],
  ];
  const [labels = [], why = ''] = choices.find(([some]) => some.length > 0) ?? [];
  return labels.map((column) => [column, why]);
}

/** Whether it has two values, or numbers that are neither ids nor times. */
export function canBeLabel(column: ColumnFacts): boolean {
  const areAmounts = column.numbers === column.present && !column.parts && !isOfRows(column) && !isId(column);
  return column.different === 2 || (column.different > 2 && areAmounts);
}

/** Whether a name is that of a result of the row: of an event if there are two values, else of an amount. */
export function nameSays(column: ColumnFacts): 'a label' | 'perhaps' | undefined {
  const { name, different, numbers, present } = column;
  const words = splitWords(name);
  const [any, last] = [(set: ReadonlySet<string>) => words.some((word) => set.has(word)), words.at(-1) ?? ''];
  const isPast = any(history) || words.some((word) => /^\d+(d|h|w|days?|hours?|weeks?)$/.test(word));
  if (isPast || isId(column) || (different > 2 && numbers < 0.9 * present)) return undefined;
  if (perhaps.has(different > 2 ? last : words.join(' '))) return 'perhaps';
  const isResult = any(results) || words.some((word) => /^(y\d+|(label|target)\d*)$/.test(word));
  const isAmount = any(amounts) || (any(measures) && any(attention));
  const isEvent =
    any(events) || /^class_?\d*$/.test(words.join('_')) || (/[a-z]{3,}ed$/.test(last) && !states.has(last));
  return isResult || (different > 2 ? isAmount : isEvent) ? 'a label' : undefined;
}

/** Whether it has the values 0 and 1. */
export function isBinary({ different, values }: ColumnFacts): boolean {
  return different === 2 && values.every(({ texts }) => texts.every((text) => /^([01](\.0)?|true|false)$/i.test(text)));
}

/** Whether whole numbers or texts stand for things: by the name; in a file without names, those that count things. */
export function isId(column: ColumnFacts): boolean {
  const { name, whole, kind, smallest, largest, different, present } = column;
  const isCount = /^\d+$/.test(name) && different >= 150 && smallest >= 0 && largest < different + 1;
  const last = lastWord(column);
  const isNamed =
    idEndings.has(last) || entities.has(last) || (/[a-z]id$/.test(last) && entities.has(last.slice(0, -2)));
  return (whole || kind === 'categorical') && (isNamed || (isCount && present >= 2 * different));
}

/** With this many rows, distinct values in every row are not chance. */
const enoughRows = 100;

/** Row numbers are this far apart at most, on average, where few rows of a table were kept. Times of rows are farther apart. */
const mostGap = 1000;

/** Almost every row has a value of its own, and the values measure nothing. */
function isOfRows(column: ColumnFacts): boolean {
  const { name, kind, rows, different, present, smallest, largest, whole, growsByRow } = column;
  const isRowNumber = rowNumber.test(splitWords(name).join('_'));
  const isOneEach = whole && different === rows;
  const countsRows = growsByRow || (isOneEach && (largest - smallest < rows || unnamed.test(name)));
  const measures = kind !== 'categorical' && !isId(column) && !isRowNumber;
  return present > enoughRows && (countsRows || (different > present * (isId(column) ? 0.9 : 0.5) && !measures));
}

function separator({ kind, bars, semicolons, present }: ColumnFacts): string | undefined {
  if (kind === 'list') return undefined;
  return bars > present / 3 ? '|' : semicolons > present / 3 ? ';' : undefined;
}

const lastWord = ({ name }: ColumnFacts) => splitWords(name).at(-1) ?? '';

/** `userId`, `user_id` and `User ID` are the same two words. */
function splitWords(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const results = set('outcome response ctr cvr ctcvr vtr vcr shr cmr ltr');
const events = set(
  'click clicks visit convert conversion purchase buy bought like likes dislike hate share forward comment follow subscribe save reply ' +
    'enter install download signup churn fraud spam cancel complete finish skip watch view play open bounce paid won lost ' +
    'survived died success failure default return order y', // a number `y` may be a coordinate
);
/** Words that name a label in some tables, and what was known before in others. */
const perhaps = set('default order price cost salary wage income sales score delay demand');
const amounts = set('rating ratings stars revenue spend spent gmv ltv dwell watchtime playtime profit completion');
const measures = set(
  'time seconds second secs sec s ms minutes mins duration length ratio rate share percent pct part',
);
const attention = set(
  'watch watched watching view viewed viewing play played playing read reading listen listened dwell stay stayed complete completed',
);
/** Words for what was known before. */
const history = set(
  'prev previous last past hist history historical total avg average mean median max num number count counts cnt ever before ' +
    'prior recent rolling lifetime expected predicted',
);
/** Past participles that are not events, and words that only look like one. */
const states = set(
  'aged allowed authenticated based bed born breed bundled certified colored coloured combined connected dated disabled ' +
    'discounted educated embed employed enabled featured feed fixed furnished handed indeed insured limited localized logged married ' +
    'mixed need owned personalized promoted ranked red registered related rented required seed shaped sized speed sponsored ' +
    'supported targeted unemployed used verified weed weighted',
);
const idEndings = set('id ids uid uuid guid sku asin isbn zip zipcode postcode code hash cookie ip');
const entities = set(
  'user item movie film product ad advert campaign creative author creator advertiser publisher seller merchant store shop brand ' +
    'category genre video song track artist album book customer client member visitor session device browser os channel page site ' +
    'domain app placement city region country state county hotel restaurant course student account',
);
const rowNumber =
  /^(id|index|idx|unnamed_0|no|nr|row_?names?|(row|line|record|sample|impression|event|request|log)(_?(id|number|no|nr|index))?)$/;
/** What a column of row numbers is called that got no name of its own: by its place here, by R, and in older data sets. */
const unnamed = /^(1|x|obs|unnamed: 0)$/i;
const calendar = set('hour hourmin weekday dow dayofweek month day week quarter hourofday dayofmonth weekofyear');
