import type { CalendarPart } from '../data/encoding.js';
import { shown } from '../data/table/cell.js';
import type { ColumnFacts } from './column-facts.js';

/** What the rules for inputs see of a column. */
export interface Column extends ColumnFacts {
  /** It has a label's name, but is no task. */
  readonly isLabel?: boolean;
  /** The label that is 1 in every row in which the column has something. */
  readonly onlyWhere?: string | undefined;
  /** Of the time that could split the rows alone: its parts that vary, but for those that other columns have. */
  readonly parts?: readonly CalendarPart[];
}

/** What the config says about an input. `inferred`: nothing, as the kind that the loader infers is right. */
type InputKind =
  | 'inferred'
  | 'categorical'
  | 'ignored'
  | ({ readonly kind: string } & Readonly<Record<string, unknown>>);

type Rule<Guess> = readonly [
  test: (column: Column) => unknown,
  guess: Guess | ((column: Column) => Guess),
  why: string | ((column: Column) => string),
];

/** Number of indexes of a hash. With no more values, a dictionary is smaller. */
const hashSize = 2 ** 18;

/** Columns that are no labels, from top to bottom: the first rule whose test holds is taken. */
const inputRules: readonly Rule<InputKind>[] = [
  [(c) => c.isLabel && !varies(c), 'ignored', 'a label by its name, but the same in every row'],
  [(c) => c.isLabel, 'ignored', 'left out for its name, which labels often have; known before? Then delete this line'],
  [(c) => c.different === 0, 'ignored', 'has no value'],
  [(c) => !varies(c) && !hasMissing(c), 'ignored', 'is the same in every row'],
  [(c) => c.onlyWhere, 'ignored', (c) => `has something only where ${c.onlyWhere} is 1: known after it?`],
  [(c) => c.kind === 'list', 'inferred', ''],
  [(c) => listSeparator(c), listColumn, (c) => `looks like lists that '${listSeparator(c)}' separates`],
  [(c) => c.parts, (c) => (c.parts?.length ? { kind: 'time', parts: c.parts } : 'ignored'), timeRemark],
  [(c) => c.countsRows && c.rows > enoughRows, 'ignored', 'numbers the rows'],
  [(c) => c.words.row && isOfRows(c), 'ignored', 'has almost a value of its own in every row'],
  [
    (c) => isTime(c) && c.time?.ambiguous,
    'ignored',
    'dates of which day and month cannot be told apart: 2024-05-31 would be clear',
  ],
  [(c) => isAmount(c) && c.words.amount && oddTexts(c), 'ignored', oddLabelRemark],
  [(c) => isAmount(c) && areWhole(c) && c.words.calendar && c.different <= 60, 'categorical', 'a part of the calendar'],
  [isAmount, 'inferred', ''],
  [(c) => isOfRows(c) && (c.words.id || idReason(c)), 'ignored', 'has almost a value of its own in every row'],
  [isOfRows, 'ignored', 'has almost a value of its own in every row (an id? a text?)'],
  [
    (c) => c.different > hashSize,
    { kind: 'categorical', hash: hashSize },
    (c) => `${c.different} different, so hashed`,
  ],
  [(c) => c.kind === 'numeric', 'categorical', (c) => `${idReason(c)}: ${c.different} different`],
  [() => true, 'inferred', ''],
];

/** Numbers that are ids, from top to bottom. */
const idRules: readonly (readonly [test: (column: Column) => boolean, why: string])[] = [
  [(c) => c.words.id && !(c.words.thing && c.ordered), 'an id by its name'], // `campaign` may be a count: calls in a campaign
  [(c) => c.zerosInFront > 0, 'a code? with zeros in front'],
  [(c) => c.unnamed && isNumbered(c), 'an id? whole numbers without gaps'],
  [(c) => c.beyondFloat > c.numbers / 2 && c.alike && !c.time, 'an id? too large for a number'],
];

/** The first rule's guess, and why. */
export function inputGuess(column: Column): { readonly kind: InputKind; readonly why: string } {
  const [, kind, why] = inputRules.find(([test]) => test(column)) ?? (['', 'inferred', ''] as const);
  return {
    kind: typeof kind === 'function' ? kind(column) : kind,
    why: typeof why === 'function' ? why(column) : why,
  };
}

/** Why its numbers are those of things. */
function idReason(column: Column): string | undefined {
  return areWhole(column) ? idRules.find(([test]) => test(column))?.[1] : undefined;
}

/** With this many rows, distinct values in every row, or values that equal the row number, are not chance. */
const enoughRows = 100;

/** Almost every row has a value of its own. */
function isOfRows({ words, rows, different, present }: Column): boolean {
  return rows > enoughRows && different > present * (words.id ? 0.9 : 0.5);
}

/** Numbers that count or measure. */
function isAmount(column: Column): boolean {
  return column.kind === 'numeric' && idReason(column) === undefined;
}

