import { isUtf8 } from 'node:buffer';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { DuckDBConnection } from '@duckdb/node-api';
import { CsvError, parse } from 'csv-parse';
import { DataError } from '../../support/errors.js';
import { partialPath, removeRemains } from '../../support/whole-file.js';
import { readRawFile } from '../fetch/raw-file.js';
import { fileLiteral, literal, literals, machineFault, queryNumbers, queryRows, sqlReason } from '../store/database.js';
import { shown } from './cell.js';
import { trimmedText } from './staged-columns.js';
import type { TableFile } from './table-file.js';

/**
 * CSV or TSV, plain or packed, read by DuckDB. It gets dialect and columns, and guesses nothing. What several threads
 * cannot read, one reads. Text in another encoding, and rows that end now in CRLF and now in LF, are read from a copy,
 * in which all rows end in LF. `openDelimited` finds line and reason of what is refused.
 */
export async function openTextTable(
  path: string,
  bytes: number,
  options: Delimited & { readonly exact: boolean; readonly names?: readonly string[] },
): Promise<TableFile> {
  const withDelimiter = async (error: unknown): Promise<never> => {
    const found = error instanceof DataError ? await otherDelimiter(path, options) : undefined;
    throw error instanceof DataError && found !== undefined
      ? new DataError(`${error.message} ${delimiterAdvice(found)}`)
      : error;
  };
  const opened = await openDelimited(path, options).catch(withDelimiter);
  const countRows = async () => {
    let rows = 0;
    for await (const _ of opened.read()) rows++;
    return rows;
  };
  const { names = opened.names, encoding, exact } = options;
  if (names.length !== opened.names.length)
    throw new DataError(`${path} has ${opened.names.length} columns; dataset.header names ${names.length}.`);
  return {
    path,
    bytes,
    names,
    types: new Map(names.map((name) => [name, 'text'])),
    unsupported: new Map(),
    value: (name) => ({ sql: `c${names.indexOf(name)}`, isRaw: !exact }),
    clean: trimmedText,
    async rows(database, missing, use) {
      let known: number | undefined; // by the other reader, which says what is wrong, and where
      const { begin, isPlain } = opened;
      const read = async (source: string, isCopy: boolean) => {
        const long = `SELECT 1 FROM ${longLines(source, names.length, missing, options)} LIMIT 1`;
        if ((await queryRows(database, long).catch(() => [1])).length > 0) await countRows().catch(withDelimiter);
        let refused: Error | undefined;
        for (const parallel of [true, false]) {
          const from = scan(source, names.length, missing, { ...options, parallel, isCopy });
          refused = await refusal(async () => {
            if (known !== undefined) await refuseLoss(database, from, known);
            await use(from);
          });
          if (refused === undefined) return undefined;
          known ??= await countRows().catch(withDelimiter);
        }
        return refused;
      };
      if (/\.gz$/i.test(path)) for await (const _ of readRawFile(path)); // DuckDB does not notice that one is cut off
      if (!isPlain) known = await countRows().catch(withDelimiter);
      else if (encoding === undefined && (await read(path, false)) === undefined) return;
      const refused = await withPlainCopy(path, begin, options, (copy) => read(copy, true));
      if (refused === undefined) return;
      const reason = `its rows look right, but DuckDB, which reads them, refuses them (${sqlReason(refused)}). Write the file again with another program, or as Parquet.`;
      throw new DataError(`${path} cannot be read: ${reason}`, { cause: refused });
    },
    async place(row) {
      let at = 0;
      try {
        for await (const { line } of opened.read()) if (at++ === row) return `${path}:${line}`;
      } catch {} // what it cannot read, it cannot count
      return `${path}, row ${row + 1}`;
    },
  };
}

/** What DuckDB's reader says of text that it refuses; undefined where it reads it. */
async function refusal(read: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || error instanceof DataError || machineFault(error)) throw error;
    return error;
  }
}

/** One thread does not refuse a quote that is not closed: it leaves its rows out. */
async function refuseLoss(database: DuckDBConnection, from: string, known: number): Promise<void> {
  const [found] = await queryNumbers(database, ['count(*)'], from);
  if (found !== known) throw new Error(`it finds ${found} of ${known} rows`);
}

/**
 * SQL of lines that may end a row with one value too many, which is missing. DuckDB then takes the row for a whole one,
 * though its values may lie in wrong columns, as behind a comma in a name without quotes.
 */
