import { isUtf8 } from 'node:buffer';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { partialPath, removeRemains } from '../../support/files.js';
import { readRawFile } from '../fetch/raw-file.js';
import { fileLiteral, literal, literals, machineFault, sqlReason } from '../store/database.js';
import { shown } from './cell.js';
import { cutText, type TableFile, trimmedText } from './staged-rows.js';

/** The dialect of a text file. */
export interface Dialect {
  readonly delimiter: string;
  readonly quote: string | null;
  /** The first line has names. */
  readonly header: boolean;
  /** Absent: UTF-8. */
  readonly encoding?: string | undefined;
  /** The mark in numbers such as `3,5`; they become `3.5`. */
  readonly decimal?: ',' | '.' | undefined;
}

/**
 * CSV or TSV, plain or packed. One pass in Node finds each row, and refuses what has a fault, by its line. Then DuckDB
 * reads the file, and must find as many rows: it leaves rows out without an error, as those behind a quote that is not
 * closed. Text in another encoding, and rows that end now in CRLF and now in LF, are read from a copy. So is what DuckDB
 * reads otherwise.
 */
export async function openTextTable(
  path: string,
  bytes: number,
  options: Dialect & { readonly exact: boolean; readonly names?: readonly string[] },
): Promise<TableFile> {
  const { header } = options;
  const [first = []] = (await readHead(path, options, 1)).records;
  const { names = first.map((name, c) => (header && name !== '' ? name : String(c + 1))) } = options;
  if (names.length !== first.length)
    throw new DataError(`${path} has ${first.length} columns; dataset.header names ${names.length}.`);
  const file = { path, names, options };
  return {
    path,
    bytes,
    names,
    types: new Map(names.map((name) => [name, { type: 'text' }])),
    unsupported: new Map(),
    read: (...query) => readText(file, ...query),
    place: (row) => lineOf(file, row),
  };
}

type TextOptions = Dialect & { readonly exact: boolean };

interface TextFile {
  readonly path: string;
  readonly names: readonly string[];
  readonly options: TextOptions;
}

/** A way for DuckDB to read a text file: the file or its plain copy, by one thread or several. */
interface Way {
  readonly source: string;
  readonly isCopy: boolean;
  readonly parallel: boolean;
}

type ReadArguments = Parameters<TableFile['read']>;

/** Has DuckDB insert the columns, the first way that finds all rows. @throws DataError if none does. */
async function readText(
  { path, names, options }: TextFile,
  database: ReadArguments[0],
  columns: ReadArguments[1],
  missing: ReadArguments[2],
  insert: ReadArguments[3],
): Promise<void> {
  const { header, encoding } = options;
  const facts = { isPlain: true, hasBlanks: false };
  let rows = header ? -1 : 0;
  for await (const piece of readRows(path, options, facts)) rows += piece.rows.length;
  const select = selection(names, columns, cellSteps(options, missing, facts));
  const readBy = async ({ source, ...way }: Way) => {
    const scan = scanSql(source, names.length, missing, { ...options, ...way, header: header && !way.isCopy });
    await insertAll(database, rows, () => insert(select(scan)));
  };
  const isPlain = encoding === undefined && facts.isPlain;
  if (isPlain && (await succeeds(readBy({ source: path, isCopy: false, parallel: true })))) return;
  await withPlainCopy(path, options, async (copy) => {
    if (await succeeds(readBy({ source: copy, isCopy: true, parallel: true }))) return;
    await readBy({ source: copy, isCopy: true, parallel: false });
  }).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    throw new DataError(
      `${path} cannot be read: its rows look right, but DuckDB, which reads them, refuses them (${sqlReason(error.cause)}). Write the file again with another program, or as Parquet.`,
      { cause: error.cause },
    );
  });
}

/** DuckDB does not read all rows. Its cause says why. */
class Refused extends Error {}

