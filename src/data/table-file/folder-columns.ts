import { basename, dirname } from 'node:path';
import type { RowFile } from './file-rows.js';

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
export function withFolderColumns(file: RowFile, shared?: ReadonlySet<string>): RowFile {
  const columns = [...folderColumns(file.path)].filter(
    ([name]) => !file.names.includes(name) && (!shared || shared.has(name)),
  );
  if (columns.length === 0) return file;
  const cells = columns.map(([, value]) => value);
  return {
    ...file,
    names: [...file.names, ...columns.map(([name]) => name)],
    async *read(onBytes, used) {
      for await (const { records, place } of file.read(onBytes, used))
        yield { records: records.map((record) => [...record, ...cells]), place };
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
