import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DamagedEntry } from '../store/prepared.js';
import { markDamaged, readManifest } from './manifest.js';
import { type ComparableTable, DamagedBlock, type PreparedTable, preparedTable } from './prepared-table.js';

/** A larger entry is not compared with its checksums when it is opened, but block by block when it is read. */
const smallEntry = 2 ** 28;

/** A folder of prepared tables. */
export interface PreparedEntry {
  readonly path: string;
  /** What `make` of `preparedEntry` returned. */
  readonly description: unknown;
  table(name: string): PreparedTable;
}

/**
 * Opens an entry's folder. Damage is null where there is no entry.
 * @param options `compareUpTo`: an entry of so many bytes is compared whole. `onBytes` is told how many of all have been; throws to stop.
 */
export async function openPrepared(
  path: string,
  options: {
    readonly compareUpTo?: number | undefined;
    readonly onBytes?: (done: number, total: number) => void;
  } = {},
): Promise<{ readonly entry: PreparedEntry } | { readonly entry?: undefined; readonly damage: string | null }> {
  const { compareUpTo = smallEntry, onBytes = () => undefined } = options;
  const found = await readManifest(path);
  if (!found.manifest) return found;
  const { manifest, stamp } = found;
  const tables = new Map<string, ComparableTable>();
  let total = 0;
  for (const [name, index] of Object.entries(manifest.tables)) {
    const file = join(path, `${name}.arrow`);
    const size = (await stat(file).catch(() => undefined))?.size;
    if (size !== index.bytes) return { damage: `${name}.arrow has ${size ?? 'no'} bytes, not ${index.bytes}` };
    tables.set(name, preparedTable(file, index));
    total += size;
  }
  const marked = async <Value>(name: string, reading: Promise<Value>): Promise<Value> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof DamagedBlock)) throw error;
      const damage = `${name}.arrow: ${error.message}`;
      await markDamaged(path, stamp, damage);
      throw new DamagedEntry(path, damage);
    }
  };
  if (total <= compareUpTo) {
    let before = 0;
    for (const [name, table] of tables) {
      try {
        await marked(
          name,
          table.compare((bytes) => onBytes(before + bytes, total)),
        );
      } catch (error) {
        if (error instanceof DamagedEntry) return { damage: error.damage };
        throw error;
      }
      before += manifest.tables[name]?.bytes ?? 0;
    }
  }
  return {
    entry: {
      path,
      description: manifest.description,
      table(name) {
        const table = tables.get(name);
        if (!table) throw new Error(`${path} has no table '${name}'`);
        return { ...table, read: (index) => marked(name, table.read(index)) };
      },
    },
  };
}
