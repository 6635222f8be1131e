import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostArray, HostArrays } from '../support/arrays.js';
import { UserError } from '../support/errors.js';
import { readSafetensors, writeSafetensors } from '../support/safetensors.js';
import { type RowFiles, readRows, removeOtherRows, rowFilesSchema, writeRows } from './folder/checkpoint-rows.js';
import type { LargeTables } from './large/large-tables.js';
import { progressSchema } from './progress.js';
import type { Snapshot } from './trainer.js';

const bestPrefix = 'best/';
/** Then the epoch: `own/7/<parameter>`. */
const ownPrefix = 'own/';
/** Its number grows when the meaning of a state's arrays or scores changes, or the content of `last.safetensors`. */
const format = 'ple-checkpoint-5';

/** The best epoch's parameters, for other programs: plain safetensors under the parameters' names. */
function bestPath(folder: string): string {
  return join(folder, 'best.safetensors');
}

/** All that a resumed run needs, in one file, so that no kill can leave two files of different moments. */
function lastPath(folder: string): string {
  return join(folder, 'last.safetensors');
}

/**
 * Writes a checkpoint. For large tables, it writes only the rows that changed since the last one, to files of their own
 * (`checkpoint-rows.ts`). These come first, and `last.safetensors` names them with their checksums. Until it is
 * replaced, the last checkpoint is whole.
 * @param hash the run's hash8: a checkpoint of another config or other data is refused
 * @param before the rows' files of the last checkpoint, from the last call or `readSnapshot`
 */
export async function writeSnapshot(
  folder: string,
  snapshot: Snapshot,
  hash: string,
  before: RowFiles = [],
): Promise<RowFiles> {
  const rowFiles = snapshot.tables ? await rowFilesOf(folder, snapshot.tables, before) : [];
  const arrays: Record<string, HostArray> = { ...snapshot.state };
  const add = (prefix: string, parameters: HostArrays) => {
    for (const [name, value] of Object.entries(parameters)) arrays[prefix + name] = value;
  };
  add(bestPrefix, snapshot.best);
  for (const [epoch, parameters] of snapshot.ownBest) add(`${ownPrefix}${epoch}/`, parameters);
  const progress = JSON.stringify(snapshot.progress);
  const rows = snapshot.tables ? { rows: JSON.stringify(rowFiles) } : {};
  const metadata = { format, hash, progress, ...rows, sha256: checksum(arrays, progress + (rows.rows ?? '')) };
  await writeSafetensors(lastPath(folder), { arrays, metadata });
  if (!snapshot.tables) return rowFiles;
  snapshot.tables.saved();
  await removeOtherRows(folder, rowFiles);
  return rowFiles;
}

/**
 * Adds the rows that changed to the files. Once these have more than twice the rows that were ever written, they are
 * replaced by one whole set.
 */
async function rowFilesOf(folder: string, tables: LargeTables, before: RowFiles): Promise<RowFiles> {
  const last = before.at(-1)?.number ?? 0;
  const rows = before.reduce((sum, file) => sum + file.rows, 0);
  const isWhole = before.length === 0 || rows > 2 * tables.savedRows();
  const files = await writeRows(folder, tables.changes(isWhole ? 'start' : 'saved'), last);
  return isWhole ? files : [...before, ...files];
}

/** Covers everything that a run continues from: a bit flipped on the disk would silently give a wrong result. */
function checksum(arrays: HostArrays, progress: string): string {
  const sha256 = createHash('sha256').update(progress);
  for (const [name, { dtype, shape, data }] of Object.entries(arrays)) {
    sha256.update(JSON.stringify([name, dtype, shape]));
    sha256.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return sha256.digest('hex');
}

/**
 * Tasks' own best epochs are left out: they would be further arrays under equal names, and a joint model is used with
 * one.
 */
export async function writeBest(
  folder: string,
  { best, progress, bestTables }: Pick<Snapshot, 'best' | 'progress' | 'bestTables'>,
): Promise<void> {
  await writeSafetensors(bestPath(folder), {
    arrays: { ...best, ...bestTables?.() },
    metadata: { format, bestEpoch: JSON.stringify(progress.units.map((unit) => unit.bestEpoch)) },
  });
}

export interface StoredSnapshot extends Snapshot {
  readonly rowFiles?: RowFiles;
}

/** The last checkpoint, or nothing if none was written yet. */
export async function readSnapshot(folder: string, hash: string): Promise<StoredSnapshot | undefined> {
  const path = lastPath(folder);
  if (!existsSync(path)) return undefined;
  const { arrays, metadata } = await readSafetensors(path);
  if (metadata.format !== format) {
    throw new UserError(
      `${path} was written by another version of ple (${metadata.format}, not ${format}): delete it to train from the start.`,
    );
  }
  if (metadata.hash !== hash) {
    throw new UserError(`${path} belongs to another config or other data (${metadata.hash} is not ${hash}).`);
  }
  const { progress = '', rows } = metadata;
  if (metadata.sha256 !== checksum(arrays, progress + (rows ?? ''))) {
    throw new UserError(`${path} has a checksum mismatch: delete it to restart the run.`);
  }
  const state: Record<string, HostArray> = {};
  const best: Record<string, HostArray> = {};
  const ownBest = new Map<number, Record<string, HostArray>>();
  for (const [name, value] of Object.entries(arrays)) {
    if (name.startsWith(bestPrefix)) best[name.slice(bestPrefix.length)] = value;
    else if (name.startsWith(ownPrefix)) {
      const [, epoch = ''] = name.split('/', 2);
      const own = ownBest.get(Number(epoch)) ?? {};
      own[name.slice(`${ownPrefix}${epoch}/`.length)] = value;
      ownBest.set(Number(epoch), own);
    } else state[name] = value;
  }
  const snapshot = { state, best, ownBest, progress: progressSchema.parse(JSON.parse(progress)) };
  if (rows === undefined) return snapshot;
  const rowFiles = rowFilesSchema.parse(JSON.parse(rows));
  return { ...snapshot, rowFiles, rows: () => readRows(folder, rowFiles) };
}
