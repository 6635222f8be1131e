import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import {
  bufferMegabytes,
  fileLiteral,
  machineFault,
  openDatabase,
  queryRows,
  whileOpen,
} from '../data/store/database.js';
import { parseNumber } from '../data/table/cell.js';
import { fileFormat, type RowFileOptions, usualDelimiter } from '../data/table/row-file.js';
import { checkColumns, type SplitFile, type StagedRows, stageRows } from '../data/table/staged-rows.js';
import { listFiles } from '../data/table/table-loader.js';
import { type TableOptions, usualMissing } from '../data/table/table-options.js';
import { readHead } from '../data/table/text-table.js';
import { DataError } from '../support/errors.js';
import { marksOfMissing } from './column-facts.js';

/** Where the rows are, as `dataset` says it: in files, or in the result of a query over files or a database. */
export type Origin = Pick<TableOptions, 'query' | 'database'> & {
  /** A file, or a pattern. */
  readonly path?: string | undefined;
  readonly test?: string | undefined;
  /** By the name that the query uses. */
  readonly files?: Readonly<Record<string, string>> | undefined;
};

export interface StagedFiles {
  readonly database: DuckDBConnection;
  /** All rows, with those of the test files last. Columns of text files are texts. */
  readonly staged: StagedRows;
  readonly files: readonly SplitFile[];
  /** Columns of types that are not supported, with their types. */
  readonly unsupported: ReadonlyMap<string, string>;
  readonly dialect: Dialect;
}

export interface StagingContext {
  readonly signal?: AbortSignal | undefined;
  /** Gets the number of bytes read, and of all. */
  readonly onBytes: (done: number, total: number) => void;
}

/**
 * Runs `use` on all rows of the files, in a temporary database in memory. The dialect of text files is guessed from the
 * first file's first rows.
 * @throws DataError for files that cannot be read, have other columns than the first, or no rows.
 */
export async function withStagedFiles<Result>(
  origin: Origin,
  { signal, onBytes }: StagingContext,
  use: (staged: StagedFiles) => Promise<Result>,
): Promise<Result> {
  const missing = [...usualMissing];
  const found = (await listFiles({ ...origin, missing, header: true, quote: null })).files;
  const text = found.find(({ path }) => path !== origin.database && fileFormat(path) === 'text')?.path;
  const spill = await mkdtemp(join(tmpdir(), 'ple-guess-'));
  const database = await openDatabase(':memory:', { memory: `${bufferMegabytes}MB`, spill });
  const staged = async (encoding?: string): Promise<StagedFiles> => {
    const dialect = await guessedDialect(database, text, encoding);
    const read = await listFiles({ ...origin, ...dialect.options, missing });
    const { splitFiles: files } = await read.open(await mkdtemp(join(spill, 'query-')), signal);
    checkColumns(files, undefined);
    const unsupported = new Map(files.flatMap(({ file }) => [...file.unsupported]));
    const used = new Set(files[0]?.file.names.filter((name) => !unsupported.has(name)));
    if (used.size === 0)
      throw new DataError(
        `${files[0]?.file.path}: no column has a type that is supported (structs, maps, lists of lists).`,
      );
    const total = files.reduce((sum, { file }) => sum + file.bytes, 0);
    const staged = await stageRows(database, files, used, usualMissing, (done) => onBytes(done, total), true);
    return { database, staged, files, unsupported, dialect };
  };
  return whileOpen(database, signal, async () => {
    const read = await staged().catch((error: unknown) => {
      if (error instanceof DataError && /not in UTF-8/.test(error.message)) return staged('windows-1252'); // most likely
      throw error;
    });
    signal?.throwIfAborted();
    if (read.staged.rows === 0) throw new DataError(`${origin.path ?? 'The query'} has no rows.`);
    return use(read);
  }).finally(() => rm(spill, { recursive: true, force: true }));
}

/** How a text file is formatted. */
interface Dialect {
  readonly options: RowFileOptions;
  /** Keys of `dataset` that tell the loader. */
  readonly keys: { readonly [key in 'delimiter' | 'quote' | 'header' | 'encoding' | 'decimal']?: unknown };
}

/** Number of rows read from the file's start. */
const headRows = 2000;

/**
 * Guesses the dialect of a text file from its first rows. DuckDB finds delimiter and quotes. It does not know `::`,
 * takes years and other numbers of a first line for names or not by their columns' types, and reads commas in numbers
 * only if told to, those between thousands too: so header and decimal commas are found here.
 * @param path Undefined: no file is a text.
 * @param encoding Undefined: UTF-8.
 * @throws DataError for a file that cannot be read.
 */
async function guessedDialect(
  database: DuckDBConnection,
  path: string | undefined,
  encoding?: string,
): Promise<Dialect> {
  if (path === undefined) return { options: { quote: '"', header: true }, keys: {} };
  const usual = usualDelimiter(path);
  const { delimiter = usual ?? ',', quote } = await sniffed(database, path, encoding);
  const read = (delimiter: string) => readHead(path, { delimiter, quote, header: false, encoding }, headRows);
  let head = await read(delimiter);
  if (head.columns === 1 && head.records[0]?.[0]?.includes('::')) head = await read('::');
  const header = !isRow(head.records[0] ?? []);
  const decimal: ',' | undefined = hasDecimalCommas(header ? head.records.slice(1) : head.records) ? ',' : undefined;
  const options = { delimiter: head.delimiter, quote, header, encoding, decimal };
  return {
    options,
    keys: {
      ...(head.delimiter === usual ? {} : { delimiter: head.delimiter }),
      ...(quote === '"' ? {} : { quote }),
      ...(header ? {} : { header }),
      ...(encoding === undefined ? {} : { encoding }),
      ...(decimal === undefined ? {} : { decimal }),
    },
  };
}

/** What DuckDB finds. Without several columns, the delimiter is not found. */
async function sniffed(
  database: DuckDBConnection,
  path: string,
  encoding: string | undefined,
): Promise<{ readonly delimiter?: string; readonly quote: string }> {
  // No line is skipped: the loader skips none. Latin-1 has the letters of other encodings at most wrong.
  const options = `skip = 0, sample_size = ${headRows}${encoding === undefined ? '' : ", encoding = 'latin-1'"}`;
  const sniff = `SELECT delimiter, quote FROM sniff_csv(${fileLiteral(path)}, ${options}) WHERE len(columns) > 1`;
  const [[delimiter, quote] = []] = await queryRows(database, sniff).catch((error: unknown) => {
    if (machineFault(error)) throw error;
    return []; // the loader says what is wrong, and where
  });
  return { ...(delimiter === undefined ? {} : { delimiter: String(delimiter) }), quote: quote === "'" ? "'" : '"' };
}

/** Whether the line contains a number that is not a year. A year may be a name. */
function isRow(line: readonly string[]): boolean {
  return line.some((cell) => !Number.isNaN(parseNumber(cell)) && !/^(19|20)\d\d$/.test(cell.trim()));
}

/**
 * Whether a column has only numbers, some of them with a comma. A comma that always precedes three digits is a
 * thousands separator.
 */
function hasDecimalCommas(records: readonly (readonly string[])[]): boolean {
  return (records[0] ?? []).some((_, c) => {
    const texts = new Set(records.map((record) => (record[c] ?? '').trim()));
    for (const mark of marksOfMissing) texts.delete(mark);
    const numbers = [...texts].filter((text) => /^[-+]?\d*(,\d+)?$/.test(text));
    return texts.size >= 20 && numbers.length === texts.size && numbers.some((text) => /,(?!\d{3}$)/.test(text));
  });
}
