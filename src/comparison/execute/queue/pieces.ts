import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { DataError, UserError } from '../../../support/errors.js';
import { makeFolder } from '../../../support/make-folder.js';
import { writeWhole } from '../../../support/whole-file.js';
import { isOfRun } from '../../../training/run-manifest.js';

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
/** Of all files of an upload. */
const mostBytes = 2 ** 31;
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
  const files: Upload['files'] = [];
  let waiting: (string | Buffer)[] = [];
  let bytesWaiting = 0;
  const flush = async () => {
    if (waiting.length === 0) return;
    await redis
      .multi()
      .hset(keyOf(id), ...waiting)
      .expire(keyOf(id), keptSeconds)
      .exec();
    waiting = [];
    bytesWaiting = 0;
  };
  for (const name of names.filter((name) => existsSync(join(folder, name)))) {
    const hash = createHash('sha256');
    const file = await open(join(folder, name));
    let bytes = 0;
    try {
      for (let piece = 0; ; piece++) {
        const content = Buffer.alloc(pieceBytes);
        const { bytesRead } = await file.read(content, 0, pieceBytes);
        if (bytesRead === 0) break;
        const read = content.subarray(0, bytesRead);
        hash.update(read);
        bytes += bytesRead;
        if (sizeOf(files) + bytes > mostBytes)
          throw new UserError(
            `The files of the run are larger than ${mostBytes / 2 ** 30} GiB, the most that the queue carries: use a folder that all machines share (ple worker --shared DIR).`,
          );
        waiting.push(`${files.length}:${piece}`, read);
        bytesWaiting += bytesRead;
        if (bytesWaiting >= pieceBytes) await flush();
        if (bytesRead < pieceBytes) break;
      }
    } finally {
      await file.close();
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
  for (const [index, { name, bytes, sha256 }] of files.entries()) {
    const path = join(folder, name);
    makeFolder(dirname(path));
    await writeWhole(path, pieces(index, name, bytes, sha256));
  }
  return true;

  async function* pieces(index: number, name: string, bytes: number, sha256: string): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    for (let piece = 0; piece * pieceBytes < bytes; piece++) {
      const content = await redis.hgetBuffer(keyOf(id), `${index}:${piece}`);
      if (content?.length !== Math.min(pieceBytes, bytes - piece * pieceBytes)) throw damaged(name);
      hash.update(content);
      yield content;
    }
    if (hash.digest('hex') !== sha256) throw damaged(name);
  }
}

/** Lets an upload go after some seconds; 0: now. */
export async function forget(redis: Redis, id: string, seconds = 0): Promise<void> {
  await (seconds === 0 ? redis.unlink(keyOf(id)) : redis.expire(keyOf(id), seconds));
}

function damaged(name: string): DataError {
  return new DataError(`${name} came from the queue in another state than it was sent (SHA-256).`);
}

function sizeOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function keyOf(id: string): string {
  return `ple:upload:${id}`;
}
