import { mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { withoutDefaults } from '../../config/hash.js';
import { refuse } from '../../config/parse.js';
import { didYouMean } from '../../support/catalogue.js';
import { sha256 } from '../../support/checksum.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { partialPath, removeRemains } from '../../support/files.js';
import { must } from '../../support/must.js';
import type { Source, SplitName } from '../dataset.js';
import type { TextReading } from '../encoding.js';
import { checksumOfDraw, type DialectOptions, defineLoader, type LoaderContext } from '../loader.js';
import { beforeReading, type FileBefore, prepared, rawChecksum } from '../store/prepared.js';
import { preparedSource } from '../store/prepared-source.js';
import { columnRoles, type ModelColumns, modelRoles } from './column-roles.js';
import { prepareTable } from './prepare-table.js';
import { openQuery } from './query-rows.js';
import { type DataFile, findDataFiles, openSplitFiles, type RowFileOptions } from './row-file.js';
import { rowDraw, splitShares } from './row-splits.js';
import { checkColumns, type SplitFile } from './staged-rows.js';
import { isOfTest, type TableOptions, tableOptions, usualMissing } from './table-options.js';

/**
 * Raise it when the same files and options make other rows, or a query's rows another checksum. `tables`: when only rows
 * become others whose checksum says so by itself.
 */
const versions = { files: 7, query: 8, tables: 1 };

/** A user's own files, or a query over them. They are read once into a prepared table, which later runs read. */
export const table = defineLoader({
  name: 'table',
  summary: 'your own CSV, TSV, Parquet or JSON files, or a query over them; any number of tasks',
  options: z
    .strictObject({ loader: z.literal('table'), ...tableOptions })
    .refine(({ path, query }) => (path === undefined) !== (query === undefined), {
      message: "give 'path' or 'query', one of them",
    })
    .refine(({ query, files, database, variables }) => query !== undefined || !(files || database || variables), {
      message: "'files', 'database' and 'variables' belong to 'query'",
    })
    .refine(({ query, validation, test }) => query === undefined || (!validation && !test), {
      message:
        "a query has no files of 'validation' and 'test': its rows say their split. For the query SELECT …, 'train' AS part FROM old UNION ALL SELECT …, 'test' FROM new, say split: { column: part, validation: …, test: test }",
    })
    .superRefine(checkVariables)
    .superRefine(checkShares),
  paths: ['name', 'page', 'fetch', 'folder', 'path', 'validation', 'test', 'files', 'database', 'cache'],
  async open(config, context) {
    const { path, cache, splitSeed } = config;
    const options = { ...config, ...inFolder(config) };
    const read = await listFiles(options); // a missing file is told first
    if (path !== undefined && new Set(read.files.map((file) => partition(file.path))).size > 1)
      context.note('Folders named column=value are columns in a query only: dataset.query, dataset.files.');
    const { signal } = context;
    const { key, before } = await contentKey(config, read, signal);
    const tasks = chosenTasks(Object.keys(options.tasks), context.tasks);
    const at = {
      folder: cache,
      name: config.loader,
      key: { ...key, tables: versions.tables, tasks },
      files: before,
    };
    const entry = await prepared(at, context, async (database, folder) => {
      const { splitFiles, rows } = await read.open(folder, signal);
      checkColumns(splitFiles, undefined);
      const roles = columnRoles(must(splitFiles[0], 'file').file, options, tasks);
      return prepareTable(database, splitFiles, roles, { ...options, checksum: checksumOf({ ...key, rows }) }, context);
    });
    context.prepared?.(entry.path);
    if (splitSeed !== 'run' && !isOfTest(options)) return preparedSource(entry, context);
    const seed = splitSeed === 'run' ? context.seed : splitSeed;
    const source = await preparedSource(entry, context, rowDraw(options, seed, entry.description));
    return { ...source, checksum: drawnChecksum(source.checksum, options, seed) };
  },
  async checksumWith(config, files, seed) {
    if (config.query !== undefined) return undefined; // the files do not decide its rows
    const options = { ...config, ...inFolder(config), path: [...files] };
    const { key } = await contentKey(config, await listFiles(options));
    return drawnChecksum(checksumOf(key), options, seed);
  },
  newRows: ({ tasks, weight, header, delimiter, quote, encoding, decimal }) => ({
    labels: tasks,
    weight: weight === undefined ? undefined : String(weight),
    dialect: { header, delimiter, quote, encoding, decimal },
  }),
});

const contentSchema = z.strictObject(tableOptions);

/** Everything but a query's rows that decides the content: options, and the files' bytes. */
async function contentKey(
  { loader, ...config }: TableOptions & { readonly loader: string },
  { files }: Pick<Read, 'files'>,
  signal?: AbortSignal,
) {
  const { name, page, fetch, folder, path, validation, test, files: _, database, cache, ...content } = config;
  const before: FileBefore[] = [];
  for (const { path } of files) before.push(await rawChecksum(path, cache, signal));
  const sums = files.map(({ mark }, index) => `${mark} ${before[index]?.checksum}`);
  const version = content.query === undefined ? versions.files : versions.query;
  return { before, key: { reader: loader, version, content: withoutDefaults(contentSchema, content), sums } };
}

function checksumOf(content: object): string {
  return sha256(JSON.stringify(content));
}

/** Where test rows follow the run's seed, the seed decides the checksum too. */
function drawnChecksum(checksum: string, options: TableOptions, seed: number): string {
  const isOther = options.splitSeed === 'run' && (splitShares(options).test > 0 || isOfTest(options));
  return isOther ? checksumOfDraw(checksum, seed) : checksum;
}

/** The tasks that are asked for, in their order; undefined if these are all, or one is not there. */
function chosenTasks(names: readonly string[], asked: readonly string[] | undefined): readonly string[] | undefined {
  const chosen = names.filter((name) => asked?.includes(name));
  return chosen.length === asked?.length && chosen.length < names.length ? chosen : undefined;
}

interface Read {
  /** Whose bytes decide the rows; `mark` says what they are. */
  readonly files: readonly { readonly path: string; readonly mark: string }[];
  /** `rows`: the checksum of a query's rows, which the files alone do not decide. */
  open(
    folder: string,
    signal?: AbortSignal,
  ): Promise<{ readonly splitFiles: readonly SplitFile[]; readonly rows?: string }>;
}

/** The files with their folder before them. */
function inFolder({ folder, path, validation, test, files, database }: TableOptions) {
  const at = (file: string) => (folder === undefined || isAbsolute(file) ? file : join(folder, file));
  const allAt = (patterns?: string | string[]) => patterns && [patterns].flat().map(at);
  return {
    path: allAt(path),
    validation: allAt(validation),
    test: allAt(test),
    files: files && Object.fromEntries(Object.entries(files).map(([name, patterns]) => [name, allAt(patterns) ?? []])),
    database: database && at(database),
  };
}

/** What says where rows are, and how text is written. */
type RowOrigin = RowFileOptions & Pick<TableOptions, 'missing'> & Partial<TableOptions>;

export function listFiles(options: RowOrigin): Promise<Read> {
  return options.query === undefined ? splitFiles(options) : queriedFiles(options, options.query);
}

async function splitFiles(options: RowOrigin): Promise<Read> {
  const { path = [], validation, test } = options;
  const files: (DataFile & { readonly split: SplitName })[] = [];
  for (const [split, patterns] of [
    ['train', path],
    ['validation', validation],
    ['test', test],
  ] as const) {
    if (patterns === undefined) continue;
    for (const file of await findDataFiles([patterns].flat(), whereToGetThem(options))) {
      const other = files.find(({ real }) => real === file.real);
      if (other) {
        const as = other.path === file.path ? '' : ` (as ${other.path})`;
        throw new DataError(`${file.path} is a file of the ${other.split} split${as} and of the ${split} split.`);
      }
      files.push({ split, ...file });
    }
  }
  return {
    files: files.map(({ path, split }) => ({ path, mark: `${split}${ending(path)}` })),
    open: async () => ({ splitFiles: await openSplitFiles(files, options) }),
  };
}

/** The rows of a query are those of the training split, which `split` cuts. */
async function queriedFiles(options: RowOrigin, query: string): Promise<Read> {
  const { database, missing, variables = {} } = options;
  const marks: { readonly path: string; readonly mark: string }[] = [];
  const files = new Map<string, readonly string[]>();
  for (const [name, patterns] of Object.entries(options.files ?? {})) {
    const paths = (await findDataFiles([patterns].flat(), whereToGetThem(options))).map(({ path }) => path);
    files.set(name, paths);
    marks.push(...paths.map((path) => ({ path, mark: `${name}${ending(path)}${partition(path)}` })));
  }
  if (database !== undefined) {
    for (const { path } of await findDataFiles([database])) marks.push({ path, mark: 'database' });
    await refuseBeside(database);
  }
  let bytes = 0;
  for (const { path } of marks) bytes += (await stat(path)).size;
  const sources = { query, variables, files, database, missing, bytes };
  return {
    files: marks,
    async open(folder, signal) {
      const { file, checksum } = await openQuery(sources, options, folder, signal);
      if (database !== undefined) await refuseBeside(database); // DuckDB has read them, too
      return { splitFiles: [{ split: 'train', file }], rows: checksum };
    },
  };
}

/** @throws DataError for changes of a DuckDB file that are not yet in it. */
async function refuseBeside(database: string): Promise<void> {
  if (!(await stat(`${database}.wal`).catch(() => null))?.size) return;
  throw new DataError(
    `${database} has changes that lie beside it (${database}.wal): close it, or run CHECKPOINT there.`,
  );
}

/** What the error for a missing file says. */
function whereToGetThem({ name, page, fetch }: RowOrigin): string {
  if (page === undefined) return '';
  return ` Get it ${fetch && name !== undefined ? `with 'ple data fetch ${name}', or ` : ''}from ${page}.`;
}

/** Splits that leave no rows, or that contradict one another. */
function checkShares(options: TableOptions, context: z.core.$RefinementCtx): void {
  try {
    splitShares(options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [, key = 'split', message = ''] = /^dataset\.(\w+): (.*)\.$/.exec(error.message) ?? [];
    refuse(context, [key], message);
  }
}

/** Refuses a variable that the query does not have, or has without a value: SQL would take it for NULL. */
function checkVariables(
  { query = '', variables = {} }: Pick<TableOptions, 'query' | 'variables'>,
  context: z.core.$RefinementCtx,
): void {
  const calls = query.replaceAll(/--.*$/gm, '').matchAll(/\bgetvariable\s*\(\s*'([^']*)'/gi);
  const used = [...new Set([...calls].map(([, name = '']) => name))];
  const names = Object.keys(variables);
  for (const name of used.filter((one) => !names.includes(one)))
    refuse(context, ['query'], `getvariable('${name}') has no value: say dataset.variables.${name}`);
  for (const name of names)
    if (!used.includes(name))
      refuse(
        context,
        ['variables', name],
        `the query has no getvariable('${name}')${didYouMean(name, used)}; it has ${used.join(', ') || 'none'}`,
      );
}

/** Folders such as `day=2024-05-31`, which are columns of Parquet in a query. */
function partition(path: string): string {
  return (path.match(/[^/]+=[^/]*\//g) ?? []).join('');
}

/** Says the format, and so what the bytes mean. */
function ending(path: string): string {
  return /(\.[a-z]+)(\.gz)?$/i.exec(path)?.[0].toLowerCase() ?? '';
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
  columns: ModelColumns,
  { exact, ...dialect }: DialectOptions & Pick<TextReading, 'exact'>,
  context: LoaderContext,
): Promise<NewRows> {
  const found = await findDataFiles(paths);
  const { header = true, quote = '"', missing = usualMissing, ...others } = dialect;
  const reading = { header, quote, missing: [...missing], exact, ...others };
  const before: FileBefore[] = [];
  for (const { path } of found) before.push(await beforeReading(path, context.signal));
  const files = await openSplitFiles(
    found.map(({ path }) => ({ split: 'test', path })),
    reading,
  );
  const roles = modelRoles(must(files[0], 'file').file, columns);
  const folder = partialPath(join(tmpdir(), 'ple-new-rows'));
  await removeRemains(tmpdir());
  await mkdir(folder, { mode: 0o700 });
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    const at = { folder, name: 'rows', key: null, files: before, setting: 'TMPDIR' };
    const entry = await prepared(at, context, (database) =>
      prepareTable(database, files, roles, { ...reading, checksum: '' }, context),
    );
    const { fileStarts = [] } = entry.description;
    return {
      source: await preparedSource(entry, context),
      file: entry.file,
      place(row) {
        const f = fileStarts.findLastIndex((first) => first <= row);
        return must(files[f], 'file').file.place(row - (fileStarts[f] ?? 0));
      },
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}
