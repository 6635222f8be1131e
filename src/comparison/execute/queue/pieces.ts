import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { DataError, UserError } from '../../../support/errors.js';
import { makeFolder } from '../../../support/make-folder.js';
import { writeWhole } from '../../../support/whole-file.js';
import { isOfRun } from '../../../training/folder/run-manifest.js';

/** Files that lie in Redis in pieces: one hash, whose fields are `<file>:<piece>`. */
export const uploadSchema = z
  .strictObject({
    id: z.string().regex(/^[\w-]{1,100}$/),
    files: z
      .array(
        z.strictObject({
          name: z.string().max(200).refine(isSent, { error: 'no file of a run' }),
          bytes: z.int().nonnegative(),
          sha256: z.string().regex(/^[0-9a-f]{64}$/),
        }),
      )
      .max(100),
  })
  .refine(({ files }) => sizeOf(files) <= mostBytes, { error: 'larger than an upload may be' });
export type Upload = z.infer<typeof uploadSchema>;

const pieceBytes = 2 ** 20;
/** Of all files of an upload, and of a file of the data. */
export const mostBytes = 2 ** 31;
/** How long an upload stays that nobody collects. */
export const keptSeconds = 7 * 86_400;
const resultFile = 'result.json';

/** Whether this is a file of a run's folder that may come from another machine. No such name leaves the folder. */
export function isSent(name: string): boolean {
  return isOfRun(name) && !/\\/.test(name) && /\.\w+$|^tensorboard\//.test(name) && !/^charts\/|^report/.test(name);
}

/** The files that a run has in its folder, `result.json` last. */
export function filesOf(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll(sep, '/'));
  const sent = names.filter((name) => isSent(name) && statSync(join(folder, name)).isFile());
  return [...sent.filter((name) => name !== resultFile), ...sent.filter((name) => name === resultFile)];
}

/**
 * Sends files of a folder. Those that are not there are left out. A file that grows meanwhile is sent as it is read.
 * @param id Of the upload, not used before.
 * @throws UserError if they are larger than `mostBytes`.
 */
export async function upload(redis: Redis, folder: string, names: readonly string[], id: string): Promise<Upload> {
  try {
    return await sent(redis, folder, names, id);
  } catch (error) {
    await forget(redis, id).catch(() => undefined); // else it expires
    throw error;
  }
}

async function sent(redis: Redis, folder: string, names: readonly string[], id: string): Promise<Upload> {
  const files: Upload['files'] = [];
  let waiting: (string | Buffer)[] = [];
  let bytesWaiting = 0;
  const flush = async () => {
    if (waiting.length === 0) return;
    const replies = await redis
      .multi()
      .hset(keyOf(id), ...waiting)
      .expire(keyOf(id), keptSeconds)
      .exec();
    for (const [error] of replies ?? []) if (error) throw error;
    waiting = [];
    bytesWaiting = 0;
  };
  for (const name of names.filter((name) => existsSync(join(folder, name)))) {
    const hash = createHash('sha256');
    let [bytes, piece] = [0, 0];
    for await (const content of piecesOf(join(folder, name))) {
      hash.update(content);
      bytes += content.length;
      if (sizeOf(files) + bytes > mostBytes)
        throw new UserError(
          `The files of the run are larger than ${mostBytes / 2 ** 30} GiB, the most that the queue carries: use a folder that all machines share (ple worker --shared DIR).`,
        );
      waiting.push(`${files.length}:${piece}`, content);
      piece += 1;
      bytesWaiting += content.length;
      if (bytesWaiting >= pieceBytes) await flush();
    }
    files.push({ name, bytes, sha256: hash.digest('hex') });
  }
  await flush();
  return { id, files };
}

/**
 * Writes the files into a folder, `result.json` last.
 * @returns False if they are no longer there.
 * @throws DataError for a piece that is not what was sent.
 */
export async function download(redis: Redis, { id, files }: Upload, folder: string): Promise<boolean> {
  if (files.length > 0 && (await redis.exists(keyOf(id))) === 0) return false;
  for (const [index, file] of files.entries()) {
    const path = join(folder, file.name);
    makeFolder(dirname(path));
    try {
      await writeWhole(path, fetched(redis, keyOf(id), index, file));
    } catch (error) {
      if (error instanceof DataError && (await redis.exists(keyOf(id))) === 0) return false; // it went meanwhile
      throw error;
    }
  }
  return true;
}

/** A file of any kind, stored under its checksum, whose pieces are those of file 0. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Stores a file, unless it is stored already. */
export async function storeFile(redis: Redis, { path, sha256 }: StoredFile): Promise<void> {
  const key = keyOf(`data-${sha256}`);
  if ((await redis.hexists(key, 'whole')) === 0) {
    let piece = 0;
    for await (const content of piecesOf(path)) await redis.hset(key, `0:${piece++}`, content);
    await redis.hset(key, 'whole', '1');
  }
  await redis.expire(key, keptSeconds);
}

/** @throws DataError if it is not there, or not what was sent. */
export async function fetchFile(redis: Redis, file: StoredFile, to: string): Promise<void> {
  await writeWhole(to, fetched(redis, keyOf(`data-${file.sha256}`), 0, { name: file.path, ...file }));
}

async function* piecesOf(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    for (;;) {
      const content = Buffer.alloc(pieceBytes);
      let filled = 0;
      for (let read = -1; read !== 0 && filled < pieceBytes; filled += read)
        ({ bytesRead: read } = await file.read(content, filled, pieceBytes - filled));
      if (filled > 0) yield content.subarray(0, filled);
      if (filled < pieceBytes) return;
    }
  } finally {
    await file.close();
  }
}

async function* fetched(
  redis: Redis,
  key: string,
  index: number,
  { name, bytes, sha256 }: Upload['files'][number],
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for (let piece = 0; piece * pieceBytes < bytes; piece++) {
    const content = await redis.hgetBuffer(key, `${index}:${piece}`);
    if (content?.length !== Math.min(pieceBytes, bytes - piece * pieceBytes)) throw damaged(name);
    hash.update(content);
    yield content;
  }
  if (hash.digest('hex') !== sha256) throw damaged(name);
}

/** Lets an upload go after some seconds; 0: now. */
export async function forget(redis: Redis, id: string, seconds = 0): Promise<void> {
  await (seconds === 0 ? redis.unlink(keyOf(id)) : redis.expire(keyOf(id), seconds));
}

function damaged(name: string): DataError {
  return new DataError(`${name} is not in the queue as it was sent (SHA-256).`);
}

function sizeOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function keyOf(id: string): string {
  return `ple:upload:${id}`;
}
