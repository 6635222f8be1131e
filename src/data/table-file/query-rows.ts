import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigError, DataError } from '../../support/errors.js';
import { identifier, literal, sqlReason } from '../store/database.js';
import type { RowFile } from './file-rows.js';
import { openRelation } from './relation-rows.js';
import { openRowFile, type RowFileOptions } from './row-file.js';

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
 * The rows of a query, by one thread: several would give joins and sums in another order, and so other bits, from run to run.
 * @throws DataError for files that cannot be read, and for a query that cannot be run.
 */
export async function openQuery(sources: QuerySources, options: RowFileOptions): Promise<RowFile> {
  const { query, database, extensions, bytes } = sources;
  const tables = await Promise.all(
    Array.from(sources.files, async ([name, paths]) => ({
      ...{ name, paths },
      ...(await tableOf(name, paths, sources, options)),
    })),
  );
  const setUp = async (connection: DuckDBConnection) => {
    const run = (statement: string, what: string) =>
      connection.run(statement).catch((error) => {
        throw new DataError(`${what}: ${sqlReason(error)}.`);
      });
    await run('SET threads = 1', 'dataset.query');
    for (const name of extensions) await run(`LOAD ${identifier(name)}`, `dataset.extensions: ${name}`);
    if (database !== undefined) {
      await run(`ATTACH ${literal(database)} AS source (READ_ONLY)`, 'dataset.database');
      await run(`SET search_path = 'memory,source'`, 'dataset.database');
    }
    for (const { name, paths, selection } of tables) {
      const what = `dataset.files.${name} (${paths.length === 1 ? paths[0] : `${paths.length} files`})`;
      await run(`CREATE VIEW ${identifier(name)} AS ${await selection(connection, what)}`, what);
    }
  };
  const from = `(${query.trim().replace(/;$/, '')})`;
  return openRelation({ path: 'dataset.query', bytes, format: 'SQL', from, setUp });
}

/** SQL that selects a table's rows. */
interface Selected {
  selection(connection: DuckDBConnection, what: string): Promise<string>;
}

async function tableOf(
  name: string,
  paths: readonly string[],
  { missing }: QuerySources,
  options: RowFileOptions,
): Promise<Selected> {
  const [first = ''] = paths;
  const list = `[${paths.map(literal).join(', ')}]`;
  const whole = (from: string): Selected => ({ selection: async () => `SELECT * FROM ${from}` });
  if (/\.(parquet|pq)$/i.test(first))
    return whole(`read_parquet(${list}, union_by_name = true, hive_partitioning = true)`);
  if (/\.(jsonl|ndjson|json)(\.(gz|zst))?$/i.test(first))
    return whole(`read_json(${list}, sample_size = -1, union_by_name = true, hive_partitioning = true)`);
  if (!/\.(csv|tsv|tab)(\.gz)?$/i.test(first))
    throw new ConfigError(
      `dataset.files.${name}: ${first} is none of CSV, TSV, Parquet and JSON, which a query reads.`,
    );
  const { names } = await openRowFile(first, options);
  const delimiter = options.delimiter ?? (/\.csv/i.test(first) ? ',' : '\t');
  const from = textTable(list, names, { ...options, delimiter }, missing);
  let typed: Promise<string> | undefined; // by all rows, once
  return {
    selection(connection, what) {
      typed ??= typedSelection(connection, from, names).catch((error) => {
        throw new DataError(`${what}: ${sqlReason(error)}.`);
      });
      return typed;
    },
  };
}

/** Text files whose columns are texts. The dialect is given, not guessed: guessing leaves out rows without an error. */
function textTable(
  list: string,
  names: readonly string[],
  { delimiter = ',', quote, header }: RowFileOptions,
  missing: readonly string[],
): string {
  const options = [
    `columns = {${names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')}}`,
    `delim = ${literal(delimiter)}, quote = ${literal(quote ?? '')}, escape = ${literal(quote ?? '')}`,
    `header = ${header === true}, nullstr = [${missing.map(literal).join(', ')}]`,
    'auto_detect = false, strict_mode = true, null_padding = false, hive_partitioning = false',
  ];
  return `read_csv(${list}, ${options.join(', ')})`;
}

/** Each column as a whole number, a number or a text, by all of its values. */
async function typedSelection(connection: DuckDBConnection, from: string, names: readonly string[]): Promise<string> {
  const columns = names.map(identifier);
  const counts = columns.map(
    (column) =>
      `count(*) FILTER (NOT regexp_full_match(${column}, '[+-]?\\d{1,18}')) = 0, count(${column}) = count(TRY_CAST(${column} AS DOUBLE))`,
  );
  const [found = []] = (await connection.runAndReadAll(`SELECT ${counts.join(', ')} FROM ${from}`)).getRows();
  const typed = columns.map((column, c) => {
    const type = found[2 * c] === true ? 'BIGINT' : found[2 * c + 1] === true ? 'DOUBLE' : 'VARCHAR';
    return `CAST(${column} AS ${type}) AS ${column}`;
  });
  return `SELECT ${typed.join(', ')} FROM ${from}`;
}
