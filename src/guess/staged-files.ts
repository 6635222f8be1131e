import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { fileLiteral, limitMemory, machineFault, queryRows, whileOpen } from '../data/store/database.js';
import { openForPreparing, preparationError } from '../data/store/prepared.js';
import { parseNumber } from '../data/table/cell.js';
import { fileFormat, usualDelimiter } from '../data/table/row-file.js';
import { checkColumns, type SplitFile, type StagedRows, stageRows } from '../data/table/staged-rows.js';
import { listFiles } from '../data/table/table-loader.js';
import { type TableOptions, usualMissing } from '../data/table/table-options.js';
import { readHead } from '../data/table/text-table.js';
import { DataError } from '../support/errors.js';
import { marks } from './column-facts.js';

/** Where the rows are, as `dataset` says it: in files, or in the result of a query over files or a database. */
export type RowOrigin = Pick<TableOptions, 'query' | 'database'> & {
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
  /** Keys of `dataset` that tell the loader how the text files are written. */
  readonly dialect: object;
}

/**
 * Runs `use` on all rows of the files, in a temporary database in memory. The dialect of text files is guessed from the
 * first file's first rows.
 * @param onBytes Gets the number of bytes read, and of all.
 * @throws DataError for files that cannot be read, have other columns than the first, or no rows.
 */
export async function withStagedFiles<Result>(
  origin: RowOrigin,
  { signal, onBytes }: { readonly signal?: AbortSignal | undefined; onBytes(done: number, total: number): void },
  use: (staged: StagedFiles) => Promise<Result>,
): Promise<Result> {
  const missing = [...usualMissing];
  const listed = (await listFiles({ ...origin, missing, header: true, quote: null })).files;
  const text = listed.find(({ path }) => path !== origin.database && fileFormat(path) === 'text')?.path;
  const spill = await mkdtemp(join(tmpdir(), 'ple-guess-'));
  const database = await openForPreparing(spill);
  const stage = async (encoding?: string): Promise<StagedFiles> => {
    const dialect = text === undefined ? {} : await guessedDialect(database, text, encoding);
    const read = await listFiles({ ...origin, quote: '"', header: true, ...dialect, missing });
    const { splitFiles: files } = await read.open(await mkdtemp(join(spill, 'query-')), signal);
    checkColumns(files, undefined);
    const unsupported = new Map(files.flatMap(({ file }) => [...file.unsupported]));
    const used = new Set(files[0]?.file.names.filter((name) => !unsupported.has(name)));
    if (used.size === 0)
      throw new DataError(
        `${files[0]?.file.path}: no column has a type that is supported (structs, maps, lists of lists).`,
      );
    await limitMemory(database, used.size);
    const total = files.reduce((sum, { file }) => sum + file.bytes, 0);
    const staged = await stageRows(database, files, used, usualMissing, {
      onBytes: (done) => onBytes(done, total),
      asTexts: true,
    });
    return { database, staged, files, unsupported, dialect };
  };
  return whileOpen(database, signal, async () => {
    const files = await stage().catch((error: unknown) => {
      if (error instanceof DataError && /not in UTF-8/.test(error.message)) return stage('windows-1252'); // most likely
      throw error;
    });
    signal?.throwIfAborted();
    if (files.staged.rows === 0) throw new DataError(`${origin.path ?? 'The query'} has no rows.`);
    return use(files);
  })
    .catch((error: unknown) => {
      throw preparationError(error, spill, 'TMPDIR');
    })
    .finally(() => rm(spill, { recursive: true, force: true }));
}

/** Number of rows read from the file's start. */
const headRows = 2000;

/**
 * Guesses from its first rows what a text file has otherwise than usual. DuckDB finds delimiter and quotes. It does not
 * know `::`, takes years and other numbers of a first line for names or not by their columns' types, and reads commas in
 * numbers only if told to, those between thousands too: so header and decimal commas are found here.
 */
async function guessedDialect(database: DuckDBConnection, path: string, encoding: string | undefined) {
  const usual = usualDelimiter(path);
  // No line is skipped: the loader skips none. Latin-1 has the letters of other encodings at most wrong.
  const options = `skip = 0, sample_size = ${headRows}${encoding === undefined ? '' : ", encoding = 'latin-1'"}`;
  const sniff = `SELECT delimiter, quote FROM sniff_csv(${fileLiteral(path)}, ${options}) WHERE len(columns) > 1`;
  const [[sniffed = usual ?? ',', mark] = []] = await queryRows(database, sniff).catch((error: unknown) => {
    if (machineFault(error)) throw error;
    return []; // the loader says what is wrong, and where
  });
  const quote = mark === "'" ? "'" : '"';
  const read = (delimiter: string) => readHead(path, { delimiter, quote, header: false, encoding }, headRows);
  let { delimiter, columns, records } = await read(String(sniffed));
  if (columns === 1 && records[0]?.[0]?.includes('::')) ({ delimiter, columns, records } = await read('::'));
  const header = !isRow(records[0] ?? []);
  return {
    ...(delimiter === usual ? {} : { delimiter }),
    ...(quote === '"' ? {} : { quote }),
    ...(header ? {} : { header }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(hasDecimalCommas(records.slice(Number(header))) ? { decimal: ',' as const } : {}),
  };
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
    const values = new Set(records.map((record) => (record[c] ?? '').trim()));
    const texts = [...values].filter((text) => !usualMissing.includes(text) && !marks.includes(text));
    const areNumbers = texts.length >= 20 && texts.every((text) => /^[-+]?\d*(,\d+)?$/.test(text));
    return areNumbers && texts.some((text) => /,(?!\d{3}$)/.test(text));
  });
}
