import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { ConfigError, DataError, inWorkingFolder } from '../../support/errors.js';
import { must } from '../../support/must.js';
import type { SplitName } from '../dataset.js';
import { readRawFile } from '../fetch/raw-file.js';
import {
  fileLiteral,
  identifier,
  literal,
  queryNumbers,
  queryRows,
  sqlReason,
  withDatabase,
} from '../store/database.js';
import {
  type ColumnType,
  cleaned,
  cutText,
  daysExpression,
  type SplitFile,
  type TableFile,
  textSql,
} from './staged-rows.js';
import type { TableOptions } from './table-options.js';
import { openTextTable } from './text-table.js';

export type RowFileOptions = Pick<TableOptions, 'delimiter' | 'quote' | 'header' | 'encoding' | 'decimal' | 'exact'>;

export async function openSplitFiles(
  files: readonly { readonly split: SplitName; readonly path: string }[],
  options: RowFileOptions,
): Promise<SplitFile[]> {
  const opened: SplitFile[] = [];
  for (const { split, path } of files) opened.push({ split, file: await openTableFile(path, options) });
  return opened;
}

/**
 * Opens a file in the format of its ending. @throws DataError for one that cannot be read, or in which two columns have
 * one name.
 */
export async function openTableFile(path: string, options: RowFileOptions): Promise<TableFile> {
  const file = await openAnyFormat(path, options);
  const twice = file.names.find((name, c) => file.names.indexOf(name) < c);
  if (twice === undefined) return file;
  const where = file.names === options.header ? ' in dataset.header' : '';
  throw new DataError(`${path}: two columns are named '${twice}'; give each a name of its own${where}.`);
}

async function openAnyFormat(path: string, options: RowFileOptions): Promise<TableFile> {
  const { size } = await stat(path);
  const format = fileFormat(path);
  if (format === 'parquet') return openParquet(path, size);
  if (format === 'json') return openJson(path, size);
  const delimiter = options.delimiter ?? usualDelimiter(path);
  if (delimiter === undefined)
    throw new ConfigError(
      `${path} is read if its ending is .csv, .tsv, .tab, .json, .jsonl or .ndjson (packed with gzip: .gz behind it), .parquet or .pq; if it is a text file, say dataset.delimiter.`,
    );
  const { header, quote, encoding, decimal, exact = false } = options;
  const dialect = { delimiter, quote, encoding, decimal, exact, header: header === true };
  return openTextTable(path, size, typeof header === 'boolean' ? dialect : { ...dialect, names: header });
}

/** By the ending; any other is a text file's. */
export function fileFormat(path: string): 'parquet' | 'json' | 'text' {
  if (/\.(parquet|pq)$/i.test(path)) return 'parquet';
  return /\.(jsonl|ndjson|json)(\.gz)?$/i.test(path) ? 'json' : 'text';
}

/** The delimiter by a text file's ending. */
export function usualDelimiter(path: string): string | undefined {
  if (/\.csv(\.gz)?$/i.test(path)) return ',';
  return /\.(tsv|tab)(\.gz)?$/i.test(path) ? '\t' : undefined;
}

/** What DuckDB reads as a table with types. */
interface Relation {
  /** The file, or what stands for it in messages. */
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  /** `Parquet`, for messages. */
  readonly format: string;
  /** SQL that stands behind FROM. */
  readonly from: string;
  /** Columns that are not read, and why. */
  readonly odd?: ReadonlyMap<string, string>;
}

/** Parquet, with any compression. */
async function openParquet(path: string, bytes: number): Promise<TableFile> {
  const from = `read_parquet(${fileLiteral(path)}, hive_partitioning = false)`;
  return withDatabase((database) => openRelation({ path, bytes, format: 'Parquet', from }, database));
}

