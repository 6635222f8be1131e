import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from './system-error.js';

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
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found && !found.isDirectory() ? [{ path, changed: found.mtimeMs }] : [];
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