function longLines(path: string, columns: number, missing: readonly string[], { delimiter, quote }: Delimited): string {
  const mark = quote ?? '';
  const letter = `\\x{${mark.codePointAt(0)?.toString(16)}}`;
  const plain = mark === '' ? 'line' : `regexp_replace(line, '${letter}[^${letter}]*${letter}', '', 'g')`;
  const isOpen = mark === '' ? 'false' : `contains(plain, ${literal(mark)})`; // a text of several lines
  const ends = ['', mark + mark, ...missing].map((text) => `suffix(line, ${literal(delimiter + text)})`);
  const found = `SELECT ${plain} AS plain FROM ${linesTable(path)} WHERE ${ends.join(' OR ')}`;
  return `(${found}) WHERE len(string_split(plain, ${literal(delimiter)})) > ${columns} OR ${isOpen}`;
}

/** SQL of a file's lines. */
function linesTable(path: string): string {
  return `read_csv(${fileLiteral(path)}, auto_detect = false, header = false, delim = E'\\x01\\x02', quote = '', escape = '', columns = {line: 'VARCHAR'})`;
}

/**
 * Runs `use` on a copy in UTF-8, whose rows end in LF, without the names.
 * @param begin Lines before the first row.
 * @throws DataError for a CR that no LF follows.
 */
async function withPlainCopy<Result>(
  path: string,
  begin: number,
  dialect: Delimited,
  use: (copy: string) => Promise<Result>,
): Promise<Result> {
  await removeRemains(tmpdir());
  const copy = partialPath(join(tmpdir(), 'ple-text'));
  const file = await open(copy, 'wx', 0o600);
  const plain = rowEnds(dialect, (line) => loneReturn(path, begin + line));
  let left = begin;
  try {
    for await (const piece of checkedLines(path, dialect.encoding)) {
      let from = 0;
      for (; left > 0 && from < piece.length; left--) from = piece.indexOf(newline, from) + 1 || piece.length;
      await file.write(plain(piece.subarray(from)));
    }
    return await use(copy);
  } finally {
    await file.close();
    await rm(copy, { force: true });
  }
}

/**
 * Makes LF of each CRLF that ends a row, piece by piece. What stands in quotes is kept, byte for byte. A quote opens
 * where a value begins. Pieces are whole lines. Without quotes, blank lines are left out: DuckDB would read them as rows
 * of one column.
 * @param refuse gets the line of a CR that no LF follows.
 */
function rowEnds({ delimiter, quote }: Delimited, refuse: (line: number) => never): (piece: Buffer) => Buffer {
  const pattern = (text: string) =>
    Buffer.from(text)
      .toString('latin1')
      .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const mark = pattern(quote ?? '');
  const rest = `[^${mark}]*(?:${mark}{2}[^${mark}]*)*(?<close>${mark}|$)`;
  const blank = '(?<![^\\n])\\r?\\n';
  const begins = `(?<=(?:^(?:\\xef\\xbb\\xbf)?|\\n|${pattern(delimiter)}) *)`;
  const ends = new RegExp(`${mark === '' ? blank : `${begins}${mark}${rest}`}|\\r\\n?`, 'g');
  let line = 1;
  let isOpen = false;
  return (piece) => {
    const text = piece.toString('latin1');
    const first = isOpen ? new RegExp(`^${rest}`).exec(text) : null;
    isOpen = first?.groups?.close === '';
    ends.lastIndex = first?.[0].length ?? 0;
    const kept: string[] = [];
    let from = 0;
    for (const { 0: found, index, groups } of text.matchAll(ends)) {
      isOpen = groups?.close === '';
      if (!/^\r?\n?$/.test(found)) continue;
      if (found === '\r' && index + 1 < text.length) refuse(line + countLines(piece.subarray(0, index)));
      const isBlank = mark === '' && (index === 0 || text[index - 1] === '\n');
      kept.push(text.slice(from, index), isBlank ? '' : '\n');
      from = index + found.length;
    }
    line += countLines(piece);
    return Buffer.from(kept.join('') + text.slice(from), 'latin1');
  };
}

/** Rows of texts, `c0` and so on. */
function scan(
  path: string,
  columns: number,
  missing: readonly string[],
  { delimiter, quote, header, decimal, parallel, isCopy }: Delimited & Scanned,
): string {
  const names = Array.from({ length: columns }, (_, c) => `c${c}`);
  const mark = literal(quote ?? '');
  const types = names.map((name) => `${name}: 'VARCHAR'`).join(', ');
  const noneIsMissing = missing.length === 0; // DuckDB wants one text that is, so an empty one is made a text again
  const marks = literals(noneIsMissing ? [''] : missing);
  const read = `read_csv(${fileLiteral(path)}, auto_detect = false, hive_partitioning = false, header = ${header && !isCopy}, delim = ${literal(delimiter)}, quote = ${mark}, escape = ${mark}, comment = '', parallel = ${parallel},${isCopy ? " new_line = '\\n'," : ''} nullstr = [${marks}], columns = {${types}})`;
  if (!noneIsMissing && decimal !== ',') return read;
  const text = (name: string) => (noneIsMissing ? `coalesce(${name}, '')` : name);
  const value = (name: string) =>
    decimal === ','
      ? `CASE WHEN regexp_full_match(${name}, ${literal(commaNumber)}) THEN replace(${name}, ',', '.') ELSE ${text(name)} END`
      : text(name);
  return `(SELECT ${names.map((name) => `${value(name)} AS ${name}`).join(', ')} FROM ${read})`;
}

