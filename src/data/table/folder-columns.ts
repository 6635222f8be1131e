import { basename, dirname } from 'node:path';
import type { SplitName } from '../dataset.js';
import { literal } from '../store/database.js';
import { openTableFile, type RowFileOptions } from './row-file.js';
import { cleaned } from './staged-columns.js';
import type { SplitFile } from './staged-rows.js';
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

/** Opens files, each with the columns that the folders of all of them name. */
export async function openSplitFiles(
  files: readonly { readonly split: SplitName; readonly path: string }[],
  options: RowFileOptions,
): Promise<SplitFile[]> {
  const columns = files.map(({ path }) => [...folderColumns(path).keys()]);
  const shared = columns[0]?.filter((name) => columns.every((names) => names.includes(name))) ?? [];
  const opened: SplitFile[] = [];
  for (const { split, path } of files)
    opened.push({ split, file: withFolderColumns(await openTableFile(path, options), shared) });
  return opened;
}

/** The file, with columns from its folders' names after its own. A column of its own with that name stays. */
function withFolderColumns(file: TableFile, shared: readonly string[]): TableFile {
  const columns = new Map(
    [...folderColumns(file.path)].filter(([name]) => !file.names.includes(name) && shared.includes(name)),
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

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
