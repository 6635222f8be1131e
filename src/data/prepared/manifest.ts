import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumOf } from './block-checksum.js';
import type { TableIndex } from './prepared-table.js';

/** Raise it when what is stored changes. */
export const formatVersion = 2;
const name = 'manifest.json';
const damaged = 'damaged: ';

/** What an entry's folder has, and what its files must be. */
export interface Manifest {
  readonly description: unknown;
  readonly tables: Readonly<Record<string, TableIndex>>;
}

/** Its own checksum is the first line. It lies on the disk when this is done. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const text = `${JSON.stringify(manifest)}\n`;
  await writeFile(join(folder, name), `${firstLine(text)}${text}`, { flush: true });
}

/** Damage is null where there is no entry. `stamp` tells the manifest from one that is put in its place. */
export async function readManifest(
  folder: string,
): Promise<
  | { readonly manifest: Manifest; readonly stamp: string }
  | { readonly manifest?: undefined; readonly damage: string | null }
> {
  const stamp = await stampOf(folder);
  const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
  if (text === undefined) return { damage: (await stat(folder).catch(() => undefined)) ? 'it has no manifest' : null };
  if (text.startsWith(damaged)) return { damage: text.slice(damaged.length).trim() };
  const cut = text.indexOf('\n') + 1;
  const content = text.slice(cut);
  if (text.slice(0, cut) !== firstLine(content)) return { damage: `its ${name} is not what was written` };
  const manifest: Manifest = JSON.parse(content);
  return { manifest, stamp };
}

/** Makes this entry one that is not used again. Another one that has been put in its place stays. */
export async function markDamaged(folder: string, stamp: string, damage: string): Promise<void> {
  if ((await stampOf(folder)) !== stamp) return;
  await writeFile(join(folder, name), `${damaged}${damage}\n`).catch(() => undefined);
}

function firstLine(content: string): string {
  return `${JSON.stringify({ sha256: checksumOf(content) })}\n`;
}

async function stampOf(folder: string): Promise<string> {
  return stat(join(folder, name), { bigint: true }).then(
    ({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
    () => '',
  );
}
