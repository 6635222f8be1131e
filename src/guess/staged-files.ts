import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { bufferMegabytes, openDatabase, whileOpen } from '../data/store/database.js';
import { formatOf } from '../data/table/row-file.js';
import { checkColumns, type SplitFile, type StagedRows, stageRows } from '../data/table/staged-rows.js';
import { filesOf } from '../data/table/table-loader.js';
import { type TableOptions, usualMissing } from '../data/table/table-options.js';
import { DataError } from '../support/errors.js';
import { type Dialect, guessedDialect } from './dialect.js';

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
  /** The files' format has dates, which are staged as days since 1970. */
  readonly hasDates: boolean;
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
  const found = (await filesOf({ ...origin, missing, header: true, quote: null })).files;
  const text = found.find(({ path }) => path !== origin.database && formatOf(path) === 'text')?.path;
  const hasDates = origin.query !== undefined || text === undefined;
  const spill = await mkdtemp(join(tmpdir(), 'ple-guess-'));
  const database = await openDatabase(':memory:', { memory: `${bufferMegabytes}MB`, spill });
  const staged = async (encoding?: string): Promise<StagedFiles> => {
    const dialect = await guessedDialect(database, text, encoding);
    const read = await filesOf({ ...origin, ...dialect.options, missing });
    const { splitFiles: files } = await read.open(await mkdtemp(join(spill, 'query-')), signal);
    checkColumns(files, undefined);
    const unsupported = new Map(files.flatMap(({ file }) => [...file.unsupported]));
    const used = new Set(files[0]?.file.names.filter((name) => !unsupported.has(name)));
    const total = files.reduce((sum, { file }) => sum + file.bytes, 0);
    const staged = await stageRows(database, files, used, usualMissing, (done) => onBytes(done, total), true);
    return { database, staged, files, unsupported, dialect, hasDates };
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
