import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { ConfigError } from '../../support/errors.js';
import { randomFromSeed } from '../../support/random.js';
import { contentChecksum, type Publication, type PublishedFile } from '../fetch/published-file.js';
import { findRawFile, type RawFile } from '../fetch/raw-file.js';
import { defineLoader, type LoaderContext } from '../loader.js';
import { checksumOfDraw, splitSeedSchema } from '../split-seed.js';
import { type PreparedTables, prepared } from '../store/prepared.js';
import { type Draw, preparedSource, type StoredSource } from '../store/prepared-source.js';
import { rawChecksum } from '../store/raw-checksum.js';
import { seedOf } from '../synthetic/generator-options.js';
import { prepareTable } from '../table/prepare-table.js';
import { openTableFile } from '../table/row-file.js';
import type { SplitFile } from '../table/staged-rows.js';
import { type TableOptions, tableOptions } from '../table/table-options.js';

/** Raise it when the same files become other rows. */
const version = 1;

/** One space exactly: two categories end in a space, none begins with one. */
const dialect = { delimiter: ', ', quote: null, exact: true } as const;

const publication: Publication = {
  page: 'https://archive.ics.uci.edu/dataset/117/census+income+kdd',
  folder: 'datasets/census-income',
  files: [
    published('census-income.data', '3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86'),
    published('census-income.test', '98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c'),
  ],
};

/** Columns that labels are made of: none is an input unless `extraInputs` says so. */
const labelColumns = ['income', 'education', 'marital-status'] as const;

const options = z.strictObject({
  loader: z.literal('census-income'),
  path: z
    .string()
    .default(publication.folder)
    .describe('Folder with `census-income.data` and `census-income.test`, plain or `.gz`.'),
  group: z
    .union([z.literal(1), z.literal(2), z.literal(3)])
    .default(1)
    .describe(
      '1: tasks `income`, `never-married`. 2: tasks `education` (at least college), `never-married`. 3: tasks `income`, `marital-status` (multiclass, seven classes).',
    ),
  splitSeed: splitSeedSchema,
  validation: z
    .union([z.literal('test-half'), z.strictObject({ train: z.number().gt(0).lt(1) })])
    .default('test-half')
    .describe(
      '`test-half`: half of the test file. `{ train: 0.1 }`: that part of the training file; the whole test file is the test split.',
    ),
  extraInputs: z
    .array(z.enum(labelColumns))
    .default([])
    .describe(
      'The label column (`income`, `education`, `marital-status`) that makes no label of the group, put back among the inputs: `[education]` in groups 1 and 3, `[income]` in group 2.',
    ),
  cache: z
    .string({ error: ({ input }) => (input === null ? 'name a folder; tables are always kept' : undefined) })
    .default('datasets/cache')
    .describe('Folder for the prepared tables, from which rows are read.'),
});

type Options = z.infer<typeof options>;

const whereToGetIt = `Get it with 'ple data fetch census-income', or from ${publication.page} (see datasets/census-income.md).`;

/**
 * Census-Income (KDD): 199,523 + 99,762 rows, two binary tasks of MMoE section 6.3, or the marital status as seven
 * classes and the task income. Every row is kept, duplicates too. The columns that labels are made of are no inputs, in
 * either group.
 */
export const censusIncome = defineLoader({
  name: 'census-income',
  summary: 'Census-Income (KDD), two tasks: income or education, and never married or the marital status',
  options,
  paths: ['path', 'cache'],
  publication,
  newRows: (options) => ({ labels: tableOf(options, taskGroups[options.group]).tasks, dialect: {} }),
  async open(options, context) {
    const tasks: readonly CensusTask[] = taskGroups[options.group];
    checkExtraInputs(options, tasks);
    const tables = await tablesOf(options, tasks, context);
    const seed = seedOf({ seed: options.splitSeed }, context);
    const source = await preparedSource(tables, context, drawOf(options, seed, tables.description));
    const isDrawn = options.splitSeed === 'run' && options.validation === 'test-half';
    return isDrawn ? { ...source, checksum: checksumOfDraw(source.checksum, seed) } : source;
  },
});

function checkExtraInputs({ extraInputs, group }: Options, tasks: readonly CensusTask[]): void {
  const label = extraInputs.find((name) => tasks.some((task) => censusLabels[task].column === name));
  if (label !== undefined)
    throw new ConfigError(`dataset.extraInputs: a label of group ${group} is made of '${label}', so it is no input.`);
}

/** Both files, read once: one preparation serves every seed, which draws the rows for validation. */
async function tablesOf(
  options: Options,
  tasks: readonly CensusTask[],
  context: LoaderContext,
): Promise<PreparedTables<StoredSource>> {
  const { path, cache } = options;
  const found: { readonly split: 'train' | 'test'; readonly file: RawFile }[] = [];
  for (const [split, name] of [
    ['train', 'census-income.data'],
    ['test', 'census-income.test'],
  ] as const)
    found.push({ split, file: await findRawFile(path, name, whereToGetIt) });
  const table = tableOf(options, tasks);
  const make = async (database: DuckDBConnection) => {
    const checksum = createHash('sha256');
    const files: SplitFile[] = [];
    for (const [f, { split, file }] of found.entries()) {
      checksum.update(`${f > 0 ? '\n' : ''}${(await contentChecksum(file.path)).sha256}`);
      files.push({
        split,
        file: await openTableFile(file.path, { ...dialect, header: rawColumns.map(([name]) => name) }),
      });
    }
    const about = { checksum: checksum.digest('hex'), fixed: true, exact: dialect.exact };
    return prepareTable(database, files, table, about, context);
  };
  const sums: string[] = [];
  for (const { file } of found) sums.push(await rawChecksum(file.path, cache, context.signal));
  const at = { folder: cache, name: 'census-income', key: { version, table, sums } };
  const entry = await prepared(at, context, make);
  context.prepared?.(entry.path);
  return entry;
}

