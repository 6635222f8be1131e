import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type HostArray, int32 } from '../../support/arrays.js';
import { fileSha256 } from '../../support/checksum.js';
import { UserError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { readSafetensors, writeSafetensors } from '../../support/safetensors.js';
import type { SavedRows } from '../large/large-table.js';

/** A checkpoint's files of rows of large tables, in reading order: later rows replace earlier ones. */
export const rowFilesSchema = z.array(
  z.strictObject({ number: z.int().positive(), rows: z.int().nonnegative(), sha256: z.string() }),
);
export type RowFiles = Readonly<z.infer<typeof rowFilesSchema>>;

function rowFileName(number: number): string {
  return `rows-${number}.safetensors`;
}

/** About the largest number of rows in a file. */
const mostRows = 2 ** 20;

/** Writes rows after those of earlier files. Nothing refers to the new files yet. */
export async function writeRows(folder: string, changes: Iterable<SavedRows>, after: number): Promise<RowFiles> {
  const files: RowFiles[number][] = [];
  let parts: SavedRows[] = [];
  const rowsOf = () => parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const write = async () => {
    const number = after + files.length + 1;
    const path = join(folder, rowFileName(number));
    await writeSafetensors(path, fileOf(parts));
    files.push({ number, rows: rowsOf(), sha256: fileSha256(path) });
    parts = [];
  };
  for (const part of changes) {
    parts.push(part);
    if (rowsOf() >= mostRows) await write();
  }
  if (parts.length > 0) await write();
  return files;
}

/** Deletes other files of rows: a killed process leaves some. */
export async function removeOtherRows(folder: string, files: RowFiles): Promise<void> {
  const kept = files.map(({ number }) => rowFileName(number));
  for (const name of await readdir(folder))
    if (/^rows-\d+\.safetensors$/.test(name) && !kept.includes(name)) await rm(join(folder, name), { force: true });
}

/** @throws UserError for a file that is missing or changed. */
export async function* readRows(folder: string, files: RowFiles): AsyncGenerator<SavedRows> {
  for (const { number, sha256 } of files) {
    const path = join(folder, rowFileName(number));
    const mend = `delete ${join(folder, 'last.safetensors')} to restart the run`;
    if (!existsSync(path)) throw new UserError(`${path} is gone, and the last checkpoint needs it: ${mend}.`);
    if (fileSha256(path) !== sha256) throw new UserError(`${path} has a checksum mismatch: ${mend}.`);
    yield* partsOf(await readSafetensors(path));
  }
}

const partsSchema = z.array(
  z.strictObject({ table: z.string(), epoch: z.int().optional(), arrays: z.array(z.string()) }),
);

function fileOf(parts: readonly SavedRows[]) {
  const arrays: Record<string, HostArray> = {};
  for (const [index, { ids, values }] of parts.entries()) {
    arrays[`${index}/ids`] = int32([ids.length], ids);
    for (const [name, data] of Object.entries(values)) {
      const shape = [ids.length, data.length / Math.max(1, ids.length)];
      arrays[`${index}/${name}`] = { dtype: 'float32', shape, data };
    }
  }
  const about = parts.map(({ table, epoch, values }) => ({ table, epoch, arrays: Object.keys(values) }));
  return { arrays, metadata: { parts: JSON.stringify(about) } };
}

function partsOf({ arrays, metadata }: Awaited<ReturnType<typeof readSafetensors>>): SavedRows[] {
  return partsSchema.parse(JSON.parse(must(metadata.parts, 'parts'))).map(({ table, epoch, arrays: names }, index) => {
    const { data: ids } = must(arrays[`${index}/ids`], 'ids');
    const values = names.map((name) => {
      const { data } = must(arrays[`${index}/${name}`], name);
      if (data instanceof Float32Array) return [name, data] as const;
      throw new Error(`${name} is not float32`);
    });
    return {
      table,
      ...(epoch === undefined ? {} : { epoch }),
      ids: Int32Array.from(ids),
      values: Object.fromEntries(values),
    };
  });
}