interface Scanned {
  /** Several threads read, which some files with line breaks in quotes do not allow. */
  readonly parallel: boolean;
  /** There are no names, and all rows end in LF. In another file, DuckDB takes the first line break for a row's end. */
  readonly isCopy: boolean;
}

interface Delimited {
  readonly delimiter: string;
  readonly quote: string | null;
  /** The first line has names. */
  readonly header: boolean;
  /** Absent: UTF-8. */
  readonly encoding?: string | undefined;
  /** The mark in numbers such as `3,5`; they become `3.5`. */
  readonly decimal?: ',' | '.' | undefined;
}

/** DuckDB's limit. */
const longestRecord = 2_000_000;
/** With a longer line, the file is assumed to be of another kind. */
const longestLine = 2 ** 24;

// characters
const newline = 10;
const byteOrderMark = Buffer.from('\ufeff');

interface Row {
  readonly fields: readonly string[];
  /** On which it ends. */
  readonly line: number;
}

/** A text file that is read row by row, where it is guessed how it is written, or what is wrong with it. */
interface DelimitedRows {
  readonly names: readonly string[];
  /** Lines before the first row. */
  readonly begin: number;
  /** The first line ends the first row, so that it shows how rows end; and each further line belongs to a row. */
  readonly isPlain: boolean;
  /** All rows, from the first. A row has as many fields as the file has columns. */
  read(): AsyncGenerator<Row>;
}

/** CSV or TSV, plain or packed. */
async function openDelimited(path: string, options: Delimited): Promise<DelimitedRows> {
  const { header } = options;
  let first: Row | undefined;
  for await (first of readRows(path, options)) break;
  if (!first) throw new DataError(`${path} has no rows.`);
  const isOneLine = first.line === 1 && first.fields.every((field) => !/[\r\n]/.test(field));
  if (first.fields.some((field) => /\r(?!\n)/.test(field)))
    for await (const piece of checkedLines(path, options.encoding)) {
      rowEnds(options, (line) => loneReturn(path, line))(piece);
      break;
    }
  const names = first.fields.map((name, c) => (header && name.trim() !== '' ? name.trim() : String(c + 1)));
  return {
    names,
    begin: header ? first.line : first.line - textHeight(first.fields),
    isPlain: isOneLine && (names.length > 1 || options.quote !== null),
    async *read() {
      let skipped = !header;
      for await (const row of readRows(path, options)) {
        const count = row.fields.length;
        if (count !== names.length)
          throw new DataError(`${path}:${row.line}: this row has ${count} columns, not ${names.length}.`);
        if (skipped) yield row;
        skipped = true;
      }
    },
  };
}

function loneReturn(path: string, line: number): never {
  throw new DataError(
    `${path}:${line}: there is a CR without LF. Lines must end with LF or CRLF; of CR alone, tr '\\r' '\\n' makes LF.`,
  );
}

async function* readRows(path: string, { delimiter, quote, encoding }: Delimited): AsyncGenerator<Row> {
  let filled = 0; // lines of the rows so far. The parser's own count has every CRLF in quotes twice.
  const lines: number[] = []; // of the rows that wait in the parser
  const parser = parse({
    bom: true,
    delimiter,
    quote,
    escape: quote,
    trim: quote !== null, // blanks may stand around quotes, and quotes within a value that has none in front: DuckDB reads both
    relax_quotes: true,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true, // counted with the line's number
    skip_empty_lines: true,
    max_record_size: longestRecord,
    on_record: (fields: string[], { empty_lines }) => {
      filled += textHeight(fields);
      lines.push(filled + empty_lines);
      return fields;
    },
  });
  const source = Readable.from(checkedLines(path, encoding));
  try {
    const rows: AsyncIterable<string[]> = source.on('error', (error) => parser.destroy(error)).pipe(parser);
    for await (const fields of rows) yield { fields, line: lines.shift() ?? 0 };
  } catch (error) {
    throw asDataError(path, error, filled);
  } finally {
    source.destroy();
  }
}

/** The file's text in UTF-8, in pieces of whole lines. @throws DataError for what is none. */
async function* checkedLines(path: string, encoding: string | undefined): AsyncGenerator<Buffer> {
  let line = 1;
  let rest = Buffer.alloc(0); // a line without its end so far
  const checked = (piece: Buffer) => {
    checkText(path, piece, line);
    line += countLines(piece);
    return piece;
  };
  for await (const piece of decodeFile(path, encoding)) {
    const text = Buffer.concat([rest, piece]);
    const end = text.lastIndexOf(newline) + 1;
    if (end > 0) yield checked(text.subarray(0, end));
    rest = text.subarray(end);
    if (rest.length > longestLine) throw new DataError(`${path}: a line has more than 16 MiB. Is it a text file?`);
  }
  if (rest.length > 0) yield checked(rest);
}

