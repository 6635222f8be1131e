import { readFile, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { sha256 } from '../../support/checksum.js';
import { DataError, UserError } from '../../support/errors.js';
import { makeFolder } from '../../support/make-folder.js';
import { hasCode, isSystemError, systemReason } from '../../support/system-error.js';
import { partialPath, removeRemains, syncPath, writeWhole } from '../../support/whole-file.js';
import { advance, type LoaderContext } from '../loader.js';
import { interruptible, limitMemory, literal, machineFault, openDatabase, sqlReason, whileOpen } from './database.js';
import { fileChecksum } from './raw-checksum.js';

/** Raise it when the stored format changes. */
const formatVersion = 4;

/**
 * The checksum of a larger file is compared only on request. DuckDB checks its blocks' checksums when it reads them.
 */
const smallFile = 2 ** 28;

/** More threads are not faster, but each needs memory. */
const mostThreads = 4;

const fileName = 'data.duckdb';

const manifestName = 'manifest.json';

/** Tables of rows in DuckDB. */
export interface PreparedTables<Description> {
  /** The DuckDB file. */
  readonly file: string;
  /** What `make` returned. */
  readonly description: Description;
  /** Opens a database in which they are the database `prepared`. @param columns See `TableReader`. */
  open(columns: number): Promise<DuckDBConnection>;
  /** Marks the data as damaged. The next process that opens them prepares them again. */
  damaged(reason: string): Promise<Error>;
}

/** A folder with a DuckDB file, and a manifest with the file's length and checksum. */
interface Prepared<Description> extends PreparedTables<Description> {
  readonly path: string;
}

/** Prepared data that prove to be damaged when they are read. */
export class DamagedEntry extends DataError {
  override name = 'DamagedEntry';
  /** The folder. */
  readonly path: string;
  readonly damage: string;

  constructor(path: string, damage: string) {
    super(`${path} is damaged (${damage}). Start again: the data are then prepared again.`);
    this.path = path;
    this.damage = damage;
  }
}

type PreparedContext = Pick<LoaderContext, 'note' | 'progress' | 'signal' | 'compareUpTo'>;

/**
 * The prepared data of `key`, from the cache if present, else created by `make` and stored. They are written under a
 * temporary name, synced, and renamed. So an entry is complete or absent, however many processes write and read.
 * Damaged data are reported and created again.
 * @param at `name` begins the folder's name; `key` is everything that decides the content, as JSON; messages advise to
 * change `setting`.
 * @param make fills the attached database `prepared`. Its connection's own database and the folder are deleted
 * afterwards. It returns a description, plain JSON, and must depend on the key alone.
 */
export async function prepared<Description>(
  at: { readonly folder: string; readonly name: string; readonly key: unknown; readonly setting?: string },
  context: PreparedContext,
  make: (database: DuckDBConnection, folder: string) => Promise<Description>,
): Promise<Prepared<Description>> {
  const { version } = await import('@duckdb/node-api');
  const key = sha256(JSON.stringify([at.key, version()]));
  const path = join(at.folder, `${at.name}-v${formatVersion}-${key.slice(0, 32)}`);
  await removeRemains(at.folder);
  const found = await openPrepared<Description>(path, context);
  if (typeof found !== 'string') return found;
  if (found !== '') context.note(`${path} is damaged (${found}): it is made again.`);
  const partial = partialPath(path);
  const isNew = (await stampOf(at.folder)) === '';
  let isDone = false;
  try {
    makeFolder(partial);
    await write(partial, make, context.signal);
    await moveInto(partial, path);
    isDone = true;
  } catch (error) {
    context.signal?.throwIfAborted();
    throw asUserError(error, at.folder, at.setting);
  } finally {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    if (isNew && !isDone) await rmdir(at.folder).catch(() => undefined); // it may have other entries by now
  }
  const made = await openPrepared<Description>(path, { compareUpTo: 0 });
  if (typeof made !== 'string') return made;
  throw new DataError(`${path} was written, but cannot be read: ${made || 'it is gone'}.`);
}

async function write(
  folder: string,
  make: (database: DuckDBConnection, folder: string) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = join(folder, fileName);
  const work = join(folder, 'work');
  makeFolder(work);
  const threads = Math.min(mostThreads, availableParallelism());
  const database = await openDatabase(':memory:', { threads, spill: work });
  await limitMemory(database, 0, threads);
  const description = await whileOpen(database, signal, async () => {
    await database.run(`ATTACH ${literal(file)} AS prepared`);
    const made = await make(database, work);
    await database.run('DETACH prepared'); // writes what is still in memory
    return made;
  });
  await rm(work, { recursive: true, force: true });
  const text = JSON.stringify({ description, bytes: (await stat(file)).size, sha256: await fileChecksum(file) });
  await syncPath(file);
  await writeWhole(join(folder, manifestName), `${sha256(text)}\n${text}\n`);
}

/**
 * @returns What is damaged; '' if there is no entry. If the manifest's checksum is right, its description is what
 * `make` returned.
 */
async function openPrepared<Description>(
  path: string,
  context: Pick<PreparedContext, 'progress' | 'signal' | 'compareUpTo'>,
): Promise<Prepared<Description> | string> {
  const [manifest, file] = [join(path, manifestName), join(path, fileName)];
  const stamp = await stampOf(manifest);
  const text = await readFile(manifest, 'utf8').catch(() => undefined);
  if (text === undefined) return (await stampOf(path)) === '' ? '' : 'it has no manifest';
  const [sum = '', content = ''] = text.split('\n');
  if (sum === 'damaged') return content;
  if (sum !== sha256(content)) return `its ${manifestName} is not what was written`;
  const written: { readonly description: Description; readonly bytes: number; readonly sha256: string } =
    JSON.parse(content);
  const size = (await stat(file).catch(() => undefined))?.size;
  if (size !== written.bytes) return `${fileName} has ${size ?? 'no'} bytes, not ${written.bytes}`;
  if (size <= (context.compareUpTo ?? smallFile)) {
    const { progress, signal } = context;
    const watching = context.compareUpTo === undefined ? { signal } : { progress, signal }; // an unrequested comparison is short
    const found = await fileChecksum(file, (bytes) => advance(watching, bytes, size));
    if (found !== written.sha256) return `${fileName} is not what was written`;
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
    async damaged(reason) {
      const text = `damaged\n${fileName}: ${reason}\n`;
      if ((await stampOf(manifest)) === stamp) await writeWhole(manifest, text).catch(() => undefined);
      return new DamagedEntry(path, `${fileName}: ${reason}`);
    },
  };
}

/** If another process has created the same entry meanwhile, that one stays. */
async function moveInto(partial: string, path: string): Promise<void> {
  let cause: unknown;
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await rename(partial, path);
      await syncPath(dirname(path));
      return;
    } catch (error) {
      if (!hasCode(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EPERM')) throw error;
      cause = error;
    }
    if (typeof (await openPrepared(path, {})) !== 'string') return;
    const aside = partialPath(path);
    await rename(path, aside).catch(() => undefined); // another process may have been faster
    await rm(aside, { recursive: true, force: true });
  }
  throw new DataError(`${path} cannot be replaced: ${systemReason(cause)}. Remove it.`);
}

/** Distinguishes a file from a replacement. '' if there is none. */
async function stampOf(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(
    ({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
    () => '',
  );
}

/** Adds what to do about a failed preparation, if known. */
function asUserError(error: unknown, folder: string, setting = 'dataset.cache'): unknown {
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

/** Reads prepared tables. Their database is closed by `close`, or when nothing refers to it any more. */
export class TableReader {
  readonly #tables: PreparedTables<unknown>;
  readonly #columns: number;
  #database: Promise<DuckDBConnection> | undefined;

  /** @param columns Columns of the widest table: its buffers need memory. */
  constructor(tables: PreparedTables<unknown>, columns: number) {
    this.#tables = tables;
    this.#columns = columns;
  }

  /**
   * A statement's result. Several may be read at once. @throws DamagedEntry for a damaged file, DataError if it cannot
   * be read for another reason.
   */
  async *chunks(sql: string): AsyncGenerator<DuckDBDataChunk> {
    try {
      this.#database ??= this.#tables.open(this.#columns);
      const result = await (await this.#database).run(sql);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) return;
        yield chunk;
      }
    } catch (error) {
      this.#database = undefined;
      const reason = sqlReason(error);
      if (isDamage(reason)) throw await this.#tables.damaged(reason);
      throw new DataError(`${this.#tables.file} cannot be read: ${reason}. ${adviceOn(reason)}.`);
    }
  }

  /** @throws DamagedEntry if the number of rows differs from the expected one. */
  async expectRows(what: string, found: number, expected: number): Promise<void> {
    if (found !== expected) throw await this.#tables.damaged(`of ${what} there are ${found}, not ${expected}`);
  }
}

/** Tables that `make` fills for this process alone: in memory, and in a temporary folder what is too much for it. */
export async function unkept<Description>(
  make: (database: DuckDBConnection) => Promise<Description>,
  signal: AbortSignal | undefined,
): Promise<PreparedTables<Description>> {
  await removeRemains(tmpdir());
  const spill = partialPath(join(tmpdir(), 'ple-rows')); // DuckDB makes and removes it
  const threads = Math.min(mostThreads, availableParallelism());
  const database = await openDatabase(':memory:', { threads, spill });
  await limitMemory(database, 0, threads);
  try {
    const description = await interruptible(database, signal, async () => {
      await database.run("ATTACH ':memory:' AS prepared");
      return make(database);
    });
    return {
      file: 'The table of rows',
      description,
      async open(columns) {
        await database.run('SET threads = 1');
        await database.run(`SET memory_limit = '${readerMegabytes(columns)}MB'`);
        return database;
      },
      damaged: async (reason) => new Error(reason),
    };
  } catch (error) {
    database.closeSync();
    throw asUserError(error, tmpdir(), 'TMPDIR');
  }
}

function readerMegabytes(columns: number): number {
  return 256 + columns;
}

const damages = [
  /^(Serialization|INTERNAL|FATAL|Catalog|Binder) Error/,
  /^IO Error: .*(checksum|corrupt|not a valid DuckDB|Could not read enough bytes)/i,
];

/** Whether the file's content is at fault, not the machine or another program. Names in quotes are ignored. */
function isDamage(reason: string): boolean {
  const words = reason.replaceAll(/"[^"]*"/g, '""');
  return damages.some((damage) => damage.test(words));
}

const advice: readonly (readonly [RegExp, string])[] = [
  [/set lock on file/, 'Close the program that has it open for writing; to look at prepared data, open them read-only'],
  [/^Out of Memory Error/, 'Free some memory, or train fewer runs at a time (--jobs)'],
  [/Too many open files/, 'Raise the limit of open files (ulimit -n), or train fewer runs at a time (--jobs)'],
];

function adviceOn(reason: string): string {
  return advice.find(([sign]) => sign.test(reason))?.[1] ?? 'Start again';
}