/** Whether DuckDB does not refuse the rows. */
async function succeeds(reading: Promise<void>): Promise<boolean> {
  try {
    await reading;
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

/** Inserts all rows or none. @throws Refused */
async function insertAll(database: DuckDBConnection, rows: number, insert: () => Promise<number>): Promise<void> {
  await database.run('BEGIN');
  try {
    const inserted = await insert();
    if (inserted !== rows) throw new Error(`it finds ${inserted} of ${rows} rows`);
    await database.run('COMMIT');
  } catch (cause) {
    if (machineFault(cause)) throw cause;
    await database.run('ROLLBACK');
    throw new Refused('', { cause });
  }
}

type CellStep = (text: string) => string;

/** SQL of what is done to each cell's text, in this order. */
function cellSteps({ decimal, exact }: TextOptions, missing: readonly string[], { hasBlanks }: Facts): CellStep[] {
  const steps: CellStep[] = [];
  if (missing.length === 0) steps.push((text) => `coalesce(${text}, '')`);
  if (decimal === ',')
    steps.push(
      (text) => `if(regexp_full_match(${text}, ${literal(commaNumber)}), replace(${text}, ',', '.'), ${text})`,
    );
  if (!exact && hasBlanks) steps.push((text) => trimmedText(text, missing));
  return steps;
}

/** The query that selects columns from a scan. The texts of a row are one list, so that a step is planned once. */
function selection(
  names: readonly string[],
  columns: ReadArguments[1],
  steps: readonly CellStep[],
): (scan: string) => string {
  const texts = columns.map(({ name }) => `c${names.indexOf(name)}`);
  const cleaned = steps.reduce(
    (list, step) => `list_transform(${list}, t -> ${step('t')})`,
    `[${texts.join(', ')}]::VARCHAR[]`,
  );
  const values = columns.map(({ separator }, c) => {
    const text = steps.length > 0 ? `texts[${c + 1}]` : (texts[c] ?? '');
    return separator === undefined ? text : cutText(text, separator);
  });
  return (scan) =>
    `SELECT ${values.join(', ')} FROM ${steps.length > 0 ? `(SELECT ${cleaned} AS texts FROM ${scan})` : scan}`;
}

/** `file:line` of a row, from 0. */
async function lineOf({ path, options }: TextFile, row: number): Promise<string> {
  let left = options.header ? row + 1 : row;
  for await (const { rows } of readRows(path, options)) {
    const record = rows[left];
    if (record) return `${path}:${record.line}`;
    left -= rows.length;
  }
  return `${path}, row ${row + 1}`;
}

/** The first rows of a text file. */
interface Head {
  readonly delimiter: string;
  readonly columns: number;
  readonly records: readonly (readonly string[])[];
}

/** @throws DataError for a file without rows, for rows of unequal lengths, and for what cannot be read. */
export async function readHead(path: string, dialect: Dialect, rows: number): Promise<Head> {
  const records: string[][] = [];
  const quote = dialect.quote ?? '';
  for await (const { text, rows: some } of readRows(path, dialect)) {
    for (const { begin, end } of some.slice(0, rows - records.length)) {
      const values: string[] = [];
      scanRow(text.subarray(0, end), begin, true, marksOf(dialect), (from, to, isQuoted) => {
        const value = text.toString('utf8', from, to);
        values.push((isQuoted ? value.replaceAll(quote + quote, quote) : value).trim());
      });
      records.push(values);
    }
    if (records.length >= rows) break;
  }
  const [first] = records;
  if (!first) throw new DataError(`${path} has no rows.`);
  return { delimiter: dialect.delimiter, columns: first.length, records };
}

/** SQL of the rows as DuckDB reads them, of texts: `c0` and so on. It gets dialect and columns, and guesses nothing. */
function scanSql(
  path: string,
  columns: number,
  missing: readonly string[],
  { delimiter, quote, header, isCopy, parallel }: Dialect & { readonly isCopy: boolean; readonly parallel: boolean },
): string {
  const mark = literal(quote ?? '');
  const types = Array.from({ length: columns }, (_, c) => `c${c}: 'VARCHAR'`).join(', ');
  const marks = literals(missing.length > 0 ? missing : ['']); // DuckDB wants one
  return `read_csv(${fileLiteral(path)}, auto_detect = false, hive_partitioning = false, header = ${header}, delim = ${literal(delimiter)}, quote = ${mark}, escape = ${mark}, comment = '', parallel = ${parallel},${isCopy ? " new_line = '\\n'," : ''} nullstr = [${marks}], columns = {${types}})`;
}

/** A number with a comma, as a regular expression of DuckDB. */
const commaNumber = String.raw`\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*`;

/** Runs `use` on a copy in UTF-8, whose rows end in LF, without the names. */
async function withPlainCopy<Result>(
  path: string,
  dialect: Dialect,
  use: (copy: string) => Promise<Result>,
): Promise<Result> {
  await removeRemains(tmpdir());
  const copy = partialPath(join(tmpdir(), 'ple-text'));
  const file = await open(copy, 'wx', 0o600);
  const lineFeed = Buffer.from('\n');
  let left = dialect.header ? 1 : 0;
  try {
    await file.write(byteOrderMark); // else DuckDB drops one that belongs to the first value
    for await (const { text, rows } of readRows(path, dialect)) {
      await file.write(
        Buffer.concat(rows.slice(left).flatMap(({ begin, end }) => [text.subarray(begin, end), lineFeed])),
      );
      left = Math.max(0, left - rows.length);
    }
    return await use(copy);
  } finally {
    await file.close();
    await rm(copy, { force: true });
  }
}

interface Rows {
  readonly text: Buffer;
  /** Where each row is, without what ends it, and the line on which it ends. */
  readonly rows: readonly { readonly begin: number; readonly end: number; readonly line: number }[];
}

/** What the rows so far show. */
interface Facts {
  /** All end alike, the first on the first line; and each line belongs to a row. */
  isPlain: boolean;
  /** A value may begin or end with a blank. */
  hasBlanks: boolean;
}

/** DuckDB's limit, in bytes. */
const longestRow = 2_000_000;

/**
 * The rows of a file, piece by piece. Blank lines are left out.
 * @throws DataError for rows of unequal lengths, for what is no text, and for quotes that make no values.
 */
async function* readRows(
  path: string,
  dialect: Dialect,
  facts: Facts = { isPlain: true, hasBlanks: false },
): AsyncGenerator<Rows> {
  const marks = marksOf(dialect);
  let [line, columns, rowEnd, isFirst] = [1, 0, 0, true]; // line: of the row that is next
  let rest = Buffer.alloc(0); // a row without its end so far
  const fault = (reason: string) => new DataError(`${path}:${line}: ${reason}`);
  for await (const piece of decodedPieces(path, dialect.encoding)) {
    const text = piece ? Buffer.concat([rest, piece]) : rest;
    const odd = oddByte(text, piece === undefined);
    if (odd) {
      line += countLines(text.subarray(0, odd.at));
      throw fault(odd.reason);
    }
    let at = isFirst && text.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
    isFirst = false;
    const rows: Rows['rows'][number][] = [];
    while (at < text.length) {
      const row = scanRow(text, at, piece === undefined, marks);
      if (row === undefined) break;
      if (typeof row === 'string') throw fault(row);
      const { end, next, values, breaks } = row;
      if (end - at > longestRow) throw fault(tooLong);
      if (isAt(text, at, byteOrderMark) && text[at + 3] === marks.quote)
        throw fault('a byte-order mark stands before a quote, as where files were joined; remove it.');
      line += breaks;
      if (values === 0) facts.isPlain &&= columns > 1;
      else {
        if (columns === 0) {
          columns = values;
          facts.isPlain = breaks === 0;
        }
        if (values !== columns) throw fault(`this row has ${values} columns, not ${columns}.`);
        if (rowEnd === 0) rowEnd = next - end;
        facts.isPlain &&= end === text.length || next - end === rowEnd;
        facts.hasBlanks ||= row.hasBlanks;
        rows.push({ begin: at, end, line });
      }
      line++;
      at = next;
    }
    yield { text, rows };
    rest = text.subarray(at);
    if (rest.length > longestRow) throw fault(tooLong);
  }
}

/** The file's text in UTF-8; undefined is its end. */
async function* decodedPieces(path: string, encoding: string | undefined): AsyncGenerator<Buffer | undefined> {
  const decoder = encoding === undefined ? undefined : new TextDecoder(encoding);
  let isFirst = true; // programs write UTF-8's mark before text of other encodings, too
  for await (const piece of readRawFile(path)) {
    const marked = decoder && isFirst && piece.subarray(0, 3).equals(byteOrderMark);
    isFirst = false;
    yield decoder ? Buffer.from(decoder.decode(marked ? piece.subarray(3) : piece, { stream: true })) : piece;
  }
  if (decoder) yield Buffer.from(decoder.decode());
  yield undefined;
}

const [newline, carriageReturn, blank] = [10, 13, 32];
const byteOrderMark = Buffer.from('\ufeff');
const ifLetters = '; dataset.quote: null, if quotes are letters';
const tooLong = `a row has more than ${longestRow.toLocaleString('en')} bytes: is a quote not closed?${ifLetters}.`;

interface Marks {
  readonly delimiter: Buffer;
  /** -1: none. */
  readonly quote: number;
  /** Per byte: 1 for those that may end a value without quotes. */
  readonly stops: Uint8Array;
}

function marksOf({ delimiter, quote }: Dialect): Marks {
  const bytes = Buffer.from(delimiter);
  const stops = new Uint8Array(256);
  for (const byte of [newline, carriageReturn, bytes[0] ?? 0]) stops[byte] = 1;
  return { delimiter: bytes, quote: quote === null ? -1 : (Buffer.from(quote)[0] ?? -1), stops };
}

/**
 * The row that begins at `begin`. Quotes stand around a whole value, perhaps with blanks around them; elsewhere they are
 * letters.
 * @param isLast No text follows. Else a row that may go on is undefined.
 * @returns A text says what is wrong. A blank line has no values.
 */
function scanRow(
  text: Buffer,
  begin: number,
  isLast: boolean,
  { delimiter, quote, stops }: Marks,
  onValue?: (from: number, to: number, isQuoted: boolean) => void,
) {
  const { length } = text;
  const [first] = delimiter;
  let at = begin;
  let values = 0;
  let breaks = 0;
  let hasBlanks = false;
  for (;;) {
    let from = at;
    if (first !== blank) while (text[from] === blank) from++;
    const isQuoted = text[from] === quote;
    let to = at;
    if (isQuoted) {
      from++;
      to = text.indexOf(quote, from);
      while (to >= 0 && text[to + 1] === quote) to = text.indexOf(quote, to + 2);
      if (to < 0) return isLast ? `a quote is not closed${ifLetters}.` : undefined;
      for (let k = from; k < to; k++) if (text[k] === newline) breaks++;
      at = to + 1;
      while (text[at] === blank) at++;
    } else {
      from = at;
      do while (at < length && stops[text[at] ?? 0] === 0) at++;
      while (text[at] === first && !isAt(text, at, delimiter) && ++at);
      to = at;
    }
    if (!isLast && at + Math.max(2, delimiter.length) > length) return undefined;
    values++;
    if (!hasBlanks && to > from) hasBlanks = mayBeBlank(text[from]) || mayBeBlank(text[to - 1]);
    onValue?.(from, to, isQuoted);
    if (isAt(text, at, delimiter)) {
      at += delimiter.length;
      continue;
    }
    if (at < length && stops[text[at] ?? 0] === 0)
      return `behind a closing quote stands neither ${shown(delimiter.toString())} nor the end of the row (a quote within quotes is written twice)${ifLetters}.`;
    const isReturn = text[at] === carriageReturn;
    if (isReturn && at + 1 < length && text[at + 1] !== newline)
      return `there is a CR without LF. Lines must end with LF or CRLF; of CR alone, tr '\\r' '\\n' makes LF.`;
    const isBlank =
      values === 1 && !isQuoted && (quote < 0 ? at === begin : text.toString('latin1', begin, at).trim() === '');
    const next = Math.min(length, at + (isReturn ? 2 : 1));
    return { end: at, next, values: isBlank ? 0 : values, breaks, hasBlanks };
  }
}

function isAt(text: Buffer, at: number, part: Buffer): boolean {
  for (let k = 0; k < part.length; k++) if (text[at + k] !== part[k]) return false;
  return true;
}

function mayBeBlank(byte = 0): boolean {
  return byte <= blank || byte > 126;
}

/** The first NUL byte, or a line that is not in UTF-8. */
function oddByte(text: Buffer, isLast: boolean): { readonly at: number; readonly reason: string } | undefined {
  const nul = text.indexOf(0);
  if (nul >= 0) return { at: nul, reason: 'there is a NUL byte. Is it a text file, in UTF-8?' };
  const lines = isLast ? text : text.subarray(0, text.lastIndexOf(newline) + 1); // a letter may be cut
  if (isUtf8(lines)) return undefined;
  const lineEnd = (begin: number) => lines.indexOf(newline, begin) + 1 || lines.length;
  let at = 0;
  while (isUtf8(lines.subarray(at, lineEnd(at)))) at = lineEnd(at);
  return { at, reason: 'this line is not in UTF-8; dataset.encoding says what it is (windows-1252, …).' };
}

function countLines(piece: Buffer): number {
  let count = 0;
  for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, at + 1)) count++;
  return count;
}
