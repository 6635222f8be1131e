import { stat } from 'node:fs/promises';
import { ConfigError, DataError } from '../../support/errors.js';
import type { SplitName } from '../dataset.js';
import { openJson, openParquet } from './relation-table.js';
import type { SplitFile } from './staged-rows.js';
import type { TableFile } from './table-file.js';
import { openTextTable } from './text-table.js';

export interface RowFileOptions {
  readonly delimiter?: string | undefined;
  readonly quote: string | null;
  readonly header: boolean | readonly string[];
  readonly encoding?: string | undefined;
  readonly decimal?: ',' | '.' | undefined;
  /** Blanks around values belong to them. */
  readonly exact?: boolean | undefined;
}

export async function openSplitFiles(
  files: readonly { readonly split: SplitName; readonly path: string }[],
  options: RowFileOptions,
): Promise<SplitFile[]> {
  const opened: SplitFile[] = [];
  for (const { split, path } of files) opened.push({ split, file: await openTableFile(path, options) });
  return opened;
}

/**
 * Opens a file in the format of its ending. @throws DataError for one that cannot be read, or in which two columns have
 * one name.
 */
export async function openTableFile(path: string, options: RowFileOptions): Promise<TableFile> {
  const file = await openAnyFormat(path, options);
  const twice = file.names.find((name, c) => file.names.indexOf(name) < c);
  if (twice === undefined) return file;
  const where = file.names === options.header ? ' in dataset.header' : '';
  throw new DataError(`${path}: two columns are named '${twice}'; give each a name of its own${where}.`);
}

async function openAnyFormat(path: string, options: RowFileOptions): Promise<TableFile> {
  const { size } = await stat(path);
  const format = fileFormat(path);
  if (format === 'parquet') return openParquet(path, size);
  if (format === 'json') return openJson(path, size);
  const delimiter = textDelimiter(path, options);
  const { header, quote, encoding, decimal, exact = false } = options;
  const dialect = { delimiter, quote, encoding, decimal, exact, header: header === true };
  return openTextTable(path, size, typeof header === 'boolean' ? dialect : { ...dialect, names: header });
}

/** @throws ConfigError for an ending that says nothing. */
function textDelimiter(path: string, options: RowFileOptions): string {
  const delimiter = options.delimiter ?? usualDelimiter(path);
  if (delimiter !== undefined) return delimiter;
  throw new ConfigError(
    `The ending of ${path} is none of ${endings.join(', ')}; if it is a text file, say dataset.delimiter.`,
  );
}

const packable = ['.csv', '.tsv', '.tab', '.jsonl', '.ndjson', '.json'].flatMap((ending) =>
  ['', '.gz'].map((packing) => ending + packing),
);
const endings = [...packable, '.parquet', '.pq'];

/** By the ending; any other is a text file's. @throws DataError for what is no table. */
export function fileFormat(path: string): 'parquet' | 'json' | 'text' {
  const other = others.find(([ending]) => ending.test(path));
  if (other) throw new DataError(`${path} is ${other[1]}, which is not read: ${other[2]}.`);
  if (/\.(parquet|pq)$/i.test(path)) return 'parquet';
  return /\.(jsonl|ndjson|json)(\.gz)?$/i.test(path) ? 'json' : 'text';
}

/** Other files of users: the ending, the format, and how to make a table of it. */
const others: readonly (readonly [ending: RegExp, name: string, advice: string])[] = [
  [
    /\.(zip|tar(\.\w+)?|tgz|7z|bz2|xz|zst)$/i,
    'packed',
    'unpack it and name the files inside; a single file may be packed with gzip',
  ],
  [/\.(xlsx|xls|ods)$/i, 'a spreadsheet', 'save its sheet as CSV'],
  [
    /\.(arrow|arrows|feather|ipc)$/i,
    'an Arrow file',
    "write it as Parquet, in Python: pyarrow.parquet.write_table(pyarrow.feather.read_table(FILE), 'rows.parquet')",
  ],
];

/** The delimiter by a text file's ending. */
export function usualDelimiter(path: string): string | undefined {
  if (/\.csv(\.gz)?$/i.test(path)) return ',';
  return /\.(tsv|tab)(\.gz)?$/i.test(path) ? '\t' : undefined;
}
