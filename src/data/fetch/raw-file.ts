import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError } from '../../support/errors.js';

/** A publisher's file on disk, plain or `.gz`. */
export interface RawFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
}

/**
 * Finds `name` or `name.gz` in `folder`.
 * @param source Where the file can be downloaded, for the error message.
 */
export async function findRawFile(folder: string, name: string, source: string): Promise<RawFile> {
  for (const path of [join(folder, name), join(folder, `${name}.gz`)]) {
    const bytes = (await stat(path).catch(() => undefined))?.size;
    if (bytes === undefined) continue;
    if (bytes === 0) throw new DataError(`${path} is empty.`);
    return { path, bytes };
  }
  throw new DataError(`There is no ${name} (or ${name}.gz) in ${folder}. ${source}`);
}

/** A file's bytes, unpacked if it is packed with gzip. Failures are a `DataError` that names the file. */
export async function* readRawFile(path: string, packed = /\.gz$/i.test(path)): AsyncGenerator<Buffer> {
  const stored = createReadStream(path, { highWaterMark: 2 ** 18 });
  const unpacked: Readable = packed ? stored.pipe(createGunzip({ chunkSize: 2 ** 18 })) : stored;
  stored.on('error', (error) => unpacked.destroy(error)); // `pipe` does not forward errors
  try {
    yield* unpacked;
  } catch (error) {
    throw new DataError(`${path} cannot be read: ${reason(error)}.`);
  } finally {
    stored.destroy();
    unpacked.destroy();
  }
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message === 'unexpected end of file') return 'it ends too early (an interrupted download?)';
  if (message === 'incorrect header check') return 'it is not in gzip format';
  return message;
}
