import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { type ColumnCells, columnCells } from '../store/cells.js';
import { identifier, literal, openDatabase, sqlReason, withDatabase } from '../store/database.js';
import type { Cell } from './cell.js';
import type { RowFile } from './file-rows.js';

/** What DuckDB reads as a table. */
export interface Relation {
  /** The file, or what stands for it in messages. */
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  /** `Parquet`, for messages. */
  readonly format: string;
  /** SQL that stands behind FROM. */
  readonly from: string;
  /** Makes what the SQL names. Absent: the SQL names files, and counting their rows is cheap. */
  readonly setUp?: (database: DuckDBConnection) => Promise<void>;
}

/** Parquet, with any compression. */
export async function openParquet(path: string, bytes: number): Promise<RowFile> {
  const relation = {
    path,
    bytes,
    format: 'Parquet',
    from: `read_parquet(${literal(path)}, hive_partitioning = false)`,
  };
  const twice = await nameInParquetTwice(relation);
  if (twice !== undefined)
    throw new DataError(`${path}: two columns are named '${twice}'; give each a name of its own.`);
  return openRelation(relation);
}

/** JSON, an object a line or a list of objects. A column's type is that of all its values. */
export function openJson(path: string, bytes: number): Promise<RowFile> {
  const options = 'sample_size = -1, maximum_object_size = 67108864, hive_partitioning = false';
  return openRelation({ path, bytes, format: 'JSON', from: `read_json(${literal(path)}, ${options})` });
}

/** @throws DataError for what cannot be read. */
export async function openRelation(relation: Relation): Promise<RowFile> {
  const { path, bytes, from, setUp } = relation;
  const columns = await withDatabase(async (database) => {
    await setUp?.(database);
    const found = await run(relation, () => database.stream(`SELECT * FROM ${from} LIMIT 0`));
    const types = found.columnTypes();
    return found.columnNames().map((name, c) => {
      const type = types[c];
      if (!type) throw new Error('A column has a type.');
      return [name, columnCells(name, type)] as const;
    });
  });
  return {
    path,
    bytes,
    names: columns.map(([name]) => name),
    unsupported: new Map(columns.flatMap(([name, c]) => ('unsupported' in c ? [[name, c.unsupported]] : []))),
    async *read(onBytes, used) {
      const read = columns.map(([name, c]) => ('unsupported' in c || (used && !used.has(name)) ? undefined : c));
      const database = await openDatabase();
      try {
        await setUp?.(database);
        yield* rowsOf(relation, database, read, onBytes);
      } finally {
        database.closeSync();
      }
    },
  };
}

/** @param columns Undefined: their cells are null. */
async function* rowsOf(
  relation: Relation,
  database: DuckDBConnection,
  columns: readonly (ColumnCells | undefined)[],
  onBytes: (bytes: number) => void,
) {
  const { path, bytes, from, setUp } = relation;
  const selected = columns.filter((column) => column !== undefined);
  const list = selected.map(({ name, expression }) => `${expression} AS ${identifier(name)}`).join(', ');
  const all = setUp ? null : await rowCount(relation, database);
  const found = await run(relation, () => database.stream(`SELECT ${list === '' ? '1' : list} FROM ${from}`));
  for (let first = 1; ; ) {
    const chunk = await run(relation, () => found.fetchChunk());
    if (!chunk || chunk.rowCount === 0) {
      onBytes(bytes);
      return;
    }
    const { rowCount: rows } = chunk;
    const vectors = selected.map((column, c) => [column, chunk.getColumnVector(c)] as const);
    const cells = new Map(
      vectors.map(([column, vector]): [ColumnCells, readonly Cell[]] => [
        column,
        Array.from({ length: rows }, (_, row) => column.cellOf(vector.getItem(row))),
      ]),
    );
    const values = columns.map((column) => column && cells.get(column));
    const records = Array.from({ length: rows }, (_, row) => values.map((column) => column?.[row] ?? null));
    const begin = first;
    yield { records, place: (row: number) => `${path}, row ${begin + row}` };
    first += rows;
    if (all !== null) onBytes(Math.floor((bytes * Math.min(first - 1, all)) / Math.max(1, all)));
  }
}

async function rowCount(relation: Relation, database: DuckDBConnection): Promise<number> {
  const found = await run(relation, () => database.runAndReadAll(`SELECT count(*)::DOUBLE FROM ${relation.from}`));
  return Number(found.getRows()[0]?.[0] ?? 0);
}

async function run<Result>({ path, format }: Relation, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    throw new DataError(`${path} cannot be read as ${format}: ${sqlReason(error)}.`);
  }
}

/** DuckDB gives the second of two columns with one name another one. */
function nameInParquetTwice(relation: Relation): Promise<string | undefined> {
  return withDatabase(async (database) => {
    const sql = `SELECT name, coalesce(num_children, 0)::INTEGER FROM parquet_schema(${literal(relation.path)})`;
    const [root, ...elements] = (await run(relation, () => database.runAndReadAll(sql))).getRows();
    const names: string[] = [];
    for (let at = 0; names.length < Number(root?.[1] ?? 0) && at < elements.length; ) {
      names.push(String(elements[at]?.[0]));
      for (let below = 1; below > 0 && at < elements.length; at++) below += Number(elements[at]?.[1] ?? 0) - 1;
    }
    return names.find((name, index) => names.indexOf(name) < index);
  });
}
