import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import {
  listOf,
  type Source,
  type SourceBlock,
  type SourceSplit,
  type SplitName,
  singleOf,
  splitNames,
} from '../dataset.js';
import { ListBuilder } from '../encode/list-builder.js';
import { defineLoader } from '../loader.js';
import { checksumOfDraw } from '../split-seed.js';
import { prepared } from '../store/prepared.js';
import { preparedSource } from '../store/prepared-source.js';
import { rawChecksum } from '../store/raw-checksum.js';
import { columnRoles } from './column-roles.js';
import { type DataFile, findDataFiles } from './data-files.js';
import { folderColumns, sharedFolderColumns, withFolderColumns } from './folder-columns.js';
import { prepareTable } from './prepare-table.js';
import { openQuery } from './query-rows.js';
import { openTableFile } from './row-file.js';
import { drawnSplitOf, noRows, type Shares, sharesOf } from './row-splits.js';
import type { SplitFile } from './staged-rows.js';
import { type TableOptions, tableOptions } from './table-options.js';

/** Raise it when the same files and options make other rows. */
const version = 6;

/** A user's own files, or a query over them. They are read once into a prepared table, which later runs read. */
export const table = defineLoader({
  name: 'table',
  summary: 'your own CSV, TSV, Parquet, Arrow or JSON files, or a query over them; any number of tasks',
  options: z
    .strictObject({ loader: z.literal('table'), ...tableOptions })
    .refine(({ path, query }) => (path === undefined) !== (query === undefined), {
      message: "give 'path' or 'query', one of them",
    })
    .refine(({ query, files, database, extensions }) => query !== undefined || !(files || database || extensions), {
      message: "'files', 'database' and 'extensions' belong to 'query'",
    })
    .refine(({ query, validation, test }) => query === undefined || (!validation && !test), {
      message: "a query's rows are split by 'split', not by files of 'validation' and 'test'",
    }),
  paths: ['path', 'validation', 'test', 'files', 'database', 'cache'],
  async open({ loader, path, validation, test, files, database, cache, ...content }, context) {
    const options = { path, validation, test, files, database, cache, ...content };
    const shares = sharesOf(options); // fails before anything is read
    const read = await filesOf(options);
    const sums: string[] = [];
    const { signal } = context;
    for (const file of read.files) sums.push(`${file.mark} ${await rawChecksum(file.path, cache, signal)}`);
    const key = { reader: loader, version, content, sums };
    const checksum = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    const entry = await prepared({ folder: cache, name: loader, key }, context, async (database, folder) =>
      prepareTable(database, await read.open(folder, signal), options, { checksum }, context),
    );
    context.prepared?.(entry.path);
    const source = await preparedSource(entry, context);
    return options.splitSeed === 'run' ? drawnSource(source, shares, context.seed) : source;
  },
  newRows: ({ tasks, weight, header, delimiter, quote, encoding, decimal }) => ({
    labels: tasks,
    weight: weight === undefined ? undefined : String(weight),
    dialect: { header, delimiter, quote, encoding, decimal },
  }),
  async leftOut(options) {
    const ignored = Object.keys(options.columns).filter((reference) => options.columns[reference] === 'ignored');
    if (ignored.length === 0 && options.others !== 'ignored') return [];
    const read = await filesOf(options);
    const folder = await mkdtemp(join(tmpdir(), 'ple-names-'));
    const [first] = await read.open(folder).finally(() => rm(folder, { recursive: true, force: true }));
    const { path, names } = must(first, 'file of the table').file;
    const { used } = columnRoles({ path, names }, options);
    return names.flatMap((name, index) => {
      if (used.has(name)) return [];
      const isNamed = (by: string) => (names.includes(by) ? by === name : Number(by) === index + 1);
      const key = ignored.find(isNamed);
      return [{ name, key: key === undefined ? undefined : ['columns', key] }];
    });
  },
});

interface Read {
  /** Whose bytes decide the rows; `mark` says what they are. */
  readonly files: readonly { readonly path: string; readonly mark: string }[];
  open(folder: string, signal?: AbortSignal): Promise<readonly SplitFile[]>;
}

