import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from './system-error.js';

/** A file, or a link, which is not followed. */
export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970 of the last write. */
  readonly changed: number;
  /** Distinguishes a file from a replacement. */
  readonly stamp: string;
}

interface FolderContents {
  readonly files: readonly FoundFile[];
  /** The folder and all folders in it, each after those that it contains. */
  readonly folders: readonly string[];
}

/** Everything in a folder, in order. What vanishes meanwhile is left out. */
export function contentsOfFolder(folder: string): FolderContents {
  const [files, folders]: [FoundFile[], string[]] = [[], []];
  const visit = (path: string) => {
    for (const entry of entriesOf(path)) {
      const at = join(path, entry.name);
      if (entry.isDirectory()) visit(at);
      else {
        const file = foundFile(at);
        if (file) files.push(file);
      }
    }
    folders.push(path);
  };
  visit(folder);
  return { files, folders };
}

/** Undefined if there is no such file. */
export function foundFile(path: string): FoundFile | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || found.isDirectory()) return undefined;
  const { ino, size, mtimeMs } = found;
  return { path, bytes: size, changed: mtimeMs, stamp: `${ino} ${size} ${mtimeMs}` };
}

/** The entries of a folder by name. None if it is gone. */
export function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
