import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError, UserError } from '../../support/errors.js';

/** A publisher's file on disk: plain, or packed with gzip. */
export interface RawFile {
  readonly path: string;
  readonly packed: boolean;
  /** Bytes on disk. */
  readonly bytes: number;
}

/**
 * Finds `name` or `name.gz` in `folder`.
 * @param source Where the file can be downloaded, for the error message.
 */
export async function findRawFile(folder: string, name: string, source: string): Promise<RawFile> {
  for (const packed of [false, true]) {
    const path = join(folder, packed ? `${name}.gz` : name);
    if (!(await exists(path))) continue;
    const { size } = await stat(path);
    if (size === 0) throw new DataError(`${path} is empty.`);
    return { path, packed, bytes: size };
  }
  throw new DataError(`There is no ${name} (or ${name}.gz) in ${folder}. ${source}`);
}

/**
 * The file's unpacked bytes. Failures are a `DataError` that names the file.
 * @param onBytes gets the number of bytes on disk read so far; throws a `UserError` to stop.
 */
export async function* readRawFile(file: RawFile, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  try {
    yield* streamed(file, onBytes);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new DataError(`${file.path} cannot be read: ${reason(error)}.`);
  }
}

async function* streamed({ path, packed }: RawFile, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  const stored = createReadStream(path, { highWaterMark: 2 ** 18 });
  const unpacked: Readable = packed ? stored.pipe(createGunzip({ chunkSize: 2 ** 18 })) : stored;
  stored.on('error', (error) => unpacked.destroy(error)); // `pipe` does not forward errors
  try {
    for await (const chunk of unpacked) {
      onBytes(stored.bytesRead);
      yield chunk;
    }
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

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