/** JSON, an object a line or a list of objects. Its values are texts, as those of CSV are, or lists of texts. */
async function openJson(path: string, bytes: number): Promise<TableFile> {
  if (/\.gz$/i.test(path)) for await (const _ of readRawFile(path)); // DuckDB does not notice that one is cut off
  return withDatabase(async (database) => {
    const table = await said(`${path} cannot be read as JSON`, jsonTable(database, [path], /^[A-Z ]+(\[\])?$/));
    return openRelation({ path, bytes, format: 'JSON', ...table }, database);
  });
}

/**
 * SQL of JSON files. A column's type is that of all its values. DuckDB guesses dates, too, and rounds long numbers.
 * @param asTexts Types whose values become texts.
 */
export async function jsonTable(
  database: DuckDBConnection,
  paths: readonly string[],
  asTexts: RegExp,
): Promise<Pick<Relation, 'from' | 'odd'>> {
  const list = `[${paths.map(fileLiteral).join(', ')}]`;
  const size = 'maximum_object_size = 67108864';
  const from = `read_json(${list}, ${size}, hive_partitioning = false, union_by_name = true, sample_size = -1, map_inference_threshold = -1, field_appearance_threshold = 0`;
  const described = await queryRows(database, `DESCRIBE SELECT * FROM ${from})`);
  const types = new Map(described.map(([name, type]) => [String(name), String(type)]));
  const names = [...types.keys()];
  if (names.length === 1 && names[0] === 'json') throw new Error('its values are no objects with keys');
  if (twiceInOneCase(names.map((name) => name.replace(/_\d+$/, '')))) {
    // DuckDB gives the second of two keys that differ only in case another name, which no row has
    const keys = `SELECT DISTINCT unnest(json_keys(json)) AS key FROM read_json_objects(${list}, ${size}) ORDER BY 1`;
    const twice = twiceInOneCase((await queryRows(database, keys)).map(([key]) => String(key)));
    if (twice)
      throw new Error(`'${twice[0]}' and '${twice[1]}' differ only in upper and lower case; give one another name`);
  }
  const odd = await oddColumns(
    database,
    names.filter((name) => types.get(name)?.startsWith('JSON')),
    from,
  );
  const columns = [...types].map(([name, type]) => {
    const isText = asTexts.test(type) && !odd.has(name);
    return `${literal(name)}: ${literal(isText ? type.replace(/^[A-Z ]+/, 'VARCHAR') : type)}`;
  });
  return { from: `${from}, columns = {${columns.join(', ')}})`, odd };
}

/**
 * DuckDB takes a column for JSON if its values are of several types. Numbers and texts go together; not so single values
 * and lists, nor these and objects or lists of lists. Such columns are told with the first row of another kind.
 */
async function oddColumns(
  database: DuckDBConnection,
  names: readonly string[],
  from: string,
): Promise<ReadonlyMap<string, string>> {
  const aliases = names.map((_, c) => `c${c}`);
  const rows = await queryNumbers(
    database,
    aliases.flatMap((value) => [
      `min(row) FILTER (json_type(${value}) NOT IN ('ARRAY', 'NULL'))`,
      `min(row) FILTER (json_type(${value}) = 'ARRAY')`,
      `min(row) FILTER (json_type(${value}) = 'OBJECT' OR list_has_any(json_type(${value}, '$[*]'), ['ARRAY', 'OBJECT']))`,
    ]),
    `(SELECT *, row_number() OVER () AS row FROM ${from}, columns = {${names.map((name) => `${literal(name)}: 'JSON'`).join(', ')}}) AS t(${aliases.join(', ')}))`,
  );
  return new Map(
    names.flatMap((name, c): [string, string][] => {
      const [single = 0, list = 0, nested = 0] = rows.slice(3 * c);
      const [what, row] =
        nested > 0 ? ['objects or nested lists', nested] : ['lists and single values', Math.max(single, list)];
      return row > 0 ? [[name, `${what} (row ${row})`]] : [];
    }),
  );
}

