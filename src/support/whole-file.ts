import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from './errors.js';
import { partialPath } from './partial-path.js';
import { isSystemError, remedyOf, systemReason } from './system-error.js';

/**
 * Writes a file whole or not at all: under a name of its own, synced, and renamed. All files are written by this, but those that grow by lines
 * (`growing-file.ts`). A link in the file's place is replaced, not followed. When it is done, file and name are on the disk.
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

/** Waits until the disk has a file, or the names in a folder. */
export async function syncPath(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  await folder.sync().catch(() => undefined); // not every file system can
  await folder.close();
}

/** An error of the system with the file's name, which `write` and `close` do not tell; any other as it is. */
export function cannotWriteFile(path: string, error: unknown): unknown {
  return isSystemError(error)
    ? new UserError(`${path} cannot be written: ${systemReason(error)}.${remedyOf(error)}`)
    : error;
}
