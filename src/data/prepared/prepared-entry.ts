import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../../support/errors.js';
import { makeFolder } from '../../support/make-folder.js';
import { partialPath, removeRemains } from '../partial-path.js';
import { checksumOf } from './block-checksum.js';
import type { PreparedColumn } from './prepared-columns.js';
import { DamagedBlock, type PreparedTable, preparedTable, type TableIndex } from './prepared-table.js';
import { BlockedTableWriter, type TableWriter } from './table-writer.js';

/** Raise it when what is stored changes. */
const formatVersion = 1;
const manifestName = 'manifest.json';
/** An entry of fewer bytes is compared with its checksums whenever it is opened, a larger one block by block when it is read. */
const smallEntry = 2 ** 28;
const usualBlockRows = 2 ** 14;

/** What a preparation writes. */
export interface EntryWriter {
  /** Begins a table: the file `<name>.arrow`. Several may be written at once. */
  table(name: string, columns: readonly PreparedColumn[], blockRows?: number): Promise<TableWriter>;
}

/** A folder of prepared tables. */
export interface PreparedEntry {
  readonly path: string;
  /** What `make` returned. */
  readonly description: unknown;
  table(name: string): PreparedTable;
}

interface Manifest {
  readonly format: number;
  readonly description: unknown;
  readonly tables: Readonly<Record<string, TableIndex>>;
}

/**
 * The prepared tables of `key`, from the cache if that has them, else made by `make` and then stored. An entry is a folder of Arrow files
 * and a manifest with the place and checksum of every record batch. It is written under another name, synced, and renamed: there is a
 * whole entry or none, however many processes write and read. What is damaged is noted and made again.
 * @param at `name` begins the folder's name; `key` is everything that decides the content, as JSON. When `signal` fires, what has been
 * written is removed, and the preparation fails with its reason.
 * @param make returns a description, plain JSON. It must depend on the key alone.
 */
export async function preparedEntry(
  at: {
    readonly folder: string;
    readonly name: string;
    readonly key: unknown;
    readonly note: (message: string) => void;
    readonly signal?: AbortSignal | undefined;
  },
  make: (writer: EntryWriter) => Promise<unknown>,
): Promise<PreparedEntry> {
  const path = join(at.folder, `${at.name}-v${formatVersion}-${checksumOf(JSON.stringify(at.key))}`);
  await removeRemains(at.folder);
  const found = await openPrepared(path, at.signal);
  if (found.entry) return found.entry;
  if (found.damage !== null) at.note(`${path} is damaged (${found.damage}): it is made again.`);
  const partial = partialPath(path);
  try {
    makeFolder(partial);
    await writeEntry(partial, make, at.signal);
    await moveInto(partial, path);
  } catch (error) {
    if (isSystemError(error)) throw new DataError(`The prepared data cannot be kept in ${at.folder}: ${error.message}`);
    throw error;
  } finally {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
  }
  const made = await openPrepared(path, at.signal);
  if (made.entry) return made.entry;
  throw new DataError(`${path} was written, but cannot be read: ${made.damage ?? 'it is gone'}.`);
}

/** Opens an entry's folder. Damage is null where there is no entry. */
export async function openPrepared(
  path: string,
  signal?: AbortSignal,
): Promise<{ readonly entry: PreparedEntry } | { readonly entry?: undefined; readonly damage: string | null }> {
  const text = await readFile(join(path, manifestName), 'utf8').catch(() => undefined);
  if (text === undefined) return { damage: (await stat(path).catch(() => undefined)) ? 'it has no manifest' : null };
  const manifest = parseManifest(text);
  if (!manifest) return { damage: `its ${manifestName} is not what was written` };
  const tables = new Map<string, PreparedTable>();
  let bytes = 0;
  for (const [name, index] of Object.entries(manifest.tables)) {
    const file = join(path, `${name}.arrow`);
    const size = (await stat(file).catch(() => undefined))?.size;
    if (size !== index.bytes) return { damage: `${name}.arrow has ${size ?? 'no'} bytes, not ${index.bytes}` };
    tables.set(name, preparedTable(file, index));
    bytes += size;
  }
  if (bytes <= smallEntry) {
    for (const [name, table] of tables) {
      const damage = await damageOf(table, signal);
      if (damage !== null) return { damage: `${name}.arrow: ${damage}` };
    }
  }
  return {
    entry: {
      path,
      description: manifest.description,
      table(name) {
        const table = tables.get(name);
        if (!table) throw new Error(`${path} has no table '${name}'`);
        return { ...table, read: (index) => readOrForget(path, table, index) };
      },
    },
  };
}

