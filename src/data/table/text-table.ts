import { isUtf8 } from 'node:buffer';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { DataError } from '../../support/errors.js';
import { partialPath, removeRemains } from '../../support/whole-file.js';
import { readRawFile } from '../fetch/raw-file.js';
import { fileLiteral, literal, literals, machineFault, rowsOf, sqlReason } from '../store/database.js';
import { trimmedOf } from './staged-columns.js';
import type { TableFile } from './table-file.js';

/**
 * CSV or TSV, plain or packed, read by DuckDB. It gets dialect and columns, and guesses nothing. Text in another
 * encoding, and what DuckDB is too strict for (lines that end now in CRLF and now in LF), is read from a copy.
 * `openDelimited` finds line and reason of what is refused.
 */
export async function openTextTable(
  path: string,
  bytes: number,
  options: Delimited & { readonly exact: boolean; readonly names?: readonly string[] },
): Promise<TableFile> {
  const opened = await openDelimited(path, options);
  const { names = opened.names, encoding, exact } = options;
  if (names.length !== opened.names.length)
    throw new DataError(`${path} has ${opened.names.length} columns; dataset.header names ${names.length}.`);
  return {
    path,
    bytes,
    names,
    types: new Map(names.map((name) => [name, 'text'])),
    unsupported: new Map(),
    value(name, _, missing) {
      const column = `c${names.indexOf(name)}`;
      return exact ? column : trimmedOf(column, missing);
    },
    async rows(database, missing, use) {
      const read = (source: string) =>
        refusal(async () => {
          const long = `SELECT 1 FROM ${longLines(source, names.length, missing, options)} LIMIT 1`;
          if ((await rowsOf(database, long).catch(() => [1])).length > 0) for await (const _ of opened.read()); // says where
          await use(scan(source, names.length, missing, { ...options, skip: opened.blankLines }));
        });
      if (/\.gz$/i.test(path)) for await (const _ of readRawFile(path)); // DuckDB does not notice that one is cut off
      if (encoding === undefined && (await read(path)) === undefined) return;
      const refused = await withPlainCopy(path, encoding, read);
      if (refused === undefined) return;
      for await (const _ of opened.read()); // says where, but for a CR, which may stand in quotes
      for await (const row of opened.read()) refuseReturn(path, row);
      throw new DataError(`${path} cannot be read: ${sqlReason(refused)}.`, { cause: refused });
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
  const found = `SELECT ${plain} AS plain FROM ${linesOf(path)} WHERE ${ends.join(' OR ')}`;
  return `(${found}) WHERE len(string_split(plain, ${literal(delimiter)})) > ${columns} OR ${isOpen}`;
}

/** SQL of a file's lines. */
function linesOf(path: string): string {
  return `read_csv(${fileLiteral(path)}, auto_detect = false, header = false, delim = E'\\x01\\x02', quote = '', escape = '', columns = {line: 'VARCHAR'})`;
}

/** Runs `use` on a copy in UTF-8, whose lines end in LF. */
async function withPlainCopy<Result>(
  path: string,
  encoding: string | undefined,
  use: (copy: string) => Promise<Result>,
): Promise<Result> {
  await removeRemains(tmpdir());
  const copy = partialPath(join(tmpdir(), 'ple-text'));
  const file = await open(copy, 'wx', 0o600);
  try {
    for await (const piece of checkedLines(path, encoding))
      await file.write(Buffer.from(piece.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'));
    return await use(copy);
  } finally {
    await file.close();
    await rm(copy, { force: true });
  }
}

/** Rows of texts, `c0` and so on. */
function scan(
  path: string,
  columns: number,
  missing: readonly string[],
  { delimiter, quote, header, skip, decimal, exact }: Delimited & { readonly exact: boolean; readonly skip: number },
): string {
  const names = Array.from({ length: columns }, (_, c) => `c${c}`);
  const mark = literal(quote ?? '');
  const types = names.map((name) => `${name}: 'VARCHAR'`).join(', ');
  const marks = literals(missing.length > 0 ? missing : ['\u0003']);
  const read = `read_csv(${fileLiteral(path)}, auto_detect = false, hive_partitioning = false, header = ${header}, skip = ${skip}, delim = ${literal(delimiter)}, quote = ${mark}, escape = ${mark}, comment = '', nullstr = [${marks}], columns = {${types}})`;
  const isEmptyText = exact || !missing.includes('');
  if (!isEmptyText && decimal !== ',') return read;
  const text = (name: string) => (isEmptyText ? `coalesce(${name}, '')` : name);
  const value = (name: string) =>
    decimal === ','
      ? `CASE WHEN regexp_full_match(${name}, ${literal(commaNumber)}) THEN replace(${name}, ',', '.') ELSE ${text(name)} END`
      : text(name);
  return `(SELECT ${names.map((name) => `${value(name)} AS ${name}`).join(', ')} FROM ${read})`;
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
  /** Before the first row. */
  readonly blankLines: number;
  /** All rows, from the first. A row has as many fields as the file has columns. */
  read(): AsyncGenerator<Row>;
}

/** CSV or TSV, plain or packed. */
export async function openDelimited(path: string, options: Delimited): Promise<DelimitedRows> {
  const { header } = options;
  let first: Row | undefined;
  for await (first of readRows(path, options)) break;
  if (!first) throw new DataError(`${path} has no rows.`);
  refuseReturn(path, first);
  const names = first.fields.map((name, c) => (header && name.trim() !== '' ? name.trim() : String(c + 1)));
  return {
    names,
    blankLines: first.line - heightOf(first.fields),
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

/** @throws DataError for a CR that no LF follows. */
function refuseReturn(path: string, { fields, line }: Row): void {
  if (fields.some((field) => /\r(?!\n)/.test(field)))
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
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true, // counted with the line's number
    skip_empty_lines: true,
    max_record_size: longestRecord,
    on_record: (fields: string[], { empty_lines }) => {
      filled += heightOf(fields);
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
  for await (const piece of textOf(path, encoding)) {
    const text = Buffer.concat([rest, piece]);
    const end = text.lastIndexOf(newline) + 1;
    if (end > 0) yield checked(text.subarray(0, end));
    rest = text.subarray(end);
    if (rest.length > longestLine) throw new DataError(`${path}: a line has more than 16 MiB. Is it a text file?`);
  }
  if (rest.length > 0) yield checked(rest);
}

/** The file's text in UTF-8. */
async function* textOf(path: string, encoding: string | undefined): AsyncGenerator<Buffer> {
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
function heightOf(fields: readonly string[]): number {
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
  const message = error.message.replace(/ at line \d+/, '').replaceAll(/\s+/g, ' ');
  const reason = error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is not closed' : message.slice(0, 200);
  return new DataError(`${where}: ${reason} (quote: null, if quotes are letters).`);
}
