import {
  logColumns,
  type Signal,
  statisticColumns,
  statisticPrefix,
  userInputs,
  videoInputs,
} from './kuairand-columns.js';

/** What the query's text depends on. */
export interface QueryOptions {
  readonly tasks: readonly Signal[];
  readonly exposure: 'standard' | 'random' | 'both';
  readonly validation: 'next-week' | { readonly time: number } | { readonly users: number };
  readonly splitSeed: number;
  readonly statistics: boolean;
}

/** A table of the query. */
interface QueryTable {
  readonly name: string;
  /** Of its file, without the version and the ending. */
  readonly file: string;
  /** Those that are read. */
  readonly columns: readonly string[];
}

/** A table of features, one row a key. */
interface FeatureTable extends QueryTable {
  readonly key: string;
  /** Of the features' names as inputs. */
  readonly prefix: string;
}

export function queryTables(options: QueryOptions): readonly QueryTable[] {
  return [training(options), ...tests(options), ...features(options)];
}

/**
 * SQL (DuckDB's): impressions with the features of their user and video, the chosen signals alone, and a column `split`. A user or a video without
 * a row of features has missing ones.
 */
export function impressionsQuery(options: QueryOptions): string {
  const logged = ['user_id', 'video_id', 'tab', 'duration_ms', ...options.tasks];
  const rowsOf = ({ name }: QueryTable, split: string) =>
    `SELECT ${logged.map(quoted).join(', ')}, CAST(hourmin AS INTEGER) // 100 AS hour, ${split} AS split FROM ${name}`;
  const logs = [
    rowsOf(training(options), trainingSplit(options)),
    ...tests(options).map((log) => rowsOf(log, testSplit(options))),
  ];
  const joined = features(options);
  const ofFeatures = joined.flatMap(({ name, key, prefix, columns }) =>
    columns
      .filter((column) => column !== key)
      .map((column) => `${selected(name, column)} AS ${quoted(`${prefix}${column}`)}`),
  );
  return [
    `WITH log AS (\n  ${logs.join('\n  UNION ALL\n  ')}\n)`,
    `SELECT log.*, ${ofFeatures.join(', ')}`,
    'FROM log',
    ...joined.map(({ name, key }) => `LEFT JOIN ${name} ON ${name}.${key} = log.${key}`),
    `WHERE ${joined.map(onceEach).join('\n  AND ')}`,
  ].join('\n');
}

function training({ tasks }: QueryOptions): QueryTable {
  return { name: 'earlier', file: 'log_standard_4_08_to_4_21', columns: [...logColumns, ...tasks] };
}

/** Logs of the second period, by what chose the videos. */
function tests({ tasks, exposure }: QueryOptions): readonly QueryTable[] {
  const columns = [...logColumns, ...tasks];
  const standard = { name: 'later', file: 'log_standard_4_22_to_5_08', columns };
  const random = { name: 'drawn', file: 'log_random_4_22_to_5_08', columns };
  if (exposure === 'both') return [standard, random];
  return exposure === 'random' ? [random] : [standard];
}

function features({ statistics }: QueryOptions): readonly FeatureTable[] {
  const table = (name: string, file: string, key: string, inputs: readonly string[], prefix = ''): FeatureTable => {
    return { name, file, key, prefix, columns: [key, ...inputs] };
  };
  const users = table('users', 'user_features', 'user_id', Object.keys(userInputs));
  const videos = table('videos', 'video_features_basic', 'video_id', Object.keys(videoInputs));
  if (!statistics) return [users, videos];
  const file = 'video_features_statistic';
  return [users, videos, table('statistics', file, 'video_id', statisticColumns, statisticPrefix)];
}

/** A list is a text, also where no video of the file has several entries, and DuckDB sees numbers. */
function selected(table: string, column: string): string {
  const value = `${table}.${quoted(column)}`;
  return typeof videoInputs[column] === 'object' ? `CAST(${value} AS VARCHAR)` : value;
}

/** Of a row of the first period. */
function trainingSplit({ validation, splitSeed }: QueryOptions): string {
  if (validation === 'next-week') return "'train'";
  const chosen =
    'time' in validation
      ? `CAST(time_ms AS BIGINT) > (SELECT quantile_disc(CAST(time_ms AS BIGINT), ${1 - validation.time}) FROM earlier)`
      : `md5_number_lower(concat('${splitSeed} ', user_id)) / pow(2, 64) < ${validation.users}`;
  return `CASE WHEN ${chosen} THEN 'validation' ELSE 'train' END`;
}

/** Of a row of the second period, whose first week is 22 to 28 April. */
function testSplit({ validation }: QueryOptions): string {
  if (validation !== 'next-week') return "'test'";
  return "CASE WHEN CAST(date AS INTEGER) <= 20220428 THEN 'validation' ELSE 'test' END";
}

/** Two rows of one key would double its impressions. */
function onceEach({ name, file, key }: FeatureTable): string {
  const twice = `(SELECT count(${key}) > count(DISTINCT ${key}) FROM ${name})`;
  return `CASE WHEN ${twice} THEN error('${file} has two rows of one ${key}') ELSE true END`;
}

function quoted(name: string): string {
  return `"${name}"`;
}
