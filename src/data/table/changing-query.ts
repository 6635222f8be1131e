import type { DuckDBConnection } from '@duckdb/node-api';
import { literal, rowsOf } from '../store/database.js';

/** Of DuckDB's functions that are not the same in every statement, those that are of a query over files. */
const harmless = ['error', 'current_database', 'current_schema', 'current_schemas', 'in_search_path'];
/** DuckDB has these as functions of their arguments alone. */
const others = ['ago', 'current_localtime', 'current_localtimestamp'];
/** Are written without brackets, as columns are. */
const times = ['current_timestamp', 'current_date', 'current_time', 'localtime', 'localtimestamp'];

/** @throws Error for a query whose rows may be others at another time: it draws at random, or asks for the time. */
export async function refuseChanging(database: DuckDBConnection, query: string): Promise<void> {
  const [[text] = []] = await rowsOf(database, `SELECT json_serialize_sql(${literal(query)})`);
  const found = await rowsOf(database, "SELECT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'");
  const changing = new Set([...found.map(([name]) => String(name)), ...others]);
  for (const name of harmless) changing.delete(name);
  const tree: unknown = JSON.parse(String(text));
  const what = changingPart(tree, changing);
  if (what === undefined) return;
  throw new Error(
    `${what} gives other values each time, and a query must give the same rows; write a constant, or compute the values from columns, as hash(id) % 10`,
  );
}

/** Looks at a node of DuckDB's syntax tree, and at those below. */
function changingPart(node: unknown, changing: ReadonlySet<string>): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const { function_name: name, column_names: columns, children, sample }: Node = node;
  if (typeof name === 'string' && (changing.has(name) || (name === 'age' && lengthOf(children) === 1)))
    return `${name}()`;
  if (isSample(sample) && sample.seed === -1) return 'a sample without REPEATABLE (seed)';
  const column = Array.isArray(columns) && columns.length === 1 ? String(columns[0]).toLowerCase() : '';
  if (times.includes(column)) return `${column} (of a column with this name, name the table, too)`;
  for (const below of Object.values(node)) {
    const part = changingPart(below, changing);
    if (part !== undefined) return part;
  }
  return undefined;
}

interface Node {
  readonly function_name?: unknown;
  readonly column_names?: unknown;
  readonly children?: unknown;
  readonly sample?: unknown;
}

function lengthOf(values: unknown): number {
  return Array.isArray(values) ? values.length : 0;
}

function isSample(value: unknown): value is { readonly seed: unknown } {
  return typeof value === 'object' && value !== null && 'seed' in value;
}
