import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { didYouMean } from '../../support/catalogue.js';
import { DataError } from '../../support/errors.js';
import { partialPath, removeRemains } from '../../support/files.js';
import type { Source } from '../dataset.js';
import type { CellReading, TextReading } from '../encoding.js';
import type { Dialect, LoaderContext, RowReading } from '../loader.js';
import { prepared } from '../store/prepared.js';
import { preparedSource } from '../store/prepared-source.js';
import { beforeReading, type FileBefore } from '../store/raw-checksum.js';
import { findDataFiles } from './data-files.js';
import { prepareTable } from './prepare-table.js';
import { openSplitFiles } from './row-file.js';
import type { SplitFile } from './staged-rows.js';
import { type TableOptions, usualMissing } from './table-options.js';

/** What is read of the files. A task's labels are read where the files have their columns. */
export interface Wanted extends Pick<RowReading, 'labels' | 'weight'> {
  readonly inputs: readonly {
    readonly name: string;
    readonly kind: 'categorical' | 'numeric' | 'list';
    readonly cells: CellReading;
  }[];
  /** Columns that are kept as they are. */
  readonly keep: readonly string[];
}

/** Rows of a table that a trained model has not seen, in the order of the files. */
export interface NewRows {
  /** Its test split has all rows. Its tasks are those whose labels are there. */
  readonly source: Source;
  /** DuckDB file with the table `kept`: the columns that were to be kept. */
  readonly file: string;
  /** `file:line` of a row, from 0. */
  place(row: number): Promise<string>;
  /** Deletes what was prepared. */
  release(): Promise<void>;
}

/**
 * Reads files into a temporary table, in bounded memory.
 * @param paths Files or patterns of any format that the `table` loader reads.
 * @throws DataError for a file without a column that is wanted.
 */
export async function openNewRows(
  paths: readonly string[],
  wanted: Wanted,
  { exact, ...dialect }: Dialect & Pick<TextReading, 'exact'>,
  context: LoaderContext,
): Promise<NewRows> {
  const found = await findDataFiles(paths);
  const { header = true, quote = '"', missing = usualMissing, ...others } = dialect;
  const reading = { header, quote, missing: [...missing], exact, ...others };
  const asTest = found.map(({ path }) => ({ split: 'test' as const, path }));
  const before: FileBefore[] = [];
  for (const { path } of found) before.push(await beforeReading(path, context.signal));
  const files = await openSplitFiles(asTest, reading);
  const { path = '', names = [] } = files[0]?.file ?? {};
  const inputs = [...new Set(wanted.inputs.map(({ name, cells }) => cells.of ?? name))];
  const absent = (name: string, what: string) =>
    new DataError(
      `${path} has no column '${name}'${didYouMean(name, names)}${what}; there are: ${names.slice(0, 50).join(', ')}.`,
    );
  for (const name of inputs) if (!names.includes(name)) throw absent(name, ', which the model reads');
  for (const name of wanted.keep) if (!names.includes(name)) throw absent(name, '');
  const has = (reference: string | number) => names.includes(String(reference));
  const labels = Object.entries(wanted.labels).filter(
    ([name, { column, mask }]) => has(column ?? name) && (mask === undefined || has(mask.column)),
  );
  const { weight } = wanted;
  if (weight !== undefined && !has(weight)) throw absent(weight, ', the weight of rows (dataset.weight of the run)');
  const options: TableOptions = {
    ...reading,
    tasks: Object.fromEntries(labels),
    columns: Object.fromEntries(
      wanted.inputs.map(({ name, kind, cells: { hash, separator, weights, of } }) => {
        const parts = wanted.inputs.flatMap(({ cells }) => (cells.of === of && cells.part ? [cells.part] : []));
        if (of !== undefined) return [of, { kind: 'time' as const, parts }];
        return [name, kind === 'numeric' ? kind : { kind, hash, ...(kind === 'list' ? { separator, weights } : {}) }];
      }),
    ),
    others: 'ignored',
    test: [...paths],
    splitSeed: 0,
    cache: '',
    weight,
  };
  const folder = partialPath(join(tmpdir(), 'ple-new-rows'));
  await removeRemains(tmpdir());
  await mkdir(folder, { mode: 0o700 });
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    const about = {
      checksum: '',
      fixed: true,
      trained: new Map(wanted.inputs.map(({ name, cells }) => [name, cells])),
      keep: wanted.keep,
    };
    const at = { folder, name: 'rows', key: null, files: before, setting: 'TMPDIR' };
    const entry = await prepared(at, context, (database) => prepareTable(database, files, options, about, context));
    const place = (row: number) => rowLocation(files, entry.description.fileRows ?? [], row);
    return { source: await preparedSource(entry, context), file: entry.file, place, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function rowLocation(files: readonly SplitFile[], counts: readonly number[], row: number): Promise<string> {
  let first = 0;
  for (const [f, { file }] of files.entries()) {
    const next = first + (counts[f] ?? 0);
    if (row < next) return file.place(row - first);
    first = next;
  }
  return `row ${row + 1}`;
}
