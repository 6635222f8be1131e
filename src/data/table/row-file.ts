import { stat } from 'node:fs/promises';
import { ConfigError, DataError } from '../../support/errors.js';
import type { SplitName } from '../dataset.js';
import { openJson, openParquet } from './relation-table.js';
import type { SplitFile, TableFile } from './staged-rows.js';
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
  const delimiter = options.delimiter ?? usualDelimiter(path);
  if (delimiter === undefined)
    throw new ConfigError(
      `${path} is read if its ending is .csv, .tsv, .tab, .json, .jsonl or .ndjson (packed with gzip: .gz behind it), .parquet or .pq; if it is a text file, say dataset.delimiter.`,
    );
  const { header, quote, encoding, decimal, exact = false } = options;
  const dialect = { delimiter, quote, encoding, decimal, exact, header: header === true };
  return openTextTable(path, size, typeof header === 'boolean' ? dialect : { ...dialect, names: header });
}

/** By the ending; any other is a text file's. */
export function fileFormat(path: string): 'parquet' | 'json' | 'text' {
  if (/\.(parquet|pq)$/i.test(path)) return 'parquet';
  return /\.(jsonl|ndjson|json)(\.gz)?$/i.test(path) ? 'json' : 'text';
}

/** The delimiter by a text file's ending. */
export function usualDelimiter(path: string): string | undefined {
  if (/\.csv(\.gz)?$/i.test(path)) return ',';
  return /\.(tsv|tab)(\.gz)?$/i.test(path) ? '\t' : undefined;
}