/** Numbers of users or items have at least this many values. Ages and percentages have fewer. */
const manyNumbered = 150;

/** Whole numbers from 0 or 1 on without gaps. */
function isNumbered({ different, smallest, largest, present }: Column): boolean {
  const dense = different >= manyNumbered && different >= 0.9 * (largest - smallest + 1);
  return dense && (smallest === 0 || smallest === 1) && present >= 2 * different;
}

function listSeparator({ bars, semicolons, present }: Column): string | undefined {
  return bars > present / 3 ? '|' : semicolons > present / 3 ? ';' : undefined;
}

function listColumn(column: Column) {
  return { kind: 'list', separator: listSeparator(column) };
}

function timeRemark({ parts = [], time }: Column): string {
  const later = parts.includes('month') ? 'months that training lacks are unseen, and ' : '';
  return `a time by its values (${time?.form}): its parts; with a split by time, see below, ${later}\`days\` would lie beyond training's range`;
}

function oddLabelRemark({ odd }: Column): string {
  return `a label by its name, but ${shown(odd[0]?.text ?? '')} is no number`;
}

// What follows is asked of labels and splits, too.

/** Whether all values are 0 or 1. */
export function isBinary({ different, values }: Column): boolean {
  const isBit = (text: string) => isOne(text) || /^(0|0\.0|false)$/i.test(text);
  return different > 0 && values.length === different && values.every(({ text }) => isBit(text));
}

export function isOne(text: string): boolean {
  return /^(1|1\.0|true)$/i.test(text);
}

export function varies({ different }: Column): boolean {
  return different > 1;
}

export function hasMissing({ present, rows }: Column): boolean {
  return present < rows;
}

export function areNumbers({ numbers, present }: Column): boolean {
  return numbers > 0 && numbers === present;
}

/** Whether values are whole numbers, apart from a few other texts. */
function areWhole({ whole, numbers, present }: Column): boolean {
  return whole && numbers > 0 && numbers >= 0.95 * present;
}

/** Seconds since 1970 are from 1990 to May 2033, before 2,000,000,000: ids that begin with a year are above. In days. */
const [firstSeconds, lastSeconds] = [7305, 23_148];

/** The rows of most logs and tables were made within so many days, 30 years. Dates of birth span more. */
const mostDays = 10_958;

/**
 * Times at which the rows may have been made, by their values alone: enough distinct ones to split the rows, of several
 * days, within some years or in the order of the rows.
 */
function isTime({ different, time, words }: Column): boolean {
  if (time === undefined || different < 20 || words.id) return false;
  const { form, first, last, inOrder } = time;
  const isLikely = form !== 'seconds since 1970' || (first >= firstSeconds && last <= lastSeconds);
  return isLikely && last - first >= 1 && (inOrder || last - first <= mostDays);
}

/** The time that the loader can split rows by; of several, that with the most values. */
export function splitTime(columns: readonly Column[]): Column | undefined {
  const times = columns.filter((column) => isTime(column) && !hasMissing(column) && !column.time?.ambiguous);
  return times.toSorted((a, b) => b.different - a.different)[0];
}

/** Numbers that are neither ids nor times. */
export function areAmounts(column: Column): boolean {
  return areNumbers(column) && !isTime(column) && !column.countsRows && idReason(column) === undefined;
}

/** The value that most rows of a numeric column have, such as 0 in an amount. */
export function mostlyOne({ kind, values: [first], present }: Column): string | undefined {
  return kind === 'numeric' && first && first.count > present / 2 ? first.text : undefined;
}

/** Whether it identifies users, many of whom have several rows. */
export function isUserWithRows({ words, different, present }: Column): boolean {
  return words.user && different >= 20 && present >= 2 * different;
}

/**
 * With at least this many values, and fewer rows than this per value on average, a model memorizes the rows. Simulated
 * feeds had 5, 20, 80 and 400 rows for each user. A penalty of .001 gained .0051, .0015, .0012 and .0007 AUC of clicks,
 * and runs took no longer.
 */
const [manyValues, fewRows] = [1000, 100];

/** Whether it has many categories with few rows each. */
export function isSparse({ different, present }: Column): boolean {
  return different >= manyValues && present < fewRows * different;
}

/** The texts among numbers, which the loader treats as missing values, and their share. */
export function oddTexts({ kind, odd, numbers, present }: Column): string | undefined {
  if (kind !== 'numeric' || numbers === 0 || numbers === present) return undefined;
  const texts = odd.slice(0, 5).map(({ text }) => shown(text));
  return `${texts.join(', ')}${odd.length > 5 ? ', …' : ''} (${percent(present - numbers, present)} of the values)`;
}

export function percent(part: number, whole: number): string {
  return `${whole > 0 ? ((100 * part) / whole).toPrecision(3) : '-'} %`;
}
