import { basename, dirname } from 'node:path';
import { literal } from '../store/database.js';
import { cleaned } from './staged-columns.js';
import type { TableFile } from './table-file.js';

/** Columns that a file's folders name, as Hive writes them: `day=2024-05-31/part-0.parquet` has the column `day`. */
export function folderColumns(path: string): ReadonlyMap<string, string | null> {
  const found: (readonly [string, string | null])[] = [];
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const [name, ...values] = basename(folder).split('=');
    if (!name || values.length === 0) continue;
    const value = decoded(values.join('='));
    found.push([decoded(name), value === '__HIVE_DEFAULT_PARTITION__' ? null : value]);
  }
  return new Map(found.toReversed());
}

/**
 * The file with the columns of its folders behind its own, of which one of the same name stays as it is.
 * @param shared The columns that all files have; absent: all of this one's.
 */
export function withFolderColumns(file: TableFile, shared?: ReadonlySet<string>): TableFile {
  const columns = new Map(
    [...folderColumns(file.path)].filter(([name]) => !file.names.includes(name) && (!shared || shared.has(name))),
  );
  return {
    ...file,
    names: [...file.names, ...columns.keys()],
    types: new Map([...file.types, ...[...columns.keys()].map((name) => [name, 'text'] as const)]),
    value(name, type, missing) {
      const value = columns.get(name);
      if (value === undefined) return file.value(name, type, missing);
      return value === null ? 'NULL' : cleaned(literal(value), missing);
    },
  };
}

/** The columns that all files' folders have. */
export function sharedFolderColumns(paths: readonly string[]): ReadonlySet<string> {
  const columns = paths.map((path) => [...folderColumns(path).keys()]);
  return new Set(columns[0]?.filter((name) => columns.every((names) => names.includes(name))));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
