import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { sha256 } from '../../support/checksum.js';
import { DataError, hasCode, isSystemError, systemReason, UserError } from '../../support/errors.js';
import { makeFolder, partialPath, removeRemains, syncPath, writeWhole } from '../../support/files.js';
import type { LoaderContext } from '../loader.js';
import { chunksOf, limitMemory, literal, machineFault, openDatabase, sqlReason, whileOpen } from './database.js';

/** Raise it when the stored format changes. */
const formatVersion = 6;

/** A larger file is not compared with its checksum. DuckDB checks its blocks' checksums when it reads them. */
const smallFile = 2 ** 28;

/** More threads are not faster, but each needs memory. */
const mostThreads = 4;

const fileName = 'data.duckdb';

const manifestName = 'manifest.json';

/** Tables of rows in DuckDB: a folder with the file, and a manifest with its length and checksum. */
export interface PreparedTables<Description> {
  /** The DuckDB file. */
  readonly file: string;
  /** The folder in which they are kept. */
  readonly path: string;
  /** What `make` returned. */
  readonly description: Description;
  /** Opens a database in which they are the database `prepared`. @param columns See `TableReader`. */
  open(columns: number): Promise<DuckDBConnection>;
}

/**
 * The prepared data of `key`, from the cache if present, else created by `make` and stored. They are written under a
 * temporary name, synced, and renamed. So an entry is complete or absent, however many processes write and read.
 * @param at `name` begins the folder's name; `key` is everything that decides the content, as JSON; messages advise to
 * change `setting`; `files` are what `make` reads.
 * @param make fills the attached database `prepared`. Its connection's own database and the folder are deleted
 * afterwards. It returns a description, plain JSON, and must depend on the key alone.
 * @throws DataError for damaged data, and for a file that changes while it is read.
 */
export async function prepared<Description>(
  at: {
    readonly folder: string;
    readonly name: string;
    readonly key: unknown;
    readonly files: readonly FileBefore[];
    readonly setting?: string;
  },
  { signal }: Pick<LoaderContext, 'signal'>,
  make: (database: DuckDBConnection, folder: string) => Promise<Description>,
): Promise<PreparedTables<Description>> {
  const { version } = await import('@duckdb/node-api');
  const key = sha256(JSON.stringify([at.key, version()]));
  const path = join(at.folder, `${at.name}-v${formatVersion}-${key.slice(0, 32)}`);
  await removeRemains(at.folder);
  const found = await openPrepared<Description>(path, signal);
  if (found) return found;
  const partial = partialPath(path);
  const isNew = !existsSync(at.folder);
  let isDone = false;
  try {
    makeFolder(partial);
    await write(partial, at.files, make, signal);
    await rename(partial, path).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST', 'ENOTEMPTY')) throw error; // else another process has made the same entry meanwhile
    });
    await syncPath(at.folder);
    isDone = true;
  } catch (error) {
    signal?.throwIfAborted();
    throw preparationError(error, at.folder, at.setting);
  } finally {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    if (isNew && !isDone) await rmdir(at.folder).catch(() => undefined); // it may have other entries by now
  }
  const made = await openPrepared<Description>(path, signal, 0);
  if (made) return made;
  throw new DataError(`${path} cannot be read: it has no ${manifestName}. Remove it.`);
}

async function write(
  folder: string,
  files: readonly FileBefore[],
  make: (database: DuckDBConnection, folder: string) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = join(folder, fileName);
  const work = join(folder, 'work');
  makeFolder(work);
  const database = await openForPreparing(work);
  const description = await whileOpen(database, signal, async () => {
    await database.run(`ATTACH ${literal(file)} AS prepared`);
    const made = await make(database, work).finally(() => refuseChanged(files, signal)); // else a failure may hide the change
    await database.run('DETACH prepared'); // writes what is still in memory
    return made;
  });
  await rm(work, { recursive: true, force: true });
  const text = JSON.stringify({ description, bytes: (await stat(file)).size, sha256: await fileChecksum(file) });
  await syncPath(file);
  await writeWhole(join(folder, manifestName), `${sha256(text)}\n${text}\n`);
}

/** A database in memory for reading files. @param spill A folder for what does not fit. */
export async function openForPreparing(spill: string): Promise<DuckDBConnection> {
  const threads = Math.min(mostThreads, availableParallelism());
  const database = await openDatabase(':memory:', { threads, spill });
  await limitMemory(database, 0);
  return database;
}

/**
 * @returns nothing if there is no entry. If the manifest's checksum is right, its description is what `make` returned.
 */
