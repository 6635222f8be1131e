import { randomUUID } from 'node:crypto';
import { constants, type Dirent, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { hasCode, isSystemError, remedy, systemReason, UserError } from './errors.js';
import { isRunning, placeOfNumbers } from './process-identity.js';

/**
 * Writes a file atomically: under a temporary name, synced, then renamed. All files are written this way, except those
 * that grow by lines (`growing-file.ts`) and TensorBoard's event files. A link in the file's place is replaced, not
 * followed. On return, the file and its name are on disk.
 * @throws UserError that names the file, if the system refuses.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const partial = partialPath(path);
  let file: FileHandle | undefined;
  try {
    file = await open(partial, 'wx');
    const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
    await file.close();
    await rename(partial, path);
    await syncPath(dirname(path));
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(partial, { force: true }).catch(() => undefined);
    throw cannotWriteFile(path, error);
  }
}

/**
 * Gives a file a second name, in place of a copy. Both names have one content, which nothing may then change but by
 * `writeWhole`.
 * @returns whether the file system did
 */
export async function linkWhole(file: string, path: string): Promise<boolean> {
  const partial = partialPath(path);
  try {
    await link(file, partial);
    await rename(partial, path);
    await syncPath(dirname(path));
    return true;
  } catch {
    return false;
  } finally {
    await rm(partial, { force: true }).catch(() => undefined); // there too if both were links of one file
  }
}

/** Syncs a file, or the names in a folder, to disk. */
export async function syncPath(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  await folder.sync().catch(() => undefined); // not every file system supports this
  await folder.close();
}

/**
 * Adds the file's name to a system error, since errors of `write` and `close` lack it. Other errors are returned
 * unchanged.
 */
export function cannotWriteFile(path: string, error: unknown): unknown {
  return isSystemError(error)
    ? new UserError(`${path} cannot be written: ${systemReason(error)}.${remedy(error)}`)
    : error;
}

const ending = /\.([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.tmp$/;

/**
 * A partial file of another machine's process counts as abandoned after this time without a write. Whether that process
 * lives is unknown.
 */
const abandonedMilliseconds = 86_400_000;

/** A temporary name for a file or folder while it is written. It contains the writing process. */
export function partialPath(path: string): string {
  return `${path}.${placeOfNumbers()}-${process.pid}-${randomUUID()}.tmp`;
}

/**
 * Removes partial files that killed processes left in a folder under names of `partialPath`. They can be as large as
 * the data.
 */
export async function removeRemains(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [partial, machine, pid] = ending.exec(name) ?? [];
    if (partial === undefined) continue; // another program's file
    const path = join(folder, name);
    const left =
      machine === placeOfNumbers() ? await isLeft(path, Number(pid)) : (await age(path)) > abandonedMilliseconds;
    if (left) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * After a restart of the machine, another process may have a dead process's id. After a restart of a container, it may
 * be our own.
 */
async function isLeft(path: string, pid: number): Promise<boolean> {
  const seconds = pid === process.pid ? process.uptime() : uptime();
  return !isRunning(pid) || (await age(path)) > 1000 * seconds;
}

/** Milliseconds since the last write to a file, or to a folder and the files in it. 0 if it is gone. */
async function age(path: string): Promise<number> {
  const files = await readdir(path).catch(() => []);
  const times = [path, ...files.map((file) => join(path, file))].map((file) =>
    stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    ),
  );
  return Date.now() - Math.max(...(await Promise.all(times)));
}

/**
 * Creates a folder and its missing parents. Node's `recursive` option never returns where an existing folder answers
 * ENOENT, as /proc does. It also reports a read-only file system as a missing folder.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || existsSync(parent)) throw error;
    makeFolder(parent);
    makeFolder(path); // another process may have created it meanwhile
  }
}

/** A file, or a link, which is not followed. */
interface FoundFile {
  readonly path: string;
  /** Milliseconds since 1970 of the last write. */
  readonly changed: number;
}

/** Every file in a folder and in those below it. What vanishes meanwhile is left out. */
export function filesBelow(folder: string): readonly FoundFile[] {
  return listFolder(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    const status = lstatSync(path, { throwIfNoEntry: false });
    return status && !status.isDirectory() ? [{ path, changed: status.mtimeMs }] : [];
  });
}

/** The entries of a folder by name. None if it is gone. */
export function listFolder(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Free bytes on the disk that holds a folder, or would hold it. Null: unknown. */
export async function freeBytes(folder: string): Promise<number | null> {
  let path = resolve(folder);
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path);
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