/** The data as a table: the columns that labels are made of are no inputs, but for `extraInputs`. */
function tableOf({ extraInputs }: Pick<Options, 'extraInputs'>, tasks: readonly CensusTask[]): TableOptions {
  const hidden = labelColumns.filter((name) => !extraInputs.includes(name));
  const kinds = { continuous: 'numeric', nominal: 'categorical', ignored: 'ignored' } as const;
  const columns = rawColumns.filter(([name]) => !hidden.some((column) => column === name));
  return z.strictObject(tableOptions).parse({
    missing: [],
    tasks: Object.fromEntries(tasks.map((task) => [task, censusLabels[task]])),
    columns: Object.fromEntries(columns.map(([name, kind]) => [name, kinds[kind]])),
    others: 'ignored',
    test: 'census-income.test',
    splitSeed: 'run',
  });
}

/** Of the test or the training file some rows are for validation, drawn without replacement. */
function drawOf({ validation }: Options, seed: number, { rows: stored }: StoredSource): Draw {
  const parent = validation === 'test-half' ? 'test' : 'train';
  const rows = stored[parent];
  const share = validation === 'test-half' ? 0.5 : validation.train;
  const shuffled = Int32Array.from({ length: rows }, (_, row) => row);
  randomFromSeed(seed).stream('split').shuffle(shuffled);
  const isDrawn = new Uint8Array(rows);
  for (const row of shuffled.subarray(0, Math.round(share * rows))) isDrawn[row] = 1;
  const first = parent === 'test' ? stored.train : 0;
  return {
    key: 'row',
    splitOf: (row, split) => (split === parent && isDrawn[row - first] === 1 ? 'validation' : split),
  };
}

function published(name: string, sha256: string): PublishedFile {
  const folders = [
    'https://archive.ics.uci.edu/ml/machine-learning-databases/census-income-mld',
    'https://kdd.ics.uci.edu/databases/census-income',
  ];
  return { name, urls: folders.map((folder) => `${folder}/${name}.gz`), sha256 };
}

/** The 42 columns of the raw files, in their order. */
const names = [
  'age',
  'class-of-worker',
  'industry-code',
  'occupation-code',
  'education',
  'wage-per-hour',
  'enrolled-in-education',
  'marital-status',
  'major-industry',
  'major-occupation',
  'race',
  'hispanic-origin',
  'sex',
  'labor-union-member',
  'reason-for-unemployment',
  'employment-status',
  'capital-gains',
  'capital-losses',
  'dividends',
  'tax-filer-status',
  'previous-region',
  'previous-state',
  'household-and-family-status',
  'household-summary',
  'instance-weight',
  'migration-in-msa',
  'migration-in-region',
  'migration-within-region',
  'same-house-a-year-ago',
  'migration-from-sunbelt',
  'persons-worked-for-employer',
  'family-members-under-18',
  'father-country-of-birth',
  'mother-country-of-birth',
  'country-of-birth',
  'citizenship',
  'own-business',
  'veterans-questionnaire',
  'veterans-benefits',
  'weeks-worked',
  'year',
  'income',
];
const numbers = [
  'age',
  'wage-per-hour',
  'capital-gains',
  'capital-losses',
  'dividends',
  'persons-worked-for-employer',
  'weeks-worked',
];

/** With their kinds: `nominal` columns hold texts or codes; the weight says how many people a row stands for. */
export const rawColumns = names.map((name) => {
  const kind = numbers.includes(name) ? 'continuous' : name === 'instance-weight' ? 'ignored' : 'nominal';
  return [name, kind] as const;
});

/** The classes of the task `marital-status`. */
const maritalStatuses = [
  'Never married',
  'Married-civilian spouse present',
  'Married-spouse absent',
  'Married-A F spouse present',
  'Separated',
  'Divorced',
  'Widowed',
];

type CensusTask = 'income' | 'education' | 'never-married' | 'marital-status';

interface CensusLabel {
  readonly column: (typeof labelColumns)[number];
  /** The texts that make a row positive. */
  readonly positive?: string[];
  /** The classes. */
  readonly multiclass?: string[];
}

const censusLabels: Readonly<Record<CensusTask, CensusLabel>> = {
  income: { column: 'income', positive: ['50000+.'] },
  'never-married': { column: 'marital-status', positive: ['Never married'] },
  'marital-status': { column: 'marital-status', multiclass: maritalStatuses },
  education: {
    // "at least college": associate degree or above
    column: 'education',
    positive: [
      'Associates degree-occup /vocational',
      'Associates degree-academic program',
      'Bachelors degree(BA AB BS)',
      'Masters degree(MA MS MEng MEd MSW MBA)',
      'Prof school degree (MD DDS DVM LLB JD)',
      'Doctorate degree(PhD EdD)',
    ],
  },
};

/** MMoE's two groups of tasks, main task first, and one with seven classes. */
const taskGroups = {
  1: ['income', 'never-married'],
  2: ['education', 'never-married'],
  3: ['income', 'marital-status'],
} as const satisfies Record<number, readonly CensusTask[]>;