/** Two names that SQL takes for one. */
export function twiceInOneCase(names: readonly string[]): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) return [other, name];
    seen.set(name.toLowerCase(), name);
  }
  return undefined;
}

/**
 * @param database Reads its columns' names and types.
 * @throws DataError for what cannot be read.
 */
export async function openRelation(
  { path, bytes, format, from, odd }: Relation,
  database: DuckDBConnection,
): Promise<TableFile> {
  const what = `${path} cannot be read as ${format}`;
  const result = await said(what, database.stream(`SELECT * FROM ${from} LIMIT 0`));
  const [names, types] = [result.columnNames(), result.columnTypes()];
  const values = new Map<string, Value>();
  const unsupported = new Map<string, string>();
  for (const [c, name] of names.entries()) {
    const value = odd?.get(name) ?? columnValue(identifier(name), must(types[c], name));
    if (typeof value === 'string') unsupported.set(name, value);
    else values.set(name, value);
  }
  return {
    path,
    bytes,
    names,
    types: values,
    unsupported,
    async read(_, columns, missing, insert) {
      const texts: string[] = []; // one expression cleans all: DuckDB's time to plan an expression a column is quadratic
      const others: string[] = [];
      const staged = columns.map(({ name, type, separator, times }) => {
        const value = must(values.get(name), name);
        const asWanted = (text: string) => (separator === undefined ? text : cutText(text, separator));
        if (value.type === 'text') return asWanted(`texts[${texts.push(`(${value.sql})::VARCHAR`)}]`);
        const text = (times && value.time) ?? textSql(value);
        const sql = type === value.type ? value.sql : asWanted(text);
        return `v${others.push(`${sql} AS v${others.length + 1}`)}`;
      });
      const cleaning = `list_transform([${texts.join(', ')}]::VARCHAR[], t -> ${cleaned('t', missing)}) AS texts`;
      const query = `SELECT ${staged.join(', ')} FROM (SELECT ${[cleaning, ...others].join(', ')} FROM ${from})`;
      await said(what, insert(query));
    },
    place: async (row) => `${path}, row ${row + 1}`,
  };
}

interface Value extends ColumnType {
  /** SQL of a column's values. */
  readonly sql: string;
}

/** @returns A type's name, where its values are neither numbers, texts, booleans, times nor lists of these. */
function columnValue(column: string, type: DuckDBType): Value | string {
  const item = itemType(type);
  const [odd] = unsupported.exec(typeName(item ?? type)) ?? [];
  if (item && (odd ?? itemType(item))) return 'list of lists, maps or structs';
  if (odd) return odd.toLowerCase();
  if (!item) return single(column, typeName(type));
  const entry = single('entry', typeName(item));
  const text = entry.type === 'number' ? `whole_text(${entry.sql})` : `(${entry.sql})::VARCHAR`;
  return {
    type: 'list',
    sql: `list_filter(list_transform(${column}, entry -> ${text}), entry -> entry IS NOT NULL)`,
  };
}

