import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../support/errors.js';
import { findRawFile } from '../fetch/raw-file.js';
import { defineLoader } from '../loader.js';
import { table } from '../table/table-loader.js';
import { tableOptions } from '../table/table-options.js';
import { durations, impressionInputs, signals, userInputs, videoInputs } from './kuairand-columns.js';

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
    .union([z.enum(['next-week', 'last-days']), z.strictObject({ time: z.number().gt(0).lt(1) })])
    .default({ time: 0.1 })
    .describe(
      '`{ time: 0.1 }`: the last part of the training rows by time. `next-week`: 22 to 28 April; the test then begins on 29 April. `last-days`, with `exposure: standard`: 7 May; the test is then 8 May, and training has all days before.',
    ),
  splitSeed: z
    .int()
    .refine((seed) => seed === 0, 'it drew the users of validation: { users }, which is gone')
    .default(0)
    .describe('Always 0, for configs of earlier runs.'),
  statistics: z
    .boolean()
    .refine((wanted) => !wanted, 'statistics of videos are no longer read: join them by a query of `table`')
    .default(false)
    .describe('Always false: statistics of videos, which count the test’s weeks, are no longer read.'),
  columns: tableOptions.columns.describe('Other kinds of inputs, as in `table`: `upload_dt: ignored`.'),
  cache: tableOptions.cache,
});

type Options = z.infer<typeof options>;

const whereToGetIt = 'Get it from https://zenodo.org/records/10439422 (see datasets/kuairand.md).';

/**
 * KuaiRand (Gao et al., CIKM 2022): impressions of short videos with 11 signals of feedback. A preset of `table`: a
 * query joins the logs with the features of users and videos. Training rows are those of 8 to 21 April 2022, test rows
 * those of 22 April to 8 May, unless `validation` says otherwise.
 */
export const kuairand = defineLoader({
  name: 'kuairand',
  summary: 'KuaiRand-Pure and -1K: short videos with clicks, likes, view times and 8 more signals; you choose tasks',
  options,
  paths: ['path', 'cache'],
  async open(options, context) {
    const { tasks, exposure, validation, columns, cache } = options;
    if (validation === 'last-days' && exposure !== 'standard')
      throw new ConfigError(
        `dataset.validation: last-days trains on days of both periods, so it goes with exposure: standard, not ${exposure}.`,
      );
    return table.open(
      {
        loader: table.name,
        query: impressionsQuery(options),
        files: await findFiles(options),
        tasks: Object.fromEntries(tasks.map((name) => [name, { regression: durations.includes(name) }])),
        columns: { ...impressionInputs, ...userInputs, ...videoInputs, ...columns },
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
  for (const { name, file } of [training, ...tests(options), ...features]) {
    const raw = await findRawFile(unpacked ? archive : path, `${file}_${version}.csv`, whereToGetIt);
    found[name] = raw.path;
  }
  return found;
}

/** A table of the query. */
interface QueryTable {
  readonly name: string;
  /** Of its file, without the version and the ending. */
  readonly file: string;
}

/** A table of features, one row a key. */
interface FeatureTable extends QueryTable {
  readonly key: string;
  readonly inputs: readonly string[];
}

const features: readonly FeatureTable[] = [
  { name: 'users', file: 'user_features', key: 'user_id', inputs: Object.keys(userInputs) },
  { name: 'videos', file: 'video_features_basic', key: 'video_id', inputs: Object.keys(videoInputs) },
];

/**
 * SQL (DuckDB's): impressions with the features of their user and video, the chosen signals alone, and a column
 * `split`. A user or a video without a row of features has missing ones.
 */
function impressionsQuery(options: Options): string {
  const logged = ['user_id', 'video_id', 'tab', 'duration_ms', ...options.tasks];
  const rowsOf = ({ name }: QueryTable, split: string) =>
    `SELECT ${logged.map(quoted).join(', ')}, CAST(hourmin AS INTEGER) // 100 AS hour, ${split} AS split FROM ${name}`;
  const logs = [
    rowsOf(training, trainingSplit(options)),
    ...tests(options).map((log) => rowsOf(log, testSplit(options))),
  ];
  const ofFeatures = features.flatMap(({ name, inputs }) =>
    inputs.map((column) => `${selected(name, column)} AS ${quoted(column)}`),
  );
  return [
    `WITH log AS (\n  ${logs.join('\n  UNION ALL\n  ')}\n)`,
    `SELECT log.*, ${ofFeatures.join(', ')}`,
    'FROM log',
    ...features.map(({ name, key }) => `LEFT JOIN ${name} ON ${name}.${key} = log.${key}`),
    `WHERE ${features.map(onceEach).join('\n  AND ')}`,
  ].join('\n');
}

const training: QueryTable = { name: 'earlier', file: 'log_standard_4_08_to_4_21' };

/** Logs of the second period, by what chose the videos. */
function tests({ exposure }: Options): readonly QueryTable[] {
  const standard = { name: 'later', file: 'log_standard_4_22_to_5_08' };
  const random = { name: 'drawn', file: 'log_random_4_22_to_5_08' };
  if (exposure === 'both') return [standard, random];
  return exposure === 'random' ? [random] : [standard];
}

/** A list is a text, also where no video of the file has several entries, and DuckDB sees numbers. */
function selected(table: string, column: string): string {
  const value = `${table}.${quoted(column)}`;
  return typeof videoInputs[column] === 'object' ? `CAST(${value} AS VARCHAR)` : value;
}

/** Of a row of the first period. */
function trainingSplit({ validation }: Options): string {
  if (typeof validation === 'string') return "'train'";
  const last = `SELECT quantile_disc(CAST(time_ms AS BIGINT), ${1 - validation.time}) FROM earlier`;
  return `CASE WHEN CAST(time_ms AS BIGINT) > (${last}) THEN 'validation' ELSE 'train' END`;
}

/** Of a row of the second period, 22 April to 8 May. */
function testSplit({ validation }: Options): string {
  if (validation === 'next-week')
    return "CASE WHEN CAST(date AS INTEGER) <= 20220428 THEN 'validation' ELSE 'test' END";
  if (validation === 'last-days')
    return "CASE CAST(date AS INTEGER) WHEN 20220508 THEN 'test' WHEN 20220507 THEN 'validation' ELSE 'train' END";
  return "'test'";
}

/** Two rows of one key would double its impressions. */
function onceEach({ name, file, key }: FeatureTable): string {
  const twice = `(SELECT count(${key}) > count(DISTINCT ${key}) FROM ${name})`;
  return `CASE WHEN ${twice} THEN error('${file} has two rows of one ${key}') ELSE true END`;
}

function quoted(name: string): string {
  return `"${name}"`;
}