function filesOf(options: TableOptions): Promise<Read> {
  return options.query === undefined ? splitFiles(options) : queriedFiles(options, options.query);
}

async function splitFiles(options: TableOptions): Promise<Read> {
  const { path = [], validation, test } = options;
  const files: (DataFile & { readonly split: SplitName })[] = [];
  for (const [split, patterns] of [
    ['train', path],
    ['validation', validation],
    ['test', test],
  ] as const) {
    if (patterns === undefined) continue;
    for (const found of await findDataFiles([patterns].flat())) {
      const other = files.find(({ real }) => real === found.real);
      if (other) {
        const as = other.path === found.path ? '' : ` (as ${other.path})`;
        throw new DataError(`${found.path} is a file of the ${other.split} split${as} and of the ${split} split.`);
      }
      files.push({ split, ...found });
    }
  }
  const shared = sharedFolderColumns(files.map(({ path }) => path));
  return {
    files: files.map(({ path, split }) => ({ path, mark: `${split}${endingOf(path)}${foldersOf(path)}` })),
    async open() {
      const opened: SplitFile[] = [];
      for (const { path, split } of files)
        opened.push({ split, file: withFolderColumns(await openTableFile(path, options), shared) });
      return opened;
    },
  };
}

/** The rows of a query are those of the training split, which `split` cuts. */
async function queriedFiles(options: TableOptions, query: string): Promise<Read> {
  const { database, extensions = [], missing } = options;
  const found: { readonly path: string; readonly mark: string }[] = [];
  const files = new Map<string, readonly string[]>();
  for (const [name, patterns] of Object.entries(options.files ?? {})) {
    const paths = (await findDataFiles([patterns].flat())).map(({ path }) => path);
    files.set(name, paths);
    found.push(...paths.map((path) => ({ path, mark: `${name}${endingOf(path)}${foldersOf(path)}` })));
  }
  if (database !== undefined) {
    for (const { path } of await findDataFiles([database])) found.push({ path, mark: 'database' });
    if ((await stat(`${database}.wal`).catch(() => null))?.size)
      throw new DataError(
        `${database} has changes that lie beside it (${database}.wal): close it, or run CHECKPOINT there.`,
      );
  }
  let bytes = 0;
  for (const { path } of found) bytes += (await stat(path)).size;
  const sources = { query, files, database, extensions, missing, bytes };
  return {
    files: found,
    open: async (folder, signal) => [{ split: 'train', file: await openQuery(sources, options, folder, signal) }],
  };
}

/** What folders add to a file's rows. */
function foldersOf(path: string): string {
  return [...folderColumns(path)].map((column) => JSON.stringify(column)).join('');
}

/** Says the format, and so what the bytes mean. */
function endingOf(path: string): string {
  return /(\.[a-z]+)(\.(gz|zst))?$/i.exec(path)?.[0].toLowerCase() ?? '';
}

/**
 * A source whose training rows are cut into splits by a seed: the rows that a preparation with this `splitSeed` would have put there. One prepared
 * table serves all seeds.
 */
async function drawnSource(source: Source, shares: Shares, seed: number): Promise<Source> {
  const { train, validation, test } = source.splits;
  const splitOf = drawnSplitOf(shares, seed);
  const drawn = Uint8Array.from({ length: train.rows }, () => splitNames.indexOf(splitOf())); // in the order of the files
  const { splits } = await cutSource(source, 'train', (number) => drawn[number] ?? 0);
  return {
    ...source,
    checksum: shares.test > 0 ? checksumOfDraw(source.checksum, seed) : source.checksum,
    splits: {
      train: splits.train,
      validation: shares.validation > 0 ? splits.validation : validation,
      test: shares.test > 0 ? splits.test : test,
    },
  };
}

/**
 * A source of which one split is cut into several. A split that gets no row of it, though the source has none of its own, is refused when it is read.
 * @param splitOf Of a row's number in the files: the place of its split in `splitNames`.
 */
