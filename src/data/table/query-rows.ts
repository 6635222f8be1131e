import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { fileLiteral, identifier, literal, openDatabase, rowsOf, sqlReason, whileOpen } from '../store/database.js';
import { withFolderColumns } from './folder-columns.js';
import { differInCase, jsonTable, openRelation, twiceInOneCase } from './relation-table.js';
import { formatOf, openTableFile, type RowFileOptions } from './row-file.js';
import { macros } from './staged-columns.js';
import type { TableFile } from './table-file.js';

/** What a query reads: files by name, and perhaps a database. */
export interface QuerySources {
  readonly query: string;
  /** Each table's files, all of one format. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly database: string | undefined;
  /** Extensions of DuckDB that are loaded first. */
  readonly extensions: readonly string[];
  /** Texts that stand for a missing value in text files. */
  readonly missing: readonly string[];
  /** On disk, of all. */
  readonly bytes: number;
}

/**
 * The rows of a query, which is run once, by one thread: several would give joins and sums in another order, and so other bits, from run to
 * run. It reads the named files and nothing else, since the data's checksum is of these.
 * @param folder Where its rows are kept until they are read.
 * @throws DataError for files that cannot be read, and for a query that cannot be run.
 */
export async function openQuery(
  sources: QuerySources,
  options: RowFileOptions,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<TableFile> {
  const path = join(folder, 'query.duckdb');
  const database = await openDatabase(path, { spill: join(folder, 'query-spill') });
  return whileOpen(database, signal, async () => {
    await setUp(database, sources, options, signal);
    await said('dataset.query', refuseOtherThanSelect(database, sources.query));
    await said('dataset.query', database.run(`CREATE TABLE "the rows of the query" AS ${sources.query}`));
    const rows = { path: 'dataset.query', bytes: sources.bytes, format: 'SQL', from: '"the rows of the query"' };
    return openRelation(rows, database, path);
  });
}

async function setUp(
  database: DuckDBConnection,
  { files, database: attached, extensions, missing }: QuerySources,
  options: RowFileOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  await database.run('SET threads = 1');
  const built = "SELECT extension_name FROM duckdb_extensions() WHERE install_mode = 'STATICALLY_LINKED'";
  const builtIn = (await rowsOf(database, built)).map(([name]) => name);
  for (const name of extensions) await said(`dataset.extensions: ${name}`, database.run(`LOAD ${identifier(name)}`));
  if (attached !== undefined) {
    await refuseOtherFile(attached);
    await said('dataset.database', database.run(`ATTACH ${literal(attached)} AS source (READ_ONLY)`));
    await database.run("SET search_path = 'query,source'");
  }
  for (const [name, paths] of files) {
    signal?.throwIfAborted();
    const [first = ''] = paths;
    const what = `dataset.files.${name}`;
    if (formatOf(first) === 'parquet') {
      const list = `[${paths.map(fileLiteral).join(', ')}]`;
      const from = `read_parquet(${list}, hive_partitioning = true)`;
      await said(what, database.run(`CREATE VIEW ${identifier(name)} AS SELECT * FROM ${from}`));
    } else if (formatOf(first) === 'json') {
      const from = await said(what, jsonTable(database, paths));
      await said(what, database.run(`CREATE VIEW ${identifier(name)} AS SELECT * FROM ${from}`));
    } else await load(database, name, paths, options, missing);
  }
  const allowed = [...files.values()].flat().flatMap((path) => [literal(path), fileLiteral(path)]); // it looks up both
  await database.run(`SET allowed_paths = [${allowed.join(', ')}]`);
  if (extensions.every((name) => builtIn.includes(name))) await database.run('SET enable_external_access = false');
}

/** @throws DataError for a file that has not the mark of DuckDB's files behind their first eight bytes. */
async function refuseOtherFile(path: string): Promise<void> {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 8).finally(() => file.close());
  if (buffer.toString('latin1') === 'DUCK') return;
  throw new DataError(`dataset.database: ${path} is no DuckDB file; name tables in other formats in dataset.files.`);
}

/** A table of text columns, of rows as the loader reads them, each column then typed by all of its values. */
async function load(
  database: DuckDBConnection,
  name: string,
  paths: readonly string[],
  options: RowFileOptions,
  missing: readonly string[],
): Promise<void> {
  for (const macro of macros) await database.run(macro);
  let names: readonly string[] | undefined;
  const raw = `texts of ${name}`;
  for (const path of paths) {
    const file = withFolderColumns(await openTableFile(path, options));
    if (!names) {
      names = file.names;
      const twice = twiceInOneCase(names);
      if (twice)
        throw new DataError(
          `dataset.files.${name}: ${path} has columns that SQL cannot tell apart: ${differInCase(twice)}. Give one another name in the file.`,
        );
      const columns = names.map((column) => `${identifier(column)} VARCHAR`);
      await said(`dataset.files.${name}`, database.run(`CREATE TABLE ${identifier(raw)} (${columns.join(', ')})`));
    }
    const lost = names.find((column) => !file.names.includes(column));
    const extra = file.names.find((column) => !names?.includes(column));
    if ((lost ?? extra) !== undefined)
      throw new DataError(
        `dataset.files.${name}: of ${paths[0]} and ${path} only one has the column '${lost ?? extra}'.`,
      );
    const values = names.map((column) => file.value(column, 'text', missing)).join(', ');
    const insert = (from: string) => database.run(`INSERT INTO ${identifier(raw)} SELECT ${values} FROM ${from}`);
    await said(`dataset.files.${name}`, file.rows(database, missing, insert));
  }
  const selection = await typedSelection(database, identifier(raw), names ?? []);
  await said(`dataset.files.${name}`, database.run(`CREATE VIEW ${identifier(name)} AS ${selection}`));
}

