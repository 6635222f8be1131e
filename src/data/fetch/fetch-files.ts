import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { DataError, UserError } from '../../support/errors.js';
import { makeFolder, partialPath, removeRemains, syncPath } from '../../support/files.js';
import { readRawFile } from './raw-file.js';

export interface FetchOptions {
  readonly folder: string;
  /** A folder on another server that has the files under the last path parts of the published addresses. */
  readonly from?: string | undefined;
  readonly signal: AbortSignal;
  progress(file: string, done: number, total: number | null): void;
  note(message: string): void;
}

/**
 * Downloads a data set's files into a folder. Each has a temporary name until its checksum is right. Existing files are
 * checked and left unchanged.
 * @returns Each file, and whether it was already there.
 * @throws UserError: what could not be downloaded, from where, and where to put it by hand; DataError for an existing
 * file that is wrong.
 */
export async function fetchFiles({ fetch, page }: Publication, options: FetchOptions) {
  const { folder } = options;
  makeFolder(folder);
  await removeRemains(folder);
  const files: { readonly name: string; readonly path: string; readonly sha256: string; readonly present: boolean }[] =
    [];
  for (const file of fetch) {
    const { name, sha256 } = file;
    const path = [name, `${name}.gz`].map((name) => join(folder, name)).find((path) => existsSync(path));
    const actual = path === undefined ? undefined : (await contentChecksum(path)).sha256;
    if (actual !== undefined && actual !== sha256)
      throw new DataError(
        `${path} is not the published file: the SHA-256 of its content is ${actual}, not ${sha256}. Move it away and fetch again.`,
      );
    files.push({ name, path: path ?? (await fetchFile(file, page, options)), sha256, present: path !== undefined });
  }
  return files;
}

/** @returns The path of the file. */
async function fetchFile(
  { name, sha256, urls }: PublishedFile,
  page: string,
  { folder, from, note, signal, progress }: FetchOptions,
): Promise<string> {
  const partial = partialPath(join(folder, name));
  const elsewhere = (url: string) => `${from?.replace(/\/$/, '')}/${new URL(url).pathname.split('/').at(-1) ?? ''}`;
  const failures: string[] = [];
  try {
    for (const url of from === undefined ? urls : urls.slice(0, 1).map(elsewhere)) {
      for (const failure of failures.slice(-1)) note(`${failure}. Trying ${url}.`);
      try {
        await download(url, partial, signal, (done, total) => progress(name, done, total));
        const content = await contentChecksum(partial);
        if (content.sha256 !== sha256)
          throw new Error(`the SHA-256 of its content is ${content.sha256}, not ${sha256}`);
        const path = join(folder, content.packed ? `${name}.gz` : name);
        await rename(partial, path);
        await syncPath(folder);
        return path;
      } catch (error) {
        signal.throwIfAborted();
        failures.push(`${url}: ${reason(error)}`);
      }
    }
  } finally {
    await rm(partial, { force: true });
  }
  throw new UserError(
    `${name} could not be downloaded (${failures.join('; ')}). Get it from ${page} and put it, plain or as .gz, into ${folder}.`,
  );
}

async function download(
  url: string,
  path: string,
  signal: AbortSignal,
  progress: (done: number, total: number | null) => void,
): Promise<void> {
  // `identity`: the length is that of the file
  const response = await fetch(url, { headers: { 'accept-encoding': 'identity' }, signal });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
  }
  const length = response.headers.get('content-length');
  const total = length === null ? null : Number(length);
  let done = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      done += chunk.length;
      progress(done, total);
      yield chunk;
    }
  };
  await pipeline(response.body, counted, createWriteStream(path, { flush: true }), { signal });
}

/** The innermost reason, since `fetch` wraps the system's message. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error instanceof AggregateError ? error.errors[0] : error.cause;
  return cause === undefined ? error.message : reason(cause);
}

export const publishedFileSchema = z.strictObject({
  name: z.string().min(1).describe('Name of the unpacked file, with or without `.gz`.'),
  urls: z
    .array(z.url())
    .min(1)
    .describe(
      'Addresses, plain or gzipped, tried in this order. The last part of the path is the file’s name on another server.',
    ),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal digits')
    .describe('SHA-256 of the unpacked content.'),
});

/** The keys of a data set that `ple data fetch` reads. */
export const publicationSchema = z.looseObject({
  page: z.string(),
  folder: z.string(),
  fetch: z.array(publishedFileSchema).min(1),
});

/** A file of a data set as published. */
type PublishedFile = z.infer<typeof publishedFileSchema>;
export type Publication = z.infer<typeof publicationSchema>;

/**
 * SHA-256 (hex) of a file's content, unpacked if it is in gzip format, whatever its name. Fails with a `DataError` if
 * it is cut off.
 */
async function contentChecksum(path: string): Promise<{ readonly sha256: string; readonly packed: boolean }> {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0).finally(() => file.close());
  const packed = buffer[0] === 0x1f && buffer[1] === 0x8b;
  const hash = createHash('sha256');
  for await (const chunk of readRawFile(path, packed)) hash.update(chunk);
  return { sha256: hash.digest('hex'), packed };
}
