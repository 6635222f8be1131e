import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { someOf } from '../../support/text.js';
import type { SplitName } from '../dataset.js';
import { truths, truthValue } from '../encode/vocabulary.js';
import type { CalendarPart, CellReading } from '../encoding.js';
import { literal, literals, queryRows, withProgress } from '../store/database.js';
import { type Condition, conditionParts, day, parseNumber, shown } from './cell.js';

/** The table of staged rows, in the connection's own database. */
export const stagedTable = 'staged';

/** A file, or what else has rows. */
export interface TableFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly names: readonly string[];
  /** What each column's values are. Those of text files are texts. */
  readonly types: ReadonlyMap<string, ColumnType>;
  /** Columns whose values have no meaning here, such as structs, and their types. */
  readonly unsupported: ReadonlyMap<string, string>;
  /**
   * Calls `insert` with the query of some columns, of all rows in their order. It returns how many there were.
   * @param missing Texts that stand for a missing value.
   * @throws DataError for what cannot be read.
   */
  read(
    database: DuckDBConnection,
    columns: readonly StagedColumn[],
    missing: readonly string[],
    insert: (query: string) => Promise<number>,
  ): Promise<void>;
  /** Where a row stands, for messages. @param row From 0. */
  place(row: number): Promise<string>;
}

export interface ColumnType {
  readonly type: StagedType;
  /** SQL of a date as ISO 8601 writes it, where the type is one of dates, which are staged as days since 1970. */
  readonly time?: string;
}

/** Files by the split that they are for; those of `train` may be cut. */
export interface SplitFile {
  readonly split: SplitName;
  readonly file: TableFile;
}

/** Rows of files in a table, one file after the other. */
export interface StagedRows {
  /** By name. */
  readonly columns: ReadonlyMap<string, StagedColumn>;
  column(name: string): StagedColumn;
  readonly rows: number;
  /** Where each file's rows begin. */
  readonly files: readonly (SplitFile & { readonly first: number; readonly rows: number })[];
  /** `file:line: column 'x' is 'text'` of a row. */
  where(row: number, column: string): Promise<string>;
}

interface Staging {
  /** Gets the number of bytes of the files that have been read. */
  onBytes?(bytes: number): void;
  /** Numbers of typed files become texts, too. */
  readonly asTexts?: boolean;
  /** What is known of inputs, by column. */
  readonly inputOf?: ReadonlyMap<string, Input>;
}

type Input = CellReading & { readonly kind?: string | undefined };

/**
 * Stages the columns of `used`. A column has the type that all files have, else that of texts: as such all keep their
 * digits. Where some files have lists, texts are cut at the separator, as if their file were read alone. If the column is
 * to be no list, lists become texts.
 */
export async function stageRows(
  database: DuckDBConnection,
  files: readonly SplitFile[],
  used: ReadonlySet<string>,
  missing: readonly string[],
  { onBytes = () => undefined, asTexts = false, inputOf }: Staging = {},
): Promise<StagedRows> {
  for (const macro of macros) await database.run(macro);
  const names = must(files[0], 'file').file.names.filter((name) => used.has(name));
  const columns = names.map((name, index) => {
    const { type, ...column } = stagedColumn(name, index, files, inputOf?.get(name) ?? {});
    return { ...column, type: asTexts && type === 'number' ? 'text' : type };
  });
  const types = columns.map(({ sql, type }) => `${sql} ${databaseTypes[type]}`);
  await database.run(`CREATE OR REPLACE TABLE ${stagedTable} (${types.join(', ')})`);
  const staged: (SplitFile & { readonly first: number; readonly rows: number })[] = [];
  let [rows, bytes] = [0, 0];
  for (const { split, file } of files) {
    let count = 0;
    const insert = async (query: string) => {
      count = (await database.run(`INSERT INTO ${stagedTable} ${query}`)).rowsChanged;
      return count;
    };
    const onShare = (share: number) => onBytes(bytes + share * file.bytes);
    await withProgress(database, onShare, () => file.read(database, columns, missing, insert));
    bytes += file.bytes;
    onBytes(bytes);
    staged.push({ split, file, first: rows, rows: count });
    rows += count;
  }
  const byName = new Map(columns.map((column) => [column.name, column]));
  return {
    columns: byName,
    column: (name) => must(byName.get(name), `column '${name}'`),
    rows,
    files: staged,
    async where(row, name) {
      const column = byName.get(name);
      const sql = column ? textSql(column) : 'NULL';
      const [[text] = []] = await queryRows(database, `SELECT ${sql} FROM ${stagedTable} WHERE rowid = ${row}`);
      const source = staged.findLast(({ first }) => first <= row);
      const location = await source?.file.place(row - source.first);
      return `${location}: column '${name}' is ${shown(typeof text === 'string' ? text : '')}`;
    },
  };
}