export async function cutSource(
  source: Source,
  parent: SplitName,
  splitOf: (number: number) => number,
): Promise<Source> {
  const split = source.splits[parent];
  const marks = new Uint8Array(split.rows);
  for (let b = 0; b * split.blockRows < split.rows; b++) {
    const numbers = await split.numbers?.(b);
    if (!numbers) throw new Error('Rows without numbers cannot be drawn');
    for (const [row, number] of numbers.entries()) marks[b * split.blockRows + row] = splitOf(number);
  }
  const cut = (name: SplitName) => {
    if (name !== parent && source.splits[name].rows > 0) return source.splits[name];
    const part = markedSplit(split, marks, splitNames.indexOf(name));
    if (part.rows === 0) throw new DataError(noRows(name));
    return part;
  };
  return { ...source, splits: { train: cut('train'), validation: cut('validation'), test: cut('test') } };
}

/** The rows of a split that have this mark, in blocks of the same size. */
function markedSplit(split: SourceSplit, marks: Uint8Array, mark: number): SourceSplit {
  const { blockRows } = split;
  const counts = new Int32Array(Math.ceil(marks.length / blockRows));
  for (let row = 0; row < marks.length; row++) {
    const block = Math.floor(row / blockRows);
    if (marks[row] === mark) counts[block] = (counts[block] ?? 0) + 1;
  }
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const markedRows = (block: number) => {
    const ofBlock = marks.subarray(block * blockRows, (block + 1) * blockRows);
    return [...ofBlock.keys()].filter((row) => ofBlock[row] === mark);
  };
  /** What of each block of the split belongs to block `index`. */
  async function* parts(index: number) {
    const [begin, end] = [index * blockRows, Math.min(rows, (index + 1) * blockRows)];
    let before = 0; // rows of the split in earlier blocks
    for (let b = 0; b < counts.length && before < end; b++) {
      const count = counts[b] ?? 0;
      if (before + count > begin && count > 0)
        yield { b, rows: markedRows(b).slice(Math.max(0, begin - before), end - before) };
      before += count;
    }
  }
  return {
    rows,
    blockRows,
    async read(index) {
      const read: Part[] = [];
      for await (const { b, rows } of parts(index)) read.push({ block: await split.read(b), rows }); // blocks have memory of their own
      return joined(read);
    },
    async numbers(index) {
      const read: number[] = [];
      for await (const { b, rows } of parts(index)) {
        const numbers = await split.numbers?.(b);
        read.push(...rows.map((row) => numbers?.[row] ?? 0));
      }
      return Int32Array.from(read);
    },
  };
}

/** Rows of a block. */
interface Part {
  readonly block: SourceBlock;
  readonly rows: readonly number[];
}

function joined(parts: readonly Part[]): SourceBlock {
  const like = parts[0]?.block;
  if (!like) throw new Error('A block of no rows was read');
  const rows = parts.reduce((sum, part) => sum + part.rows.length, 0);
  const numbers = (valuesOf: (block: SourceBlock) => Values | undefined) =>
    filled(new Float32Array(rows), parts, valuesOf);
  return {
    rows,
    columns: like.columns.map((column, c) => {
      if ('offsets' in column) {
        const lists = new ListBuilder(rows);
        for (const part of parts) for (const row of part.rows) lists.push(listOf(part.block.columns[c] ?? column), row);
        return lists.values;
      }
      const single = ({ columns }: SourceBlock) => singleOf(columns[c] ?? column);
      return column instanceof Int32Array ? filled(new Int32Array(rows), parts, single) : numbers(single);
    }),
    labels: like.labels.map((_, t) => numbers(({ labels }) => labels[t])),
    ...(like.weights ? { weights: numbers(({ weights }) => weights) } : {}),
  };
}

type Values = Int32Array | Float32Array;

function filled<Target extends Values>(
  target: Target,
  parts: readonly Part[],
  valuesOf: (block: SourceBlock) => Values | undefined,
): Target {
  let at = 0;
  for (const { block, rows } of parts) {
    const values = valuesOf(block);
    for (const row of rows) target[at++] = values?.[row] ?? 0;
  }
  return target;
}
