import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../../support/errors.js';
import { makeFolder } from '../../support/make-folder.js';
import { partialPath, removeRemains } from '../../support/partial-path.js';
import { advance, type LoaderContext } from '../loader.js';
import { checksumOf } from './block-checksum.js';
import { formatVersion, writeManifest } from './manifest.js';
import { openPrepared, type PreparedEntry } from './open-prepared.js';
import { type PreparedColumn, usualBlockRows } from './prepared-columns.js';
import type { TableIndex } from './prepared-table.js';
import { BlockedTableWriter, type TableWriter } from './table-writer.js';

/** What a preparation writes. */
export interface EntryWriter {
  /** Begins a table: the file `<name>.arrow`. Several may be written at once. Default: `usualBlockRows`. */
  table(name: string, columns: readonly PreparedColumn[], blockRows?: number): Promise<TableWriter>;
}

export type EntryContext = Pick<LoaderContext, 'note' | 'progress' | 'signal' | 'compareUpTo'>;

/**
 * The prepared tables of `key`, from the cache if that has them, else made by `make` and then stored. An entry is a folder of Arrow files
 * and a manifest with the place and checksum of every record batch. It is written under another name, synced, and renamed: there is a
 * whole entry or none, however many processes write and read. What is damaged is noted and made again.
 * @param at `name` begins the folder's name; `key` is everything that decides the content, as JSON.
 * @param make returns a description, plain JSON. It must depend on the key alone.
 */
export async function preparedEntry(
  at: { readonly folder: string; readonly name: string; readonly key: unknown },
  context: EntryContext,
  make: (writer: EntryWriter) => Promise<unknown>,
): Promise<PreparedEntry> {
  const path = join(at.folder, `${at.name}-v${formatVersion}-${checksumOf(JSON.stringify(at.key))}`);
  await removeRemains(at.folder);
  const { note, signal, compareUpTo } = context;
  const told = compareUpTo === undefined ? { signal } : context; // what is compared unasked takes a moment
  const found = await openPrepared(path, { compareUpTo, onBytes: (done, total) => advance(told, done, total) });
  if (found.entry) return found.entry;
  if (found.damage !== null) note(`${path} is damaged (${found.damage}): it is made again.`);
  const partial = partialPath(path);
  try {
    makeFolder(partial);
    await writeEntry(partial, make, signal);
    await moveInto(partial, path);
  } catch (error) {
    if (isSystemError(error)) throw new DataError(`The prepared data cannot be kept in ${at.folder}: ${error.message}`);
    throw error;
  } finally {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
  }
  const made = await openPrepared(path);
  if (made.entry) return made.entry;
  throw new DataError(`${path} was written, but cannot be read: ${made.damage ?? 'it is gone'}.`);
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
      async table(name, columns, blockRows = usualBlockRows(columns)) {
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
    await writeManifest(folder, { description, tables });
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

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync().catch(() => undefined); // not every file system can
  await folder.close();
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