/** Numbers that lose nothing as such: neither zeros in front, as a postal code has, nor more digits than a double. */
const whole = '-?(0|[1-9]\\d{0,14})';

const real = '-?(0|[1-9]\\d{0,14})(\\.\\d+)?([eE][-+]?\\d{1,2})?';

/** Each column as a whole number, a number or a text, by all of its values. */
async function typedSelection(database: DuckDBConnection, table: string, names: readonly string[]): Promise<string> {
  const columns = names.map(identifier);
  const others = (pattern: string) => (column: string) =>
    `count(*) FILTER (NOT regexp_full_match(${column}, ${literal(pattern)})) = 0`;
  const tests = [...columns.map(others(whole)), ...columns.map(others(real))];
  const [found = []] = await rowsOf(database, `SELECT ${tests.join(', ')} FROM ${table}`);
  const typed = columns.map((column, c) => {
    const type = found[c] === true ? 'BIGINT' : found[columns.length + c] === true ? 'DOUBLE' : 'VARCHAR';
    return type === 'VARCHAR' ? column : `CAST(${column} AS ${type}) AS ${column}`;
  });
  return `SELECT ${typed.join(', ')} FROM ${table}`;
}

/** One SELECT, whose columns have names of their own: DuckDB would rename the second of two without a word. */
async function refuseOtherThanSelect(database: DuckDBConnection, query: string): Promise<void> {
  const { StatementType } = await import('@duckdb/node-api');
  const statements = await database.extractStatements(query);
  if (statements.count !== 1) {
    const advice = /\bpivot/i.test(query) ? '; PIVOT is one if it says which values become columns: ON x IN (…)' : '';
    throw new Error(`it is not one statement${advice}`);
  }
  const statement = await statements.prepare(0);
  if (statement.statementType !== StatementType.SELECT) throw new Error('it is no SELECT');
  const names = Array.from({ length: statement.columnCount }, (_, c) => statement.columnName(c).toLowerCase());
  await refuseChanging(database, query);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new Error(`two columns are named '${twice}' (case apart); AS gives one another name`);
}

async function said<Result>(what: string, step: Promise<Result>): Promise<Result> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${what}: ${sqlReason(error)}.`, { cause: error });
  }
}

/** Of DuckDB's functions that are not the same in every statement, those that are of a query over files. */
const harmless = ['error', 'current_database', 'current_schema', 'current_schemas', 'in_search_path'];

/** DuckDB has these as functions of their arguments alone. */
const others = ['ago', 'current_localtime', 'current_localtimestamp'];

/** Are written without brackets, as columns are. */
const times = ['current_timestamp', 'current_date', 'current_time', 'localtime', 'localtimestamp'];

/** @throws Error for a query whose rows may be others at another time: it draws at random, or asks for the time. */
async function refuseChanging(database: DuckDBConnection, query: string): Promise<void> {
  const found = await rowsOf(database, "SELECT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'");
  const changing = new Set([...found.map(([name]) => String(name)), ...others]);
  for (const name of harmless) changing.delete(name);
  const of = (path: string) => `json_extract_string(value, '$.${path}')`;
  const nodes = await rowsOf(
    database,
    `SELECT ${of('function_name')}, json_array_length(value, '$.children'), lower(${of('column_names[0]')}), json_array_length(value, '$.column_names'), ${of('sample.seed')} FROM json_tree(json_serialize_sql(${literal(query)})) WHERE type = 'OBJECT'`,
  );
  const parts = nodes.map(([name, inputs, column, length, seed]) => {
    if (typeof name === 'string' && (changing.has(name) || (name === 'age' && Number(inputs) === 1)))
      return `${name}()`;
    if (seed === '-1') return 'a sample without REPEATABLE (seed)';
    const isTime = typeof column === 'string' && Number(length) === 1 && times.includes(column);
    return isTime ? `${column} (of a column with this name, name the table, too)` : undefined;
  });
  const what = parts.find((part) => part !== undefined);
  if (what === undefined) return;
  throw new Error(
    `${what} gives other values each time, and a query must give the same rows; write a constant, or compute the values from columns, as hash(id) % 10`,
  );
}
