import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sha256 } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';
import { makeFolder, writeWhole } from '../../support/files.js';

/** A smaller file is read each time. */
const smallFile = 2 ** 26;
/** Within this time a file may be written again without a new modification time. */
const clockSlack = 2000;

/** A file as it was before it is read: `refuseChanged` compares it afterwards. */
export interface FileBefore {
  readonly path: string;
  /** Size, inode, modification time and change time (which no program can set). */
  readonly identity: string;
  /** It was just written: more may be, without a new identity. Then its bytes are compared. */
  readonly isFresh: boolean;
  /** SHA-256 (hex) of its bytes. Empty where the identity says enough. */
  readonly checksum: string;
}

/**
 * A file with its checksum. That of a large file is stored in the cache folder, for its identity.
 * @param signal When it fires, the reading fails with its reason.
 */
export async function rawChecksum(path: string, folder: string, signal?: AbortSignal): Promise<FileBefore> {
  const { size, identity, isFresh } = await identify(path);
  const memory =
    size <= smallFile || isFresh
      ? undefined
      : join(folder, `raw-${sha256(`${resolve(path)} ${identity}`).slice(0, 32)}`);
  const known = memory === undefined ? '' : await readFile(memory, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}$/.test(known)) return { path, identity, isFresh, checksum: known };
  const file = { path, identity, isFresh, checksum: await fileChecksum(path, signal) };
  if (memory !== undefined && !(await hasChanged(file, signal))) {
    await Promise.resolve()
      .then(() => makeFolder(folder))
      .then(() => writeWhole(memory, file.checksum))
      .catch(() => undefined); // a failure costs only time
  }
  return file;
}

/** A file of which no checksum is wanted. */
export async function beforeReading(path: string, signal?: AbortSignal): Promise<FileBefore> {
  const { identity, isFresh } = await identify(path);
  return { path, identity, isFresh, checksum: isFresh ? await fileChecksum(path, signal) : '' };
}

/** @throws DataError for a file that is not what it was before it was read: what was read may be of neither state. */
export async function refuseChanged(files: readonly FileBefore[], signal?: AbortSignal): Promise<void> {
  for (const file of files)
    if (await hasChanged(file, signal))
      throw new DataError(`${file.path} changed while it was read. Run this again when nothing writes to it.`);
}

/**
 * An equal identity stands for equal bytes: to read a large file again would take long. Another one stands for other
 * bytes, even if they are equal now: in between the file may have been cut off.
 */
async function hasChanged({ path, identity, isFresh, checksum }: FileBefore, signal?: AbortSignal): Promise<boolean> {
  const now = await identify(path).catch(() => undefined);
  return now?.identity !== identity || (isFresh && checksum !== (await fileChecksum(path, signal)));
}

async function identify(path: string) {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const isFresh = Date.now() - Number(ctimeNs / 1_000_000n) <= clockSlack;
  return { size: Number(size), isFresh, identity: [size, ino, mtimeNs, ctimeNs].join(' ') };
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