/** A number of what is decimal, a text of what has none of its own, days since 1970 of a time. */
function single(value: string, type: string): Value {
  if (type === 'DATE' || type.startsWith('TIMESTAMP')) {
    // infinite times are refused where infinite numbers are
    const endless = `CASE WHEN isinf(${value}) THEN if(${value}::TIMESTAMP > TIMESTAMP '2000-01-01', 'inf', '-inf')::DOUBLE END`;
    return {
      type: 'number',
      sql: `coalesce(${daysExpression(`${value}::TIMESTAMP`)}, ${endless})`,
      time: `${value}::TIMESTAMP::VARCHAR`,
    };
  }
  if (type.startsWith('TIME')) return { type: 'number', sql: `epoch_us(${value}::TIME)::DOUBLE` };
  if (type === 'BLOB') return { type: 'text', sql: `coalesce(TRY(decode(${value})), ${value}::VARCHAR)` };
  if (type === 'FLOAT' || type === 'DOUBLE')
    return { type: 'number', sql: `CASE WHEN NOT isnan(${value}) THEN ${value}::DOUBLE END` };
  if (/^DECIMAL\(\d+, ?[1-9]/.test(type)) return { type: 'number', sql: `${value}::DOUBLE` }; // others may be ids
  if (/^(U?(TINY|SMALL)INT|U?INTEGER|BIGINT)$/.test(type)) return { type: 'whole', sql: `${value}::BIGINT` };
  return { type: 'text', sql: `${value}::VARCHAR` };
}

function itemType(type: DuckDBType): DuckDBType | undefined {
  return 'valueType' in type && !typeName(type).startsWith('MAP') ? type.valueType : undefined;
}

const unsupported = /^(STRUCT|MAP|UNION|JSON|INTERVAL|VARIANT|GEOMETRY|GEOGRAPHY)/;

function typeName(type: DuckDBType): string {
  return type.alias ?? String(type);
}

/** @throws DataError that begins with `what` and gives the reason of DuckDB. */
export async function said<Result>(what: string, step: Promise<Result>): Promise<Result> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${what}: ${sqlReason(error)}.`, { cause: error });
  }
}

export interface DataFile {
  /** As given. */
  readonly path: string;
  /** The same for every spelling of the path, and for links to the file. */
  readonly real: string;
}

/**
 * Files; in a path `*` stands for any letters but `/`, and `?` for one. In the order given, each pattern's by name,
 * each file once. A file that is not there may be there packed (`.gz`).
 * @param advice Of a data set’s files, for the error: where a missing one can be had.
 */
export async function findDataFiles(patterns: readonly string[], advice?: string): Promise<DataFile[]> {
  const [whereToGet, whereToSay] =
    advice === undefined ? ['', ''] : [advice, '; dataset.folder says in which folder all of them are'];
  const files: DataFile[] = [];
  for (const pattern of patterns) {
    const matches = isPattern(pattern) ? await matching(pattern) : [await plainOrPacked(pattern)];
    if (matches.length === 0)
      throw new DataError(`No file matches ${pattern}${inWorkingFolder(pattern)}.${whereToGet}`);
    for (const path of matches) {
      const about = await stat(path).catch(() => undefined);
      if (!about) throw new DataError(`There is no file ${path}${inWorkingFolder(path)}.${whereToGet}`);
      if (!about.isFile())
        throw new DataError(
          `${path} is no file; name files, or a pattern such as ${join(path, '*.csv')}${whereToSay}.`,
        );
      if (about.size === 0) throw new DataError(`${path} is empty.`);
      const real = await realpath(path);
      if (!files.some((file) => file.real === real)) files.push({ path, real });
    }
  }
  return files;
}

/** `path`, or `path.gz` where that alone is there, as `ple data fetch` keeps files. */
async function plainOrPacked(path: string): Promise<string> {
  const isThere = (file: string) => stat(file).catch(() => undefined);
  return (await isThere(path)) || !(await isThere(`${path}.gz`)) ? path : `${path}.gz`;
}

export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/** Paths that are there, folder by folder. `*` and `?` match no name that begins with a point. */
async function matching(pattern: string): Promise<string[]> {
  const [folder, name] = [dirname(pattern), basename(pattern)];
  const paths: string[] = [];
  for (const path of isPattern(folder) ? await matching(folder) : [folder]) {
    for (const file of await namesIn(path, name)) paths.push(join(path, file));
  }
  return paths;
}

async function namesIn(folder: string, pattern: string): Promise<string[]> {
  if (!isPattern(pattern)) {
    const about = await stat(join(folder, pattern)).catch(() => undefined);
    return about ? [pattern] : [];
  }
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith('.') && filePattern(pattern).test(name)).toSorted();
}

/** In a pattern `*` stands for any letters, and `?` for one. */
export function filePattern(pattern: string): RegExp {
  const letters = pattern
    .replaceAll(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${letters}$`, 's');
}
