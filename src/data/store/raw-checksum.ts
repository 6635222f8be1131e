import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sha256 } from '../../support/checksum.js';
import { makeFolder } from '../../support/make-folder.js';
import { writeWhole } from '../../support/whole-file.js';

/** A smaller file is read each time. */
const smallFile = 2 ** 26;
/** Within this time a file may be written again without a new modification time. */
const clockSlack = 2000;

/**
 * SHA-256 (hex) of a file as it lies on disk. The checksum of a large file is stored in the cache folder. It is valid
 * while the file's size, inode, modification time and change time (which no program can set) are unchanged.
 * @param signal When it fires, the reading fails with its reason.
 */
export async function rawChecksum(path: string, folder: string, signal?: AbortSignal): Promise<string> {
  const identity = await identityOf(path);
  const hashed = () => fileChecksum(path, () => signal?.throwIfAborted());
  if (identity.size <= smallFile) return hashed();
  const name = sha256(resolve(path)).slice(0, 32);
  const memory = join(folder, `raw-${name}.json`);
  const known = await remembered(memory);
  if (known?.identity === identity.text) return known.sha256;
  const found = await hashed();
  const after = await identityOf(path);
  if (after.text === identity.text && Date.now() - after.changed > clockSlack) {
    await Promise.resolve()
      .then(() => makeFolder(folder))
      .then(() => writeWhole(memory, JSON.stringify({ identity: identity.text, sha256: found })))
      .catch(() => undefined); // a failure costs only time
  }
  return found;
}

async function identityOf(path: string) {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { size: Number(size), changed: Number(ctimeNs / 1_000_000n), text: [size, ino, mtimeNs, ctimeNs].join(' ') };
}

async function remembered(path: string): Promise<{ readonly identity: string; readonly sha256: string } | undefined> {
  try {
    const found: { readonly identity?: unknown; readonly sha256?: unknown } = JSON.parse(await readFile(path, 'utf8'));
    const { identity, sha256 } = found;
    return typeof identity === 'string' && typeof sha256 === 'string' ? { identity, sha256 } : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 (hex) of a file's bytes. @param onBytes gets the number of bytes read so far; throws to stop. */
export async function fileChecksum(path: string, onBytes: (bytes: number) => void = () => undefined): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(piece);
    bytes += piece.length;
    onBytes(bytes);
  }
  return hash.digest('hex');
}
