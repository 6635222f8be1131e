import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DataError, UserError } from '../../support/errors.js';
import { makeFolder } from '../../support/make-folder.js';
import { partialPath, removeRemains, syncPath } from '../../support/whole-file.js';
import { contentChecksum, type Publication, type PublishedFile } from './published-file.js';

export interface FetchOptions {
  readonly folder: string;
  /** A folder on another server that has the files under the last path parts of the published addresses. */
  readonly from?: string;
  readonly signal: AbortSignal;
  progress(file: string, done: number, total: number | null): void;
  note(message: string): void;
}

export interface FetchedFile {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  /** The file was already there. */
  readonly present: boolean;
}

/**
 * Downloads a data set's files into a folder. Each has a temporary name until its checksum is right. Existing files are
 * checked and left unchanged.
 * @throws UserError: what could not be downloaded, from where, and where to put it by hand; DataError for an existing
 * file that is wrong.
 */
export async function fetchFiles(publication: Publication, options: FetchOptions): Promise<readonly FetchedFile[]> {
  makeFolder(options.folder);
  await removeRemains(options.folder);
  const fetched: FetchedFile[] = [];
  for (const file of publication.fetch)
    fetched.push((await present(file, options)) ?? (await fetchFile(file, publication, options)));
  return fetched;
}

async function present({ name, sha256 }: PublishedFile, { folder }: FetchOptions): Promise<FetchedFile | undefined> {
  const path = [name, `${name}.gz`].map((one) => join(folder, one)).find((one) => existsSync(one));
  if (path === undefined) return undefined;
  const found = await contentChecksum(path);
  if (found.sha256 === sha256) return { name, path, sha256, present: true };
  throw new DataError(
    `${path} is not the published file: the SHA-256 of its content is ${found.sha256}, not ${sha256}. Move it away and fetch again.`,
  );
}

async function fetchFile(file: PublishedFile, { page }: Publication, options: FetchOptions): Promise<FetchedFile> {
  const { folder, from, note } = options;
  const { name, sha256 } = file;
  const partial = partialPath(join(folder, name));
  const failures: string[] = [];
  const urls = from === undefined ? file.urls : file.urls.slice(0, 1).map((url) => elsewhere(url, from));
  try {
    for (const url of urls) {
      for (const failure of failures.slice(-1)) note(`${failure}. Trying ${url}.`);
      const failure = await download(url, partial, name, options);
      const found = failure === undefined ? await contentChecksum(partial).catch(unpackable) : undefined;
      if (found?.sha256 === sha256) {
        const path = join(folder, found.packed ? `${name}.gz` : name);
        await rename(partial, path);
        await syncPath(folder);
        return { name, path, sha256, present: false };
      }
      failures.push(`${url}: ${failure ?? `the SHA-256 of its content is ${found?.sha256}, not ${sha256}`}`);
    }
  } finally {
    await rm(partial, { force: true });
  }
  throw new UserError(
    `${name} could not be downloaded (${failures.join('; ')}). Get it from ${page} and put it, plain or as .gz, into ${folder}.`,
  );
}

function unpackable(error: unknown): { readonly sha256: string; readonly packed: boolean } {
  if (error instanceof DataError) return { sha256: 'none, as it cannot be unpacked', packed: true };
  throw error;
}

/** The same file in another server's folder. */
function elsewhere(url: string, from: string): string {
  return `${from.replace(/\/$/, '')}/${new URL(url).pathname.split('/').at(-1) ?? ''}`;
}

/** @returns Why it failed. */
async function download(
  url: string,
  path: string,
  name: string,
  { signal, progress }: FetchOptions,
): Promise<string | undefined> {
  try {
    // `identity`: the length is that of the file
    const response = await fetch(url, { headers: { 'accept-encoding': 'identity' }, signal });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      return `the server answers ${response.status} ${response.statusText}`.trim();
    }
    const length = response.headers.get('content-length');
    const total = length === null ? null : Number(length);
    let done = 0;
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        done += chunk.length;
        progress(name, done, total);
        yield chunk;
      }
    };
    await pipeline(response.body, counted, createWriteStream(path, { flush: true }), { signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return reason(error);
  }
}

/** The innermost reason, since `fetch` wraps the system's message. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (error.cause !== undefined) return reason(error.cause);
  return error.message;
}
