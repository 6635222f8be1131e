import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { randomFromSeed } from '../support/random.js';
import { type CensusTask, censusLabels, labelColumns, taskGroups } from './census-income-columns.js';
import { readCensusFile } from './census-income-file.js';
import type { Source, SplitName } from './dataset.js';
import { seedOf } from './generator-options.js';
import { advance, defineLoader, type LoaderContext } from './loader.js';
import type { Publication, PublishedFile } from './published-file.js';
import { findRawFile, type RawFile } from './raw-file.js';
import { checksumOfDraw, splitSeedSchema } from './split-seed.js';
import type { Table } from './table.js';
import { cachedTable } from './table-cache.js';
import { type TableRows, type TextLabel, tableSource } from './table-source.js';

const publication: Publication = {
  page: 'https://archive.ics.uci.edu/dataset/117/census+income+kdd',
  folder: 'datasets/census-income',
  files: [
    published('census-income.data', '3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86'),
    published('census-income.test', '98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c'),
  ],
};

const options = z.strictObject({
  loader: z.literal('census-income'),
  /** Folder with `census-income.data` and `census-income.test`, plain or `.gz`. */
  path: z.string().default(publication.folder),
  /** 1: income and never-married. 2: education (at least college) and never-married. */
  group: z.union([z.literal(1), z.literal(2)]).default(1),
  /** Decides which rows are for validation. */
  splitSeed: splitSeedSchema,
  /** `test-half`: the test file, 1:1. `{ train: 0.1 }`: that part of the training file; the whole test file is for the test. */
  validation: z.union([z.literal('test-half'), z.strictObject({ train: z.number().gt(0).lt(1) })]).default('test-half'),
  /** Columns to put back among the inputs of those that labels are made of. */
  extraInputs: z.array(z.string()).default([]),
  /** Folder that keeps the prepared tables; null: none is kept. */
  cache: z.string().nullable().default('datasets/cache'),
});
type Options = z.infer<typeof options>;

const whereToGetIt = `Get it with 'ple data fetch census-income', or from ${publication.page} (see datasets/census-income.md).`;

/**
 * Census-Income (KDD): 199,523 + 99,762 rows, two binary tasks of MMoE section 6.3.
 * Every row is kept, duplicates too. The columns that labels are made of are no inputs, in either group.
 */
export const censusIncome = defineLoader({
  name: 'census-income',
  summary: 'Census-Income (KDD), two binary tasks: income or education, and never married',
  options,
  paths: ['path', 'cache'],
  publication,
  async open(options, context) {
    const tasks: readonly CensusTask[] = taskGroups[options.group];
    checkExtraInputs(options, tasks);
    const [train, test] = await readTables(options, context);
    return makeSource(train, test, tasks, options, seedOf({ seed: options.splitSeed }, context));
  },
});

function checkExtraInputs({ extraInputs, group }: Options, tasks: readonly CensusTask[]): void {
  const labels = tasks.map((task) => censusLabels[task].column);
  const allowed = labelColumns.filter((name) => !labels.includes(name));
  for (const name of extraInputs) {
    if (allowed.some((column) => column === name)) continue;
    const why = labels.some((column) => column === name) ? ', as a label is made of it' : didYouMean(name, allowed);
    throw new ConfigError(
      `dataset.extraInputs: '${name}' cannot be an extra input of group ${group}${why}; there is: ${allowed.join(', ')}.`,
    );
  }
}

async function readTables({ path, cache }: Options, context: LoaderContext): Promise<[Table, Table]> {
  const { note, prepared } = context;
  const train = await findRawFile(path, 'census-income.data', whereToGetIt);
  const test = await findRawFile(path, 'census-income.test', whereToGetIt);
  const total = train.bytes + test.bytes;
  const read = (file: RawFile, before: number) =>
    cachedTable(file, {
      folder: cache,
      reader: 'census-income',
      note,
      prepared,
      make: () => readCensusFile(file, (bytes) => advance(context, before + bytes, total)),
    });
  return [await read(train, 0), await read(test, train.bytes)];
}

function makeSource(
  train: Table,
  test: Table,
  tasks: readonly CensusTask[],
  options: Options,
  splitSeed: number,
): Source {
  const hidden = labelColumns.filter((name) => !options.extraInputs.includes(name));
  const inputs = train.columns.map(({ name }) => name).filter((name) => !hidden.some((column) => column === name));
  const labels = tasks.map((name): TextLabel => ({ task: { name, type: 'binary' }, ...censusLabels[name] }));
  const source = tableSource([train, test], inputs, labels, splitRows(train, test, options, splitSeed));
  const drawnTest = options.splitSeed === 'run' && options.validation === 'test-half';
  return drawnTest ? { ...source, checksum: checksumOfDraw(source.checksum, splitSeed) } : source;
}

function splitRows(
  train: Table,
  test: Table,
  { validation }: Options,
  splitSeed: number,
): Record<SplitName, TableRows> {
  const parent = validation === 'test-half' ? test : train;
  const share = validation === 'test-half' ? 0.5 : validation.train;
  const shuffled = everyRow(parent);
  randomFromSeed(splitSeed).stream('split').shuffle(shuffled);
  const count = Math.round(share * parent.rows);
  const chosen = { table: parent, rows: shuffled.slice(0, count).sort() };
  const rest = { table: parent, rows: shuffled.slice(count).sort() };
  return validation === 'test-half'
    ? { train: { table: train, rows: everyRow(train) }, validation: chosen, test: rest }
    : { train: rest, validation: chosen, test: { table: test, rows: everyRow(test) } };
}

function everyRow(table: Table): Int32Array {
  return Int32Array.from({ length: table.rows }, (_, row) => row);
}

function published(name: string, sha256: string): PublishedFile {
  const folders = [
    'https://archive.ics.uci.edu/ml/machine-learning-databases/census-income-mld',
    'https://kdd.ics.uci.edu/databases/census-income',
  ];
  return { name, urls: folders.map((folder) => `${folder}/${name}.gz`), sha256 };
}
