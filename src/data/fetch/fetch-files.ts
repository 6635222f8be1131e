import { constants, existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, UserError } from '../../support/errors.js';
import { makeFolder } from '../../support/make-folder.js';
import { syncPath } from '../../support/whole-file.js';
import { contentChecksum, type Publication, type PublishedFile } from './published-file.js';

/** Number of attempts per address if the connection breaks. */
const mostTries = 4;

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
 * Downloads a data set's files into a folder. Each has a temporary name until its checksum is right. An interrupted
 * download continues where it stopped. Existing files are checked and left unchanged.
 * @throws UserError: what could not be downloaded, from where, and where to put it by hand; DataError for an existing
 * file that is wrong.
 */
export async function fetchFiles(publication: Publication, options: FetchOptions): Promise<readonly FetchedFile[]> {
  makeFolder(options.folder);
  const fetched: FetchedFile[] = [];
  for (const file of publication.files)
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
  const part = join(folder, `${name}.part`);
  const failures: string[] = [];
  const urls = from === undefined ? file.urls : file.urls.slice(0, 1).map((url) => elsewhere(url, from));
  for (const url of urls) {
    for (const failure of failures.slice(-1)) note(`${failure}. Trying ${url}.`);
    try {
      const { packed } = await downloadChecked(url, part, file, options);
      const path = join(folder, packed ? `${name}.gz` : name);
      await rename(part, path);
      await syncPath(folder);
      return { name, path, sha256, present: false };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.push(error.message);
    }
  }
  const kept = existsSync(part) ? ` What was received is kept in ${part}, and the next try continues from there.` : '';
  throw new UserError(
    `${name} could not be downloaded (${failures.join('; ')}). ` +
      `Get it from ${page} and put it, plain or as .gz, into ${folder}.${kept}`,
  );
}

/**
 * Resumes broken connections. If the content is wrong after a resumption, the file is downloaded once more from its
 * beginning.
 */
async function downloadChecked(url: string, part: string, { name, sha256 }: PublishedFile, options: FetchOptions) {
  const progress = (done: number, total: number | null) => options.progress(name, done, total);
  for (let tries = 1; ; tries++) {
    const resumed = existsSync(part);
    try {
      await download(url, part, { signal: options.signal, progress });
    } catch (error) {
      if (!(error instanceof BrokenDownload) || tries >= mostTries) throw error;
      options.note(`${error.message}: trying to go on.`);
      continue;
    }
    const found = await contentChecksum(part).catch((error: unknown) => {
      if (error instanceof DataError) return { sha256: 'none, as it cannot be unpacked', packed: true };
      throw error;
    });
    if (found.sha256 === sha256) return found;
    await rm(part);
    if (!resumed)
      throw new UserError(`${url}: the SHA-256 of its content is ${found.sha256}, not ${sha256}; it was deleted`);
    options.note(`${part} did not become the published file: it is fetched again from its beginning.`);
  }
}

/** The same file in another server's folder. */
function elsewhere(url: string, from: string): string {
  return `${from.replace(/\/$/, '')}/${new URL(url).pathname.split('/').at(-1) ?? ''}`;
}

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** Milliseconds without a byte before a server is given up. */
const patience = 30_000;

interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Bytes received so far; `total` is null until the server reports it. */
  progress(done: number, total: number | null): void;
}

/** The server started to send the file but did not finish. */
class BrokenDownload extends UserError {
  override name = 'BrokenDownload';
}

/**
 * Downloads `url` to `path`. If `path` already has a beginning, only the rest is requested (a Range request). If the
 * server sends the whole file anyway, that is used. When the connection breaks, `path` keeps what was received.
 * @returns False if the server says that the beginning is already the whole file, or more.
 * @throws UserError: one line that names the address and the reason; a `BrokenDownload` if another attempt may
 * continue.
 */
async function download(url: string, path: string, { signal, progress }: DownloadOptions): Promise<boolean> {
  const begun = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const silence = new AbortController();
  let began = false;
  const timer = setTimeout(() => silence.abort(new Error(`no answer in ${patience / 1000} s`)), patience);
  try {
    const response = await fetch(url, {
      // `identity`: the server must not re-encode a packed file, because its ranges refer to the packed bytes
      headers: { 'accept-encoding': 'identity', ...(begun > 0 ? { range: `bytes=${begun}-` } : {}) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 416) {
      await response.body?.cancel();
      return false;
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new UserError(`${url}: the server answers ${response.status} ${response.statusText}`.trim());
    }
    const from = response.status === 206 && rangeStart(response.headers) === begun ? begun : 0;
    if (response.status === 206 && from !== begun)
      throw new UserError(`${url}: the server sends another part of the file`);
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isFinite(length) ? from + length : null;
    const file = await open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | (from > 0 ? O_APPEND : O_TRUNC));
    let done = from;
    began = true;
    try {
      for await (const chunk of response.body) {
        const bytes: Uint8Array = chunk;
        timer.refresh();
        await file.writeFile(bytes);
        done += bytes.length;
        progress(done, total);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof UserError || signal.aborted) throw error;
    const message = `${url}: ${reason(error)}`;
    throw began ? new BrokenDownload(message) : new UserError(message);
  } finally {
    clearTimeout(timer);
  }
}

function rangeStart(headers: Headers): number {
  return Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
}

/** The innermost reason, since `fetch` wraps the system's message. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (error.cause !== undefined) return reason(error.cause);
  return error.message;
}
