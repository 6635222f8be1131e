import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { bufferMegabytes, openDatabase, whileOpen } from '../store/database.js';
import { findDataFiles } from '../table/data-files.js';
import { sharedFolderColumns, withFolderColumns } from '../table/folder-columns.js';
import { openTableFile } from '../table/row-file.js';
import { checkColumns, type SplitFile, type StagedRows, stageRows } from '../table/staged-rows.js';
import { usualMissing } from '../table/table-options.js';
import { type Dialect, guessedDialect, isOtherEncoding, otherEncoding } from './guessed-dialect.js';

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
 * @param path A file, or a pattern.
 * @param test Files of the test split.
 * @throws DataError for files that cannot be read, have other columns than the first, or no rows.
 */
export async function withStagedFiles<Result>(
  path: string,
  test: string | undefined,
  { signal, onBytes }: StagingContext,
  use: (staged: StagedFiles) => Promise<Result>,
): Promise<Result> {
  const paths = (await findDataFiles([path])).map((file) => ({ split: 'train' as const, path: file.path }));
  const testPaths = test === undefined ? [] : await findDataFiles([test]);
  const all = [...paths, ...testPaths.map((file) => ({ split: 'test' as const, path: file.path }))];
  const first = paths[0]?.path ?? path;
  const spill = await mkdtemp(join(tmpdir(), 'ple-guess-'));
  const database = await openDatabase(':memory:', { memory: `${bufferMegabytes}MB`, spill });
  const staged = async (dialect: Dialect): Promise<StagedFiles> => {
    const files = await opened(all, dialect);
    checkColumns(files, undefined);
    const unsupported = new Map(files.flatMap(({ file }) => [...file.unsupported]));
    const used = new Set(files[0]?.file.names.filter((name) => !unsupported.has(name)));
    const total = files.reduce((sum, { file }) => sum + file.bytes, 0);
    const staged = await stageRows(database, files, used, usualMissing, (done) => onBytes(done, total), true);
    return { database, staged, files, unsupported, dialect };
  };
  return whileOpen(database, signal, async () => {
    const dialect = await guessedDialect(first);
    const found = await staged(dialect).catch(async (error: unknown) => {
      if (dialect.options.encoding !== undefined || !isOtherEncoding(error)) throw error;
      return staged(await guessedDialect(first, otherEncoding));
    });
    signal?.throwIfAborted();
    if (found.staged.rows === 0) throw new DataError(`${path} has no rows.`);
    return use(found);
  }).finally(() => rm(spill, { recursive: true, force: true }));
}

async function opened(
  paths: readonly Pick<SplitFile & { readonly path: string }, 'split' | 'path'>[],
  { options }: Dialect,
): Promise<readonly SplitFile[]> {
  const shared = sharedFolderColumns(paths.map(({ path }) => path));
  const files: SplitFile[] = [];
  for (const { split, path } of paths)
    files.push({ split, file: withFolderColumns(await openTableFile(path, options), shared) });
  return files;
}