function stagedColumn(name: string, index: number, files: readonly SplitFile[], input: Input): StagedColumn {
  const types = new Set(files.map(({ file }) => file.types.get(name)?.type ?? 'text'));
  const { kind = 'list', separator: mark = usualSeparator } = input;
  const separator = types.size > 1 && types.has('list') && kind === 'list' ? mark : undefined;
  const common = separator === undefined ? 'text' : 'list';
  const [type = common] = types.size === 1 ? types : [];
  return { name, type, sql: `c${index}`, separator, times: mixedTimes(files, name, input) };
}

/** What files have in a column that is to be read as times: some a type of these, and others texts. */
function mixedTimes(files: readonly SplitFile[], name: string, { kind = 'numeric', part, time, lenient }: Input) {
  const typed = files.find(({ file }) => file.types.get(name)?.time);
  const texts = files.find(({ file }) => file.types.get(name)?.type === 'text');
  const isRead = part || time !== undefined || (kind === 'numeric' && lenient === undefined);
  if (!typed || !texts || !isRead) return undefined;
  return `a type of times in ${typed.file.path}, and texts in ${texts.file.path} that are not written as 2024-05-31`;
}

/** @throws DataError for files that have other columns than the first, and for a used column of structs or the like. */
export function checkColumns(files: readonly SplitFile[], used: ReadonlySet<string> | undefined): void {
  const first = must(files[0], 'file').file;
  for (const { file } of files) {
    for (const [one, other] of [
      [first, file],
      [file, first],
    ] as const) {
      const others = new Set(other.names);
      const name = one.names.find((name) => !others.has(name));
      if (name !== undefined) throw new DataError(`${other.path} has no column '${name}', which ${one.path} has.`);
    }
    for (const [name, type] of file.unsupported) {
      if (!used?.has(name)) continue;
      throw new DataError(
        `${file.path}: column '${name}' is of type ${shown(type)}, which is not supported; leave it out: columns: { ${name}: ignored }.`,
      );
    }
  }
}

/** What a column of staged rows holds. Whole numbers are exact, of 64 bits. */
type StagedType = 'text' | 'whole' | 'number' | 'list';

/** The type in DuckDB. A missing value is NULL. */
export const databaseTypes = { text: 'VARCHAR', whole: 'BIGINT', number: 'DOUBLE', list: 'VARCHAR[]' } as const;

/** Blanks that stand around a value: those of `trim`, which reads other files. */
const blanks = Array.from({ length: 2 ** 16 }, (_, code) => String.fromCharCode(code)).filter(
  (letter) => letter.trim() === '',
);

/** A double has all whole numbers up to it. */
export const mostWhole = 2 ** 53;

/** SQL of a TIMESTAMP in days since 1970. */
export function daysExpression(time: string): string {
  return `epoch_ms(${time}) / ${day}.0`;
}

/**
 * SQL functions of staged values. Numbers are finite as 32-bit floats; no number begins behind `9`, and `1_000` and
 * `+-1` are none, though DuckDB reads them. `number_key` is `numberKey`, and the text itself where that is undefined.
 */
