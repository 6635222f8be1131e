import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { ConfigError, DataError } from '../../support/errors.js';
import {
  fileLiteral,
  identifier,
  literal,
  literals,
  openDatabase,
  queryNumbers,
  queryRows,
  whileOpen,
} from '../store/database.js';
import {
  fileFormat,
  jsonTable,
  openRelation,
  openSplitFiles,
  type RowFileOptions,
  said,
  twiceInOneCase,
} from './row-file.js';
import { checkColumns, type StagedColumn, stagedTable, stageRows, type TableFile, textSql } from './staged-rows.js';

/** What a query reads: files by name, and perhaps a database. */
export interface QuerySources {
  readonly query: string;
  /** What `getvariable` gives. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** Each table's files, all of one format. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly database: string | undefined;
  /** Texts that stand for a missing value in text files. */
  readonly missing: readonly string[];
  /** On disk, of all. */
  readonly bytes: number;
}

/**
 * The rows of a query, run by one thread: several would give joins and sums in another order, and so other bits, from
 * run to run. It reads the named files and nothing else.
 * @param folder Where its rows are kept until they are read.
 * @returns the rows, and their checksum.
 * @throws DataError for files that cannot be read, and for a query that cannot be run or asks for the time or for chance.
 */
export async function openQuery(
  sources: QuerySources,
  options: RowFileOptions,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly file: TableFile; readonly checksum: string }> {
  const path = join(folder, 'query.duckdb');
  const database = await openDatabase(path, { spill: join(folder, 'query-spill') });
  return whileOpen(database, signal, async () => {
    await setUp(database, sources, options, signal);
    await said('dataset.query', checkQuery(database, sources));
    const name = '"the rows of the query"';
    await said('dataset.query', database.run(`CREATE TABLE ${name} AS ${sources.query}`));
    const hash = "md5_number(concat(r.rowid, ' ', r::VARCHAR))"; // the same in each version of DuckDB
    const [row] = await queryRows(database, `SELECT bit_xor(${hash})::VARCHAR FROM ${name} r`);
    const rows = { path: 'dataset.query', bytes: sources.bytes, format: 'SQL', from: `query.${name}` };
    const file = await openRelation(rows, database);
    const read: TableFile['read'] = async (into, ...others) => {
      await into.run(`ATTACH ${literal(path)} AS query (READ_ONLY)`);
      await file.read(into, ...others);
      await into.run('DETACH query');
    };
    return { file: { ...file, read }, checksum: String(row?.[0]) };
  });
}

/** What is read of DuckDB's description of a query. */
const serialized = z.looseObject({ error: z.boolean(), error_message: z.string().optional() });

/**
 * Refuses what is not one SELECT, a table of `dataset.files` that it does not read, a column's name that is there twice
 * (DuckDB would rename the second without a word), and rows that change by themselves.
 */
async function checkQuery(database: DuckDBConnection, { query, files }: QuerySources): Promise<void> {
  const [[parsed] = []] = await queryRows(database, `SELECT json_serialize_sql(${literal(query)})`);
  const { error, error_message: reason, statements } = serialized.parse(JSON.parse(String(parsed)));
  if (error) throw new Error(`it is no SELECT (${reason})`);
  if (!Array.isArray(statements) || statements.length !== 1) throw new Error('it is not one statement');
  const prepared = await database.prepare(query);
  const twice = twiceInOneCase(Array.from({ length: prepared.columnCount }, (_, c) => prepared.columnName(c)));
  if (twice) throw new Error(`two columns are named '${twice[1]}' (case apart); AS gives one another name`);
  await refuseChanging(database, query, [...files.keys()]);
  const read = [...String(parsed).matchAll(/"table_name":"([^"]*)"/g)].map(([, name = '']) => name.toLowerCase());
  const unread = [...files.keys()].find((name) => !read.includes(name.toLowerCase()));
  if (unread !== undefined)
    throw new DataError(
      `dataset.files.${unread}: the query does not read it; it reads ${read.join(', ') || 'no table'}.`,
    );
}

/**
 * Refuses functions whose answer changes by itself (`today()` gives the same rows until tomorrow), and samples without a
 * seed. The plan names those behind keywords, macros and views. DuckDB cannot write a plan that scans
 * JSON, so it is made for empty tables.
 */
async function refuseChanging(database: DuckDBConnection, query: string, tables: readonly string[]): Promise<void> {
  const [[path] = []] = await queryRows(database, "SELECT current_setting('search_path')");
  await database.run('CREATE SCHEMA planned');
  for (const name of tables.map(identifier)) await database.run(`CREATE TABLE planned.${name} AS FROM ${name} LIMIT 0`);
  await database.run(`SET search_path = ${literal(`query.planned,query,${path}`)}`);
  const [[plan] = []] = await queryRows(database, `SELECT json_serialize_plan(${literal(query)})`);
  await database.run(`SET search_path = ${literal(String(path))}`);
  await database.run('DROP SCHEMA planned CASCADE');
  const { error, error_message: reason } = serialized.parse(JSON.parse(String(plan)));
  if (error) throw new Error(`its plan cannot be checked (${reason})`);
  const otherRows =
    'the query gives other rows each time; write a constant for a random number or the time, or compute it from columns, as hash(id) % 10';
  if (String(plan).includes('"seed":-1}')) throw new Error(`${otherRows} (it samples without REPEATABLE)`);
  // DuckDB adds `error` to each subquery of one value, and takes the others for consistent
  const changing = `SELECT DISTINCT function_name FROM duckdb_functions() WHERE (stability <> 'CONSISTENT' AND function_name <> 'error')
    OR function_name IN ('current_localtime', 'current_localtimestamp', 'current_setting')
    OR (function_type = 'table' AND function_name NOT IN (${literals(fromArguments)}))`;
  const names = new Set((await queryRows(database, changing)).map(([name]) => name));
  const calls = [...String(plan).matchAll(/"name":"(\w+)","arguments":(\[.*?\])/g)];
  const call = calls.find(([, name, types]) => names.has(name) || clocks.test(`${name}${types}`));
  if (call) throw new Error(`${otherRows} (it calls ${call[1]})`);
}

