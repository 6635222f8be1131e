import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { fileLiteral, identifier, literal, openDatabase, sqlReason, withDatabase } from '../store/database.js';
import type { Cell } from './cell.js';
import type { RowFile } from './file-rows.js';
import { type ColumnCells, columnCells } from './relation-cells.js';

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
  /** The columns' names where DuckDB gives one another name, as to the second of `a` and `A`. */
  readonly names?: readonly string[];
  /** Where the SQL is run; absent: in a database of its own. */
  readonly database?: DuckDBConnection;
}

/** Parquet, with any compression. */
export async function openParquet(path: string, bytes: number): Promise<RowFile> {
  const from = `read_parquet(${fileLiteral(path)}, hive_partitioning = false)`;
  const relation = { path, bytes, format: 'Parquet', from };
  const names = await namesInParquet(relation);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new DataError(`${path}: two columns are named '${twice}'; give each a name of its own.`);
  return openRelation({ ...relation, names });
}

/** JSON, an object a line or a list of objects. A column's type is that of all its values. */
export async function openJson(path: string, bytes: number): Promise<RowFile> {
  const relation = { path, bytes, format: 'JSON' };
  const from = await withDatabase((database) => run(relation, () => jsonTable(database, [path])));
  return openRelation({ ...relation, from });
}

/**
 * SQL of JSON files. Texts stay texts, those of dates too, and so do values of several types and of none: DuckDB would make each file's own
 * guess of them.
 */
export async function jsonTable(database: DuckDBConnection, paths: readonly string[]): Promise<string> {
  const list = `[${paths.map(fileLiteral).join(', ')}]`;
  const options = [
    'maximum_object_size = 67108864, hive_partitioning = false, union_by_name = true',
    'sample_size = -1, map_inference_threshold = -1, field_appearance_threshold = 0',
  ].join(', ');
  const found = await database.stream(`SELECT * FROM read_json(${list}, ${options}) LIMIT 0`);
  const [names, types] = [found.columnNames(), found.columnTypes()];
  if (names.length === 1 && names[0] === 'json') throw new Error('its values are no objects with keys');
  const columns = names.map((name, c) => {
    const type = String(types[c]?.alias ?? types[c]);
    return `${literal(name)}: ${literal(/^(DATE|TIME|UUID|JSON)/.test(type) ? type.replace(/^[A-Z_ ]+/, 'VARCHAR') : type)}`;
  });
  return `read_json(${list}, ${options}, columns = {${columns.join(', ')}})`;
}

/** @throws DataError for what cannot be read. */
export async function openRelation(relation: Relation): Promise<RowFile> {
  const { path, bytes, from, names } = relation;
  const using = <Result>(use: (database: DuckDBConnection) => Promise<Result>) =>
    relation.database ? use(relation.database) : withDatabase(use);
  const columns = await using(async (database) => {
    const found = await run(relation, () => database.stream(`SELECT * FROM ${from} LIMIT 0`));
    const types = found.columnTypes();
    const own = found.columnNames();
    return own.map((column, c) => {
      const cells = columnCells(column, must(types[c], `type of column ${column}`));
      return [(names?.length === own.length && names[c]) || column, cells] as const;
    });
  });
  return {
    path,
    bytes,
    names: columns.map(([name]) => name),
    unsupported: new Map(columns.flatMap(([name, c]) => ('unsupported' in c ? [[name, c.unsupported]] : []))),
    async *read(onBytes, used) {
      const read = columns.map(([name, c]) => ('unsupported' in c || (used && !used.has(name)) ? undefined : c));
      const database = relation.database ?? (await openDatabase());
      try {
        yield* rowsOf(relation, database, read, onBytes);
      } finally {
        if (!relation.database) database.closeSync();
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
  const { path, bytes, from } = relation;
  const selected = columns.filter((column) => column !== undefined);
  const list = selected.map(({ name, expression }) => `${expression} AS ${identifier(name)}`).join(', ');
  const all = await rowCount(relation, database);
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
    onBytes(Math.floor((bytes * Math.min(first - 1, all)) / Math.max(1, all)));
  }
}

async function rowCount(relation: Relation, database: DuckDBConnection): Promise<number> {
  const found = await run(relation, () => database.runAndReadAll(`SELECT count(*)::DOUBLE FROM ${relation.from}`));
  return Number(found.getRows()[0]?.[0] ?? 0);
}

async function run<Result>(
  { path, format }: Pick<Relation, 'path' | 'format'>,
  step: () => Promise<Result>,
): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    throw new DataError(`${path} cannot be read as ${format}: ${sqlReason(error)}.`);
  }
}

/** As the file has them. */
function namesInParquet(relation: Omit<Relation, 'names' | 'database'>): Promise<readonly string[]> {
  return withDatabase(async (database) => {
    const path = fileLiteral(relation.path);
    const sql = `SELECT name, coalesce(num_children, 0)::INTEGER FROM parquet_schema(${path})`;
    const [root, ...elements] = (await run(relation, () => database.runAndReadAll(sql))).getRows();
    const names: string[] = [];
    for (let at = 0; names.length < Number(root?.[1] ?? 0) && at < elements.length; ) {
      names.push(String(elements[at]?.[0]));
      for (let below = 1; below > 0 && at < elements.length; at++) below += Number(elements[at]?.[1] ?? 0) - 1;
    }
    return names;
  });
}