/** The file's text in UTF-8. */
async function* decodeFile(path: string, encoding: string | undefined): AsyncGenerator<Buffer> {
  const pieces = readRawFile(path);
  if (encoding === undefined) return yield* pieces;
  const decoder = new TextDecoder(encoding);
  let isFirst = true; // programs write UTF-8's mark before text of other encodings, too
  for await (const piece of pieces) {
    const marked = isFirst && piece.subarray(0, 3).equals(byteOrderMark);
    isFirst = false;
    yield Buffer.from(decoder.decode(marked ? piece.subarray(3) : piece, { stream: true }));
  }
  yield Buffer.from(decoder.decode());
}

/** A number with a comma, as a regular expression of DuckDB. */
const commaNumber = String.raw`\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*`;

/** @param line of the piece's first byte. */
function checkText(path: string, piece: Buffer, line: number): void {
  const nul = piece.indexOf(0);
  if (nul >= 0) {
    const where = `${path}:${line + countLines(piece.subarray(0, nul))}`;
    throw new DataError(`${where}: there is a NUL byte. Is it a text file, in UTF-8?`);
  }
  if (isUtf8(piece)) return;
  for (let begin = 0; begin < piece.length; line++) {
    const end = piece.indexOf(newline, begin) + 1 || piece.length;
    if (!isUtf8(piece.subarray(begin, end)))
      throw new DataError(
        `${path}:${line}: this line is not in UTF-8; dataset.encoding says what it is (windows-1252, …).`,
      );
    begin = end;
  }
}

/** Lines of a row: one more than there are line breaks in its fields. */
function textHeight(fields: readonly string[]): number {
  return fields.reduce((lines, field) => lines + field.split('\n').length - 1, 1);
}

function countLines(piece: Buffer): number {
  let count = 0;
  for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, at + 1)) count++;
  return count;
}

/** @param filled lines before the row that cannot be read, without empty ones. */
function asDataError(path: string, error: unknown, filled: number): unknown {
  if (!(error instanceof CsvError)) return error;
  const where = `${path}:${filled + Number(Reflect.get(error, 'empty_lines')) + 1}`;
  const reason =
    reasons[error.code] ??
    error.message
      .replace(/ at line \d+/, '')
      .replaceAll(/\s+/g, ' ')
      .slice(0, 200);
  return new DataError(`${where}: ${reason}.`);
}

const ifLetters = '; dataset.quote: null, if quotes are letters';
const reasons: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: `a quote is not closed${ifLetters}`,
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: `behind a closing quote stands neither the delimiter nor the end of the row (a quote within quotes is written twice)${ifLetters}`,
  CSV_MAX_RECORD_SIZE: `a row has more than ${longestRecord.toLocaleString('en')} characters: is a quote not closed?${ifLetters}`,
};

/** Delimiters that text files usually have. */
export const usualDelimiters = [',', '\t', ';', '::', '|'];

/** The first rows of a text file. */
export interface Head {
  readonly delimiter: string;
  readonly columns: number;
  readonly records: readonly (readonly string[])[];
}

/** @throws DataError for rows of unequal lengths, and for what cannot be read. */
export async function readHead(path: string, dialect: Delimited, rows: number): Promise<Head> {
  const { names, read } = await openDelimited(path, { ...dialect, header: false });
  const records: (readonly string[])[] = [];
  for await (const { fields } of read()) {
    records.push(fields);
    if (records.length >= rows) break;
  }
  return { delimiter: dialect.delimiter, columns: names.length, records };
}

/** Rows that show the delimiter. */
const enoughRows = 20;

/** The delimiter that gives the first rows the most columns, if the dialect's own does not give them several. */
async function otherDelimiter(path: string, dialect: Delimited): Promise<string | undefined> {
  const columnsBy = async (delimiter: string) => {
    const head = await readHead(path, { ...dialect, delimiter }, enoughRows).catch(() => undefined);
    return { delimiter, columns: head?.columns ?? 1 };
  };
  if ((await columnsBy(dialect.delimiter)).columns > 1) return undefined;
  const found = await Promise.all(usualDelimiters.map(columnsBy));
  const [best] = found.toSorted((a, b) => b.columns - a.columns);
  return best && best.columns > 1 ? best.delimiter : undefined;
}

/** What mends a wrong delimiter. */
export function delimiterAdvice(delimiter: string): string {
  return `The file's delimiter seems to be ${shown(delimiter)}: dataset.delimiter=${JSON.stringify(delimiter)}.`;
}
