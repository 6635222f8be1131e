import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { requireColumns } from '../fetch/csv-header.js';
import { findRawFile } from '../fetch/raw-file.js';
import { defineLoader } from '../loader.js';
import { table } from '../table/table-loader.js';
import { tableOptions } from '../table/table-options.js';
import { durations, impressionInputs, signals, statisticInputs, userInputs, videoInputs } from './kuairand-columns.js';
import { impressionsQuery, queryTables } from './kuairand-query.js';

const share = z.number().gt(0).lt(1);

const options = z.strictObject({
  loader: z.literal('kuairand'),
  version: z.enum(['pure', '1k']).default('pure').describe('The data set’s version.'),
  path: z
    .string()
    .default('datasets/kuairand')
    .describe('Folder with the published CSV files, plain or `.gz`, or with the unpacked archive.'),
  tasks: z
    .array(z.enum(signals))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'a signal is named twice')
    .default(['is_click', 'is_like'])
    .describe(`The signals to predict: ${signals.map((name) => `\`${name}\``).join(', ')}. The others are not inputs.`),
  exposure: z
    .enum(['standard', 'random', 'both'])
    .default('standard')
    .describe('Test rows: those that the recommender chose (`standard`), that chance chose (`random`), or `both`.'),
  validation: z
    .union([z.literal('next-week'), z.strictObject({ time: share }), z.strictObject({ users: share })])
    .default({ time: 0.1 })
    .describe(
      '`{ time: 0.1 }`: the last part of the training rows by time. `{ users: 0.1 }`: all training rows of that part of the users. `next-week`: 22 to 28 April; the test then begins on 29 April.',
    ),
  splitSeed: z.int().default(0).describe('Draws the users of `validation: { users }`.'),
  statistics: z
    .boolean()
    .default(false)
    .describe('The videos’ statistics are inputs. They count the test’s weeks, too.'),
  columns: tableOptions.columns.describe('Other kinds of inputs, as in `table`: `upload_dt: ignored`.'),
  cache: tableOptions.cache,
});
type Options = z.infer<typeof options>;

const whereToGetIt = 'Get it from https://zenodo.org/records/10439422 (see datasets/kuairand.md).';

/**
 * KuaiRand (Gao et al., CIKM 2022): impressions of short videos with 11 signals of feedback. A preset of `table`: a query joins the logs with
 * the features of users and videos. Training rows are those of 8 to 21 April 2022, test rows those of 22 April to 8 May.
 */
export const kuairand = defineLoader({
  name: 'kuairand',
  summary: 'KuaiRand-Pure and -1K: short videos with clicks, likes, view times and 8 more signals; you choose tasks',
  options,
  paths: ['path', 'cache'],
  async open(options, context) {
    const { tasks, statistics, columns, cache } = options;
    const inputs = { ...impressionInputs, ...userInputs, ...videoInputs, ...(statistics ? statisticInputs : {}) };
    return table.open(
      {
        loader: table.name,
        query: impressionsQuery(options),
        files: await findFiles(options),
        tasks: Object.fromEntries(tasks.map((name) => [name, { regression: durations.includes(name) }])),
        columns: { ...inputs, ...columns },
        split: { column: 'split', train: 'train', validation: 'validation', test: 'test' },
        group: 'user_id',
        cache,
      },
      context,
    );
  },
});

/** By the query's table names. @throws DataError for a file that is not there, or lacks a column. */
async function findFiles(options: Options): Promise<Readonly<Record<string, string>>> {
  const { version, path } = options;
  const archive = join(path, version === 'pure' ? 'KuaiRand-Pure' : 'KuaiRand-1K', 'data');
  const unpacked = await stat(archive).catch(() => undefined);
  const found: Record<string, string> = {};
  for (const { name, file, columns } of queryTables(options)) {
    const raw = await findRawFile(unpacked ? archive : path, `${file}_${version}.csv`, whereToGetIt);
    await requireColumns(raw, columns);
    found[name] = raw.path;
  }
  return found;
}
