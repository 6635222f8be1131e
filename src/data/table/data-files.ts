import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError, inWorkingFolder } from '../../support/errors.js';

export interface DataFile {
  /** As given. */
  readonly path: string;
  /** The same for every spelling of the path, and for links to the file. */
  readonly real: string;
}

/**
 * Files; in a path `*` stands for any letters but `/`, and `?` for one. In the order given, each pattern's by name,
 * each file once. A file that is not there may be there packed (`.gz`).
 * @param advice Of a data set’s files, for the error: where a missing one can be had.
 */
export async function findDataFiles(patterns: readonly string[], advice?: string): Promise<DataFile[]> {
  const [whereToGet, whereToSay] =
    advice === undefined ? ['', ''] : [advice, '; dataset.folder says in which folder all of them are'];
  const found: DataFile[] = [];
  for (const pattern of patterns) {
    const matches = isPattern(pattern) ? await matching(pattern) : [await plainOrPacked(pattern)];
    if (matches.length === 0)
      throw new DataError(`No file matches ${pattern}${inWorkingFolder(pattern)}.${whereToGet}`);
    for (const path of matches) {
      const about = await stat(path).catch(() => undefined);
      if (!about) throw new DataError(`There is no file ${path}${inWorkingFolder(path)}.${whereToGet}`);
      if (!about.isFile())
        throw new DataError(
          `${path} is no file; name files, or a pattern such as ${join(path, '*.csv')}${whereToSay}.`,
        );
      if (about.size === 0) throw new DataError(`${path} is empty.`);
      const real = await realpath(path);
      if (!found.some((file) => file.real === real)) found.push({ path, real });
    }
  }
  return found;
}

/** `path`, or `path.gz` where that alone is there, as `ple data fetch` keeps files. */
async function plainOrPacked(path: string): Promise<string> {
  const isThere = (file: string) => stat(file).catch(() => undefined);
  return (await isThere(path)) || !(await isThere(`${path}.gz`)) ? path : `${path}.gz`;
}

export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/** Paths that are there, folder by folder. `*` and `?` match no name that begins with a point. */
async function matching(pattern: string): Promise<string[]> {
  const [folder, name] = [dirname(pattern), basename(pattern)];
  const found: string[] = [];
  for (const path of isPattern(folder) ? await matching(folder) : [folder]) {
    for (const own of await namesIn(path, name)) found.push(join(path, own));
  }
  return found;
}

async function namesIn(folder: string, pattern: string): Promise<string[]> {
  if (!isPattern(pattern)) {
    const about = await stat(join(folder, pattern)).catch(() => undefined);
    return about ? [pattern] : [];
  }
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith('.') && filePattern(pattern).test(name)).toSorted();
}

/** In a pattern `*` stands for any letters, and `?` for one. */
export function filePattern(pattern: string): RegExp {
  const letters = pattern
    .replaceAll(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${letters}$`, 's');
}
