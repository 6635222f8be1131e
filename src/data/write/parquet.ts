import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { UserError } from '../../support/errors.js';
import { identifier, literal, openDatabase, sqlReason } from '../store/database.js';
import { type FormatDefinition, isList, type OutputColumn, type OutputValues, type RowGroup } from './format.js';

/** Rows of a vector of DuckDB. */
const chunkRows = 2048;

/** Snappy, 65,536 rows a row group. The rows wait in a temporary database, of which little is in memory. */
export const parquet: FormatDefinition = {
  name: 'parquet',
  groupBytes: 2 ** 25,
  async *encode(columns, groups) {
    const folder = await mkdtemp(join(tmpdir(), 'ple-parquet-'));
    const database = await openDatabase(join(folder, 'rows.duckdb'));
    try {
      await database.run('SET threads = 1'); // equal rows make equal bytes
      const fields = columns.map(({ name, kind }) => `${identifier(name)} ${typeNames[kind]}`);
      await database.run(`CREATE TABLE rows (${fields.join(', ')})`);
      const append = await appender(database, columns);
      for await (const group of groups) append(group);
      append(null);
      const path = join(folder, 'rows.parquet');
      const options = '(FORMAT parquet, ROW_GROUP_SIZE 65536)';
      await database.run(`COPY rows TO ${literal(path)} ${options}`).catch(unwritten);
      yield* createReadStream(path, { highWaterMark: 2 ** 20 });
    } finally {
      database.closeSync();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** As where the disk is full. */
function unwritten(error: unknown): never {
  throw new UserError(`Parquet cannot be made in ${tmpdir()} (TMPDIR): ${sqlReason(error)}.`);
}

const typeNames = { float: 'FLOAT', integer: 'INTEGER', list: 'INTEGER[]' } as const;

/** @returns What appends a group; null: there are no more. */
async function appender(database: DuckDBConnection, columns: readonly OutputColumn[]) {
  const { DuckDBDataChunk, FLOAT, INTEGER, LIST, listValue } = await import('@duckdb/node-api');
  const types: Record<OutputColumn['kind'], DuckDBType> = { float: FLOAT, integer: INTEGER, list: LIST(INTEGER) };
  const rows = await database.createAppender('rows');
  const valuesOf = (values: OutputValues, from: number, to: number) =>
    isList(values)
      ? Array.from({ length: to - from }, (_, row) =>
          listValue([...values.indexes.subarray(values.offsets[from + row], values.offsets[from + row + 1])]),
        )
      : [...values.subarray(from, to)];
  return (group: RowGroup | null) => {
    if (!group) return rows.closeSync();
    for (let from = 0; from < group.rows; from += chunkRows) {
      const to = Math.min(group.rows, from + chunkRows);
      const chunk = DuckDBDataChunk.create(columns.map(({ kind }) => types[kind]));
      chunk.setColumns(group.columns.map((values) => valuesOf(values, from, to)));
      rows.appendDataChunk(chunk);
    }
    try {
      rows.flushSync();
    } catch (error) {
      unwritten(error);
    }
  };
}