export const macros = [
  `CREATE OR REPLACE TEMP MACRO trimmed(t) AS trim(t, ${literal(blanks.join(''))})`,
  'CREATE OR REPLACE TEMP MACRO finite(x) AS CASE WHEN isfinite(TRY_CAST(x AS FLOAT)) THEN x END',
  `CREATE OR REPLACE TEMP MACRO number_of(t) AS CASE WHEN t < ':' AND NOT (contains(t, '_') OR contains(t, '+-')) THEN finite(TRY_CAST(t AS DOUBLE)) END`,
  "CREATE OR REPLACE TEMP MACRO number_key(t) AS CASE WHEN suffix(t, '.0') AND regexp_full_match(t, '(0|-?[1-9]\\d{0,14}|-?[1-8]\\d{15})\\.0') THEN t[:-3] WHEN lower(t) = 'true' THEN '1' WHEN lower(t) = 'false' THEN '0' ELSE t END",
  'CREATE OR REPLACE TEMP MACRO whole_text(x) AS CASE WHEN x = trunc(x) AND abs(x) < 1e15 THEN x::BIGINT::VARCHAR ELSE x::VARCHAR END',
];

/**
 * A text of a file: without the blanks around it, and NULL if it stands for a missing value. DuckDB plans `IN` with
 * many marks as a join for each column, so `list_contains` stands here.
 */
export function cleaned(text: string, missing: readonly string[]): string {
  const marks = missing.map((mark) => mark.trim());
  if (marks.length === 0) return trimmedText(text, missing);
  return `CASE WHEN NOT list_contains([${literals(marks)}], ${text}) THEN ${trimmedText(text, missing)} END`;
}

/**
 * `trimmed` for a text that is NULL where it exactly equals one of `missing`. Few texts have blanks around them:
 * comparisons find the others in a third of the time that trimming takes. `trimmed` stands there once, as DuckDB
 * computes what it meets twice for every row.
 */
export function trimmedText(text: string, missing: readonly string[]): string {
  const isBlank = (letter: string) => `list_contains([${literals(blanks)}], ${letter})`;
  const ends = blanks.filter((letter) => letter < '\u007f').map((letter) => `NOT suffix(${text}, ${literal(letter)})`);
  const plain = [`${text} BETWEEN '!' AND '~~~'`, `strlen(${text}) = length(${text})`, ...ends].join(' AND ');
  const marks = literals(missing.map((mark) => mark.trim()));
  const trimmed = marks === '' ? `trimmed(${text})` : `list_filter([trimmed(${text})], t -> t NOT IN (${marks}))[1]`;
  return `CASE WHEN ${plain} THEN ${text} WHEN ${isBlank(`${text}[1]`)} OR ${isBlank(`${text}[-1]`)} THEN ${trimmed} ELSE ${text} END`;
}

/** SQL of a staged column. */
export interface StagedColumn {
  readonly name: string;
  readonly type: StagedType;
  /** Its values, of the type in `databaseTypes`. */
  readonly sql: string;
  /** Some files have lists, and others texts, whose entries have this between them. */
  readonly separator?: string | undefined;
  /** Some files have a type of times, and others texts: which. All are texts, those of the type in ISO's way. */
  readonly times?: string | undefined;
}

const usualSeparator = '|';

/** NULL for what is no number. */
export function numberSql({ type, sql }: StagedColumn): string {
  if (type === 'text') return `number_of(${sql})`;
  return type === 'whole' ? `${sql}::DOUBLE` : type === 'number' ? `finite(${sql})` : 'NULL::DOUBLE';
}

/** The value as a text; of a list, its entries with commas between them. */
export function textSql({ type, sql }: Pick<StagedColumn, 'type' | 'sql'>): string {
  if (type === 'text') return sql;
  if (type === 'list') return `array_to_string(${sql}, ',')`;
  return type === 'whole' ? `${sql}::VARCHAR` : `whole_text(${sql})`;
}

/** Texts of a column in a message, the most frequent first. @param condition SQL that its values meet. */
export async function shownTexts(
  database: DuckDBConnection,
  column: StagedColumn,
  condition = 'true',
): Promise<string> {
  const rows = await queryRows(
    database,
    `SELECT ${textSql(column)} FROM ${stagedTable} WHERE ${column.sql} IS NOT NULL AND ${condition} GROUP BY 1 ORDER BY count(*) DESC, 1`,
  );
  const texts = rows.map(([text]) => shown(String(text)));
  return someOf(texts, 8);
}

