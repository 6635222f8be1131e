import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, UserError } from '../../support/errors.js';
import { makeFolder } from '../../support/make-folder.js';
import { syncPath } from '../../support/whole-file.js';
import { BrokenDownload, download } from './download.js';
import { contentChecksum, type Publication, type PublishedFile } from './published-file.js';

/** Connections to one address that may break while a file comes. */
const mostTries = 4;

export interface FetchOptions {
  readonly folder: string;
  /** Another server's folder, which has the files under the names that end the published addresses. */
  readonly from?: string;
  readonly signal: AbortSignal;
  progress(file: string, done: number, total: number | null): void;
  note(message: string): void;
}

export interface FetchedFile {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  /** It lay there already. */
  readonly present: boolean;
}

/**
 * Downloads a data set's files into a folder, each under another name until its checksum is right. A download that was interrupted goes on
 * where it stopped. A file that is there is checked and left as it is.
 * @throws UserError: what could not be had, from where, and where to put it by hand; DataError for a file that is there but wrong.
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
  const kept = existsSync(part) ? ` What was received is kept in ${part}, and the next try goes on from there.` : '';
  throw new UserError(
    `${name} could not be downloaded (${failures.join('; ')}). ` +
      `Get it from ${page} and put it, plain or as .gz, into ${folder}.${kept}`,
  );
}

/** Connections that break are taken up again; content that is wrong after a resumption is fetched once more from its beginning. */
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