async function damageOf(table: PreparedTable, signal: AbortSignal | undefined): Promise<string | null> {
  for (let index = 0; index * table.blockRows < table.rows; index++) {
    signal?.throwIfAborted();
    const damage = await table.read(index).then(
      () => null,
      (error: unknown) => {
        if (error instanceof DamagedBlock) return error.message;
        throw error;
      },
    );
    if (damage !== null) return damage;
  }
  return null;
}

/** In the middle of a run nothing can be made again; without its manifest the entry is, at the next start. */
async function readOrForget(path: string, table: PreparedTable, index: number): ReturnType<PreparedTable['read']> {
  try {
    return await table.read(index);
  } catch (error) {
    if (!(error instanceof DamagedBlock)) throw error;
    await rm(join(path, manifestName), { force: true }).catch(() => undefined);
    throw new DataError(`${table.path} is damaged: ${error.message}. Start again: the data are then prepared anew.`);
  }
}

async function writeEntry(
  folder: string,
  make: (writer: EntryWriter) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { ArrowFile } = await import('./arrow-file.js'); // 100 ms that no other command should pay
  const writers = new Map<string, BlockedTableWriter>();
  const tables: Record<string, TableIndex> = {};
  try {
    const description = await make({
      async table(name, columns, blockRows = usualBlockRows) {
        const file = await ArrowFile.create(join(folder, `${name}.arrow`), columns);
        const writer = new BlockedTableWriter(file, columns, blockRows, signal);
        writers.set(name, writer);
        return writer;
      },
    });
    await Promise.all(
      [...writers].map(async ([name, writer]) => {
        tables[name] = await writer.finish();
      }),
    );
    await writeSynced(join(folder, manifestName), manifestText({ format: formatVersion, description, tables }));
    await syncFolder(folder);
  } catch (error) {
    for (const writer of writers.values()) await writer.abandon();
    throw error;
  }
}

/** Another process may have put the same entry there in the meantime: then that one stays. */
async function moveInto(partial: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await rename(partial, path);
      await syncFolder(dirname(path));
      return;
    } catch (error) {
      if (!isSystemError(error) || !['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EPERM'].includes(error.code ?? '')) throw error;
    }
    if ((await openPrepared(path)).entry) return;
    const aside = partialPath(path);
    await rename(path, aside).catch(() => undefined); // another process may have been quicker
    await rm(aside, { recursive: true, force: true });
  }
  throw new DataError(`${path} cannot be replaced.`);
}

/** The manifest's own checksum is its first line. */
function manifestText(manifest: Manifest): string {
  const text = `${JSON.stringify(manifest)}\n`;
  return `${JSON.stringify({ sha256: checksumOf(text) })}\n${text}`;
}

function parseManifest(text: string): Manifest | undefined {
  const cut = text.indexOf('\n') + 1;
  const content = text.slice(cut);
  if (text.slice(0, cut) !== `${JSON.stringify({ sha256: checksumOf(content) })}\n`) return undefined;
  const manifest: Manifest = JSON.parse(content);
  return manifest.format === formatVersion ? manifest : undefined;
}

async function writeSynced(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flush: true });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync().catch(() => undefined); // not every file system can
  await folder.close();
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