/** The same for every spelling of a number: `7` and `7.0`, `1` and `true`. */
export function keySql(column: StagedColumn): string {
  return column.type === 'text' ? `number_key(${column.sql})` : textSql(column);
}

/** SQL of an aggregate over rows of one key: the text that all of them have, else the key. */
export function spelling(text: string, key: string): string {
  return `CASE WHEN min(${text}) = max(${text}) THEN min(${text}) ELSE ${key} END`;
}

/** SQL of the parts of a text between separators. */
export function cutText(text: string, separator: string): string {
  return `string_split(${text}, ${literal(separator)})`;
}

/** SQL of a list's entries, with their weights. */
export function listEntries(column: StagedColumn, separator = usualSeparator): string {
  const parts = column.type === 'list' ? column.sql : cutText(textSql(column), separator);
  return `coalesce(list_filter(list_transform(${parts}, e -> trimmed(e)), e -> e <> ''), []::VARCHAR[])`;
}

/** SQL of an entry without its weight. @param mark Stands before the weight. */
export function entryName(entry: string, mark: string): string {
  const last = `string_split(${entry}, ${literal(mark)})[-1]`;
  return `CASE WHEN contains(${entry}, ${literal(mark)}) THEN ${entry}[1:length(${entry}) - length(${last}) - ${[...mark].length}] ELSE ${entry} END`;
}

/** SQL of an entry's weight; NULL for what is no number. */
export function entryWeight(entry: string, mark: string): string {
  const last = `string_split(${entry}, ${literal(mark)})[-1]`;
  return `CASE WHEN contains(${entry}, ${literal(mark)}) THEN number_of(${last}) ELSE 1 END`;
}

/**
 * Whether a row meets a condition. A boolean equals 0 or 1, as in labels.
 * @returns `comparable` is false where a number is asked for and there is none; of a missing value neither says
 * anything.
 */
export function conditionSql(
  condition: Condition,
  column: StagedColumn,
): { readonly holds: string; readonly comparable: string } {
  const { operator, values } = conditionParts(condition);
  const [number, text] = [numberSql(column), textSql(column)];
  if (operator !== '=' && operator !== '!=')
    return { holds: `${number} ${operator} ${parseNumber(values[0] ?? '')}`, comparable: `${number} IS NOT NULL` };
  const numbers = values
    .map((value) => truthValue(value) ?? parseNumber(value))
    .filter((value) => !Number.isNaN(value));
  const words = column.type === 'text' ? truths.filter((_, truth) => numbers.includes(truth)) : [];
  const ways = [`${text} IN (${literals(values.map((value) => value.trim()))})`];
  if (words.length > 0) ways.push(`lower(${text}) IN (${literals(words)})`);
  if (numbers.length > 0) ways.push(`coalesce(${number} IN (${numbers.join(', ')}), false)`);
  const equal = ways.length > 1 ? `(${ways.join(' OR ')})` : ways.join('');
  return { holds: operator === '!=' ? `NOT ${equal}` : equal, comparable: 'true' };
}

/** How dates are written, beside ISO's way: 2024/05/31, 31.05.2024, 31/05/2024, 05/31/2024. A column has one way. */
const dateWays = [['%Y/%m/%d'], ['%d.%m.%Y'], ['%d/%m/%Y', '%d-%m-%Y'], ['%m/%d/%Y', '%m-%d-%Y']];
const textWays = 1 + dateWays.length;
const clocks = ['', ' %H:%M', ' %H:%M:%S'];
const iso = '\\d{4}-\\d{1,2}-\\d{1,2}([T ]\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d+)?)?\\s?(Z|UTC|[+-]\\d{2}:?\\d{2})?)?';