/** Table functions whose rows follow from their arguments. Others tell of the machine, the session or the file system. */
const fromArguments = [
  'seq_scan',
  'parquet_scan',
  'read_parquet',
  'json_each',
  'json_tree',
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
];

/** Calls that ask for today: the age of one time, and the offset of a time of day. */
const clocks = /^(age\[\{[^{}]*\}\]|timezone\[.*"TIME WITH TIME ZONE")/;

type Scalar = string | number | boolean;
type Variable = Scalar | readonly Scalar[];

async function setVariable(database: DuckDBConnection, name: string, value: Variable): Promise<void> {
  const values = [value].flat();
  const [kind, ...others] = new Set(values.map((one) => typeof one));
  if (others.length > 0) throw new ConfigError(`dataset.variables.${name}: its values are of several types.`);
  const number = values.every(Number.isSafeInteger) ? 'BIGINT' : 'DOUBLE';
  const type = kind === 'number' ? number : kind === 'boolean' ? 'BOOLEAN' : 'VARCHAR';
  const items = values.map((one) => `${literal(String(one))}::${type}`).join(', ');
  await database.run(`SET VARIABLE ${identifier(name)} = ${Array.isArray(value) ? `[${items}]` : items}`);
}

async function setUp(
  database: DuckDBConnection,
  { files, database: attached, missing, variables }: QuerySources,
  options: RowFileOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  await database.run('SET threads = 1');
  for (const [name, value] of Object.entries(variables)) await setVariable(database, name, value);
  if (attached !== undefined) {
    await said('dataset.database', database.run(`ATTACH ${literal(attached)} AS source (READ_ONLY)`));
    await database.run("SET search_path = 'query,source'");
  }
  for (const [name, paths] of files) {
    signal?.throwIfAborted();
    const [first = ''] = paths;
    const what = `dataset.files.${name}`;
    const format = fileFormat(first);
    if (format === 'text') {
      await load(database, name, paths, options, missing);
      continue;
    }
    const { from } =
      format === 'json'
        ? await said(what, jsonTable(database, paths, /^(DATE|TIME|UUID|JSON)/))
        : { from: `read_parquet([${paths.map(fileLiteral).join(', ')}], hive_partitioning = true)` };
    await said(what, database.run(`CREATE VIEW ${identifier(name)} AS FROM ${from}`));
  }
  const views = [...files.values()].flat().filter((path) => fileFormat(path) !== 'text'); // others are tables by now
  const allowed = views.flatMap((path) => [literal(path), fileLiteral(path)]); // it looks up both
  await database.run(`SET allowed_paths = [${allowed.join(', ')}]`);
  await database.run('SET enable_external_access = false');
}

/** A view of rows as the loader reads them, in which each column is typed by all of its values. */
async function load(
  database: DuckDBConnection,
  name: string,
  paths: readonly string[],
  options: RowFileOptions,
  missing: readonly string[],
): Promise<void> {
  const files = await openSplitFiles(
    paths.map((path) => ({ split: 'train', path })),
    options,
  );
  checkColumns(files, undefined);
  const { path, names = [] } = files[0]?.file ?? {};
  const twice = twiceInOneCase(names);
  if (twice)
    throw new DataError(`${path}: two columns are named '${twice[1]}' (case apart), which a query cannot tell apart.`);
  const staged = await stageRows(database, files, new Set(names), missing);
  const raw = identifier(`texts of ${name}`);
  await database.run(`ALTER TABLE ${stagedTable} RENAME TO ${raw}`);
  const selected = await typed(database, raw, [...staged.columns.values()]);
  await database.run(`CREATE VIEW ${identifier(name)} AS SELECT ${selected.join(', ')} FROM ${raw}`);
}

/** Numbers that lose nothing as such: neither zeros in front, as a postal code has, nor more digits than a double. */
const whole = '-?(0|[1-9]\\d{0,14})';

const real = '-?(0|[1-9]\\d{0,14})(\\.\\d+)?([eE][-+]?\\d{1,2})?';

/** Each text column as a whole number, a number or a text, by all of its values. */
async function typed(database: DuckDBConnection, table: string, columns: readonly StagedColumn[]): Promise<string[]> {
  const isEach = (pattern: string) => (column: StagedColumn) =>
    `count(*) FILTER (NOT regexp_full_match(${textSql(column)}, ${literal(pattern)})) = 0`;
  const tests = [...columns.map(isEach(whole)), ...columns.map(isEach(real))];
  const areSo = await queryNumbers(database, tests, table);
  return columns.map(({ name, sql, type: own }, c) => {
    const type = areSo[c] ? 'BIGINT' : areSo[columns.length + c] ? 'DOUBLE' : 'VARCHAR';
    return `${own === 'text' ? `${sql}::${type}` : sql} AS ${identifier(name)}`;
  });
}
