import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { didYouMean } from '../../support/catalogue.js';
import { DataError } from '../../support/errors.js';
import { literal, queryRows } from '../store/database.js';

/** What stands behind FROM in a query, at any depth. */
interface Reads {
  /** Names, those that the query makes too. */
  readonly tables: readonly string[];
  /** Names of CTEs. */
  readonly made: readonly string[];
  /** Functions, each with the text that is its operand, or the first of it. */
  readonly functions: readonly { readonly name: string; readonly text: string | undefined }[];
  /** All other functions that it names, with the numbers of their operands. */
  readonly calls: readonly Call[];
}

export interface Call {
  readonly name: string;
  readonly operands: number;
}

const parsedShape = z.looseObject({ error: z.boolean() });

/** What a query reads, as DuckDB parses it. Nothing for what is no SELECT. */
export async function readBy(database: DuckDBConnection, query: string): Promise<Reads> {
  const [[parsed] = []] = await queryRows(database, `SELECT json_serialize_sql(${literal(query)})`);
  const { error, ...statements } = parsedShape.parse(JSON.parse(String(parsed)));
  const found = error ? [] : [...nodesIn(statements)];
  const tables = found.flatMap(({ type, table_name: name }) => (type === 'BASE_TABLE' ? [String(name)] : []));
  const made = found.flatMap(({ key, value }) => (typeof key === 'string' && value instanceof Object ? [key] : []));
  const functions = found.flatMap(({ type, function: call }) => {
    if (type !== 'TABLE_FUNCTION') return [];
    const parts = [...nodesIn(call)];
    const text = parts.map(({ value }) => value).find((value) => typeof value === 'string');
    return [{ name: String(parts[0]?.function_name), text }];
  });
  const calls = found.flatMap(({ class: kind, function_name: name, children }) =>
    kind === 'FUNCTION' && Array.isArray(children) ? [{ name: String(name), operands: children.length }] : [],
  );
  return { tables, made, functions, calls };
}

/** Refuses a file that is not listed. DuckDB would say that it may not open it, or read one that is listed twice. */
export async function refuseFiles(database: DuckDBConnection, { tables, made, functions }: Reads): Promise<void> {
  const known = await queryRows(
    database,
    'SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()',
  );
  const names = [...made, ...known.map(([name]) => String(name))];
  const ofFunctions = functions.flatMap(({ name, text }) =>
    /^(read_(csv|parquet|json|ndjson|text|blob)\w*|parquet_\w+|glob|sniff_csv)$/i.test(name) ? [text ?? name] : [],
  );
  const ofTables = tables.filter(
    (name) => /[/\\]|\.(csv|tsv|txt|parquet|json|jsonl|ndjson)(\.\w+)?$/i.test(name) && !includes(names, name),
  );
  const [file] = [...ofFunctions, ...ofTables];
  if (file !== undefined)
    throw new Error(`it reads the file ${file} directly: list it in dataset.files by a name, and read that name`);
}

/** Refuses a table of `dataset.files` that a query does not read. A function may make the names of tables. */
export function refuseUnread({ tables, made, functions }: Reads, names: readonly string[]): void {
  if (functions.some(({ name }) => /^query(_table)?$/i.test(name))) return;
  const unread = names.find((name) => !includes(tables, name));
  const read = [...new Set(tables)].filter((name) => !made.includes(name));
  if (unread !== undefined)
    throw new DataError(
      `dataset.files.${unread}: the query does not read it; it reads ${read.join(', ') || 'no table'}.`,
    );
}

/** Says of a table that is none which there are, not what DuckDB calls near. */
export function unknownTable(error: unknown, names: readonly string[]): never {
  const [, name] = /Table with name "?(.+?)"? does not exist/.exec(String(error)) ?? [];
  if (name === undefined) throw error;
  throw new Error(
    `there is no table '${name}'${didYouMean(name, names)}; dataset.files has ${names.join(', ') || 'none'}`,
  );
}

function includes(names: readonly string[], name: string): boolean {
  return names.some((one) => one.toLowerCase() === name.toLowerCase());
}

function* nodesIn(node: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof node !== 'object' || node === null) return;
  yield { ...node };
  for (const part of Object.values(node)) yield* nodesIn(part);
}
