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
 * SHA-256 (hex) of a file as it lies on disk. The checksum of a large file is stored in the cache folder, for its size,
 * inode, modification time and change time (which no program can set).
 * @param signal When it fires, the reading fails with its reason.
 */
export async function rawChecksum(path: string, folder: string, signal?: AbortSignal): Promise<string> {
  const { size, text } = await fileIdentity(path);
  if (size <= smallFile) return fileChecksum(path, signal);
  const memory = join(folder, `raw-${sha256(`${resolve(path)} ${text}`).slice(0, 32)}`);
  const known = await readFile(memory, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const found = await fileChecksum(path, signal);
  const after = await fileIdentity(path);
  if (after.text === text && Date.now() - after.changed > clockSlack) {
    await Promise.resolve()
      .then(() => makeFolder(folder))
      .then(() => writeWhole(memory, found))
      .catch(() => undefined); // a failure costs only time
  }
  return found;
}

async function fileIdentity(path: string) {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { size: Number(size), changed: Number(ctimeNs / 1_000_000n), text: [size, ino, mtimeNs, ctimeNs].join(' ') };
}

/** SHA-256 (hex) of a file's bytes. */
export async function fileChecksum(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    signal?.throwIfAborted();
    hash.update(piece);
  }
  return hash.digest('hex');
}
