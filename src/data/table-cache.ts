import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../support/make-folder.js';
import { partialPath, removeRemains } from './partial-path.js';
import type { RawFile } from './raw-file.js';
import type { Table } from './table.js';

/** Raise it when what is stored, or how a raw file is read, changes. */
const formatVersion = 1;
const digestBytes = 32;

/**
 * The table of a raw file, from the cache if that has it, else made by `make` and then stored.
 * A stored table is an Arrow stream with the SHA-256 of its bytes behind it; its name is the SHA-256 of the raw file as it
 * lies on disk. What goes wrong with the cache is noted and costs time, never a run.
 * @param reader names what makes the table, as two readers may make different tables of one file.
 */
export async function cachedTable(
  file: RawFile,
  options: {
    readonly folder: string | null;
    readonly reader: string;
    readonly note: (message: string) => void;
    /** Is told the path of the stored table. */
    readonly prepared?: ((path: string) => void) | undefined;
    readonly make: () => Promise<Table>;
  },
): Promise<Table> {
  const { folder, note, make } = options;
  if (folder === null) return make();
  const path = join(folder, `${options.reader}-v${formatVersion}-${await storedChecksum(file.path)}.arrow`);
  const { tableFromArrow, tableToArrow } = await import('./table-arrow.js'); // 100 ms that no other command should pay
  const stored = await readFile(path).catch(() => undefined);
  if (stored) {
    const content = stored.subarray(0, -digestBytes);
    if (digest(content).equals(stored.subarray(-digestBytes))) {
      options.prepared?.(path);
      return tableFromArrow(content);
    }
    note(`${path} is damaged: it is made again.`);
  }
  await removeRemains(folder);
  const table = await make();
  try {
    makeFolder(folder);
    const content = tableToArrow(table);
    await writeWhole(path, [content, digest(content)]);
    options.prepared?.(path);
  } catch (error) {
    note(`The prepared table could not be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
  return table;
}

async function storedChecksum(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('hex');
}

/** Under another name first, so that a reader, or a crash, never meets half a file. */
async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = partialPath(path);
  try {
    await writeFile(temporary, parts);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