/** SQL of a calendar part of a TIMESTAMP. */
export const partSql: Readonly<Record<CalendarPart, (time: string) => string>> = {
  month: (time) => `month(${time})::VARCHAR`,
  weekday: (time) => `isodow(${time})::VARCHAR`,
  hour: (time) => `hour(${time})::VARCHAR`,
  days: daysExpression,
};

/** Numbers that are times: SQL of their milliseconds since 1970, and the smallest and the largest that are likely. */
const timeNumbers = [
  { form: 'days since 1970', from: -36_500, to: 73_000, milliseconds: (number: string) => `${number} * ${day}` },
  ...[1, 1e3, 1e6, 1e9].map((perSecond) => ({
    form: 'seconds since 1970' as const,
    from: 1e8 * perSecond, // 1973
    to: 4.2e9 * perSecond, // 2103
    milliseconds: (number: string) => `${number} * ${1000 / perSecond}`,
  })),
  {
    form: 'numbers such as 20240531',
    from: 19_000_101,
    to: 21_001_231,
    milliseconds: (number: string) => `epoch_ms(try_strptime(${number}::BIGINT::VARCHAR, '%Y%m%d'))`,
  },
] as const;

/** The way of `timesOf` in which numbers of this range are times. */
export function timeOfNumbers(
  smallest: number,
  largest: number,
): { readonly place: number; readonly form: TimeForm } | undefined {
  const index = timeNumbers.findIndex(({ from, to }) => smallest >= from && largest <= to);
  const form = timeNumbers[index]?.form;
  return form && { place: textWays + index, form };
}

type TimeForm = (typeof timeNumbers)[number]['form'];

/** Whether this way may be that of a column: a file with types has times as days, whatever they were in a text. */
export function isWritingOf({ type }: StagedColumn, way: number): boolean {
  return type === 'text' ? way !== textWays : way >= textWays;
}

/** SQL of a column's time, a TIMESTAMP in UTC, by each way: those of texts, then those of numbers. NULL: none. */
export function timeForms(column: StagedColumn): readonly string[] {
  const number = numberSql(column);
  const none = Array.from({ length: textWays }, () => 'NULL::TIMESTAMP');
  const ofNumbers = timeNumbers.map(({ from, to, milliseconds }) => {
    const time = `epoch_ms(round(${milliseconds(number)})::BIGINT)`;
    return `CASE WHEN ${number} BETWEEN ${from} AND ${to} THEN ${time} END`;
  });
  return [...(column.type === 'text' ? timesOfText(column.sql) : none), ...ofNumbers];
}

/** SQL of a text's time, a TIMESTAMP in UTC, by each way of writing it; NULL for what is none. */
export function timesOfText(sql: string): readonly string[] {
  return [
    `CASE WHEN regexp_full_match(${sql}, ${literal(iso)}) THEN TRY_CAST(${sql} AS TIMESTAMPTZ)::TIMESTAMP END`, // as TIMESTAMP the offset would be dropped
    ...dateWays.map((days) => {
      const formats = days.flatMap((day) => clocks.map((clock) => `${day}${clock}`));
      return `CASE WHEN ${sql} < ':' THEN try_strptime(${sql}, [${literals(formats)}]) END`; // `infinity` would be 1900
    }),
  ];
}

const month = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}';
/** Jun 12 1998; Fri, 12-Jun-98 20:00. */
const named = `([a-z]{3,9},? )?(\\d{1,4}[a-z]{0,2}[ ./,-]+)?${month}([ ./,-]+\\d{1,4}[a-z]{0,2}){1,2}`;
/** 1998-13-45, 06/12/1998, 12.06.98. */
const digits =
  '\\d{4}[./-]\\d{1,2}[./-]\\d{1,2}|\\d{1,2}[/-]\\d{1,2}[/-](\\d\\d){1,2}|\\d{1,2}\\.\\d{1,2}\\.\\d{4}|\\d\\d\\.\\d\\d\\.\\d\\d';

/** SQL of whether a text is a date to the eye, though it may be in none of `timesOfText`'s ways. */
export function looksLikeDate(sql: string): string {
  return `regexp_full_match(${sql}, ${literal(`(?i)(${named}|${digits})([ ,T].*)?`)})`;
}