async function openPrepared<Description>(
  path: string,
  signal: AbortSignal | undefined,
  compareUpTo = smallFile,
): Promise<PreparedTables<Description> | undefined> {
  const file = join(path, fileName);
  const text = await readFile(join(path, manifestName), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const [sum, content = ''] = text.split('\n');
  if (sum !== sha256(content)) throw damaged(path, manifestName);
  const written: { readonly description: Description; readonly bytes: number; readonly sha256: string } =
    JSON.parse(content);
  const size = (await stat(file).catch(() => undefined))?.size;
  if (size !== written.bytes) throw damaged(path, fileName);
  if (size <= compareUpTo) {
    const checksum = await fileChecksum(file, signal);
    if (checksum !== written.sha256) throw damaged(path, fileName);
  }
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // when it was last used; the folder may belong to another user
  return {
    path,
    file,
    description: written.description,
    async open(columns) {
      const database = await openDatabase(':memory:', { memory: `${readerMegabytes(columns)}MB`, threads: 1 });
      await database.run(`ATTACH ${literal(file)} AS prepared (READ_ONLY)`);
      return database;
    },
  };
}

function damaged(path: string, name: string): DataError {
  return new DataError(`${join(path, name)} is damaged: it is not what was written. Delete ${path}: it is made anew.`);
}

/** Adds what to do about a failed preparation, if known. */
export function preparationError(error: unknown, folder: string, setting = 'dataset.cache'): unknown {
  const fault = machineFault(error instanceof UserError ? error.cause : error);
  if (fault === 'disk' || hasCode(error, 'ENOSPC', 'EDQUOT'))
    return new DataError(
      `The prepared data cannot be kept in ${folder}: its disk is full. Free some space there, or name another folder in ${setting}.`,
    );
  if (fault === 'memory')
    return new DataError(`The data cannot be prepared: ${sqlReason(error)}. Free some memory, and start again.`);
  if (isSystemError(error))
    return new DataError(
      `The prepared data cannot be kept in ${folder}: ${systemReason(error)}. Name another folder in ${setting}.`,
    );
  return error;
}

export type TableReader = ReturnType<typeof tableReader>;

/**
 * Reads prepared tables. Their database is closed when nothing refers to it any more.
 * @param columns Columns of the widest table: its buffers need memory.
 */
export function tableReader({ file, path, open }: PreparedTables<unknown>, columns: number) {
  let database: Promise<DuckDBConnection> | undefined;
  const unreadable = (reason: string) => {
    const [, cure = `If it is damaged, delete ${path}: it is made anew`] =
      advice.find(([sign]) => sign.test(reason)) ?? [];
    return new DataError(`${file} cannot be read: ${reason}. ${cure}.`);
  };
  return {
    /** A statement's result. Several may be read at once. @throws DataError if it cannot be read. */
    async *chunks(sql: string): AsyncGenerator<DuckDBDataChunk> {
      try {
        database ??= open(columns);
        yield* chunksOf(await database, sql);
      } catch (error) {
        database = undefined;
        throw unreadable(sqlReason(error));
      }
    },

    /** @throws DataError if the number of rows differs from the expected one. */
    expectRows(what: string, rows: number, expected: number): void {
      if (rows !== expected) throw unreadable(`of ${what} there are ${rows}, not ${expected}`);
    },
  };
}

function readerMegabytes(columns: number): number {
  return 256 + columns;
}

const advice: readonly (readonly [RegExp, string])[] = [
  [/set lock on file/, 'Close the program that has it open for writing; to look at prepared data, open them read-only'],
  [/^Out of Memory Error/, 'Free some memory, or train fewer runs at a time (--jobs)'],
  [/Too many open files/, 'Raise the limit of open files (ulimit -n), or train fewer runs at a time (--jobs)'],
];

/** A smaller file is read each time. */
const quicklyRead = 2 ** 26;
/** Within this time a file may be written again without a new modification time. */
const clockSlack = 2000;

/** A file as it was before it is read: `refuseChanged` compares it afterwards. */
export interface FileBefore {
  readonly path: string;
  /** Size, inode, modification time and change time (which no program can set). */
  readonly identity: string;
  /** It was just written: more may be, without a new identity. Then its bytes are compared. */
  readonly isFresh: boolean;
  /** SHA-256 (hex) of its bytes. Empty where the identity says enough. */
  readonly checksum: string;
}

/**
 * A file with its checksum. That of a large file is stored in the cache folder, for its identity.
 * @param signal When it fires, the reading fails with its reason.
 */
export async function rawChecksum(path: string, folder: string, signal?: AbortSignal): Promise<FileBefore> {
  const { size, identity, isFresh } = await identify(path);
  const memory =
    size <= quicklyRead || isFresh
      ? undefined
      : join(folder, `raw-${sha256(`${resolve(path)} ${identity}`).slice(0, 32)}`);
  const stored = memory === undefined ? '' : await readFile(memory, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}$/.test(stored)) return { path, identity, isFresh, checksum: stored };
  const file = { path, identity, isFresh, checksum: await fileChecksum(path, signal) };
  if (memory !== undefined && !(await hasChanged(file, signal))) {
    await Promise.resolve()
      .then(() => makeFolder(folder))
      .then(() => writeWhole(memory, file.checksum))
      .catch(() => undefined); // a failure costs only time
  }
  return file;
}

/** A file of which no checksum is wanted. */
export async function beforeReading(path: string, signal?: AbortSignal): Promise<FileBefore> {
  const { identity, isFresh } = await identify(path);
  return { path, identity, isFresh, checksum: isFresh ? await fileChecksum(path, signal) : '' };
}

/** @throws DataError for a file that is not what it was before it was read: what was read may be of neither state. */
async function refuseChanged(files: readonly FileBefore[], signal?: AbortSignal): Promise<void> {
  for (const file of files)
    if (await hasChanged(file, signal))
      throw new DataError(`${file.path} changed while it was read. Run this again when nothing writes to it.`);
}

/**
 * An equal identity stands for equal bytes: to read a large file again would take long. Another one stands for other
 * bytes, even if they are equal now: in between the file may have been cut off.
 */
async function hasChanged({ path, identity, isFresh, checksum }: FileBefore, signal?: AbortSignal): Promise<boolean> {
  const now = await identify(path).catch(() => undefined);
  return now?.identity !== identity || (isFresh && checksum !== (await fileChecksum(path, signal)));
}

async function identify(path: string) {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const isFresh = Date.now() - Number(ctimeNs / 1_000_000n) <= clockSlack;
  return { size: Number(size), isFresh, identity: [size, ino, mtimeNs, ctimeNs].join(' ') };
}

/** SHA-256 (hex) of a file's bytes. */
async function fileChecksum(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    signal?.throwIfAborted();
    hash.update(piece);
  }
  return hash.digest('hex');
}
