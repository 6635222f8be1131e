import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../support/errors.js';
import { appendColumns } from '../store/append-columns.js';
import { identifier, literal, openDatabase, sqlReason } from '../store/database.js';
import { type FormatDefinition, isList, type OutputColumn } from './format.js';

/**
 * A header line, then a line per row. Floats read back as the same 32 bits; NaN is an empty field; `|` stands between the entries of a list.
 */
export const csv: FormatDefinition = copied('csv', 'FORMAT csv, HEADER', ({ name, kind }) => {
  const column = identifier(name);
  if (kind === 'integer') return column;
  if (kind === 'list') return `nullif(array_to_string(${column}, '|'), '')`;
  const whole = `${column} = trunc(${column}) AND abs(${column}) < 16777216`;
  return `CASE WHEN isnan(${column}) THEN NULL WHEN ${whole} THEN CAST(CAST(${column} AS INTEGER) AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`;
});

/** Snappy, 65,536 rows a row group. */
export const parquet: FormatDefinition = copied('parquet', 'FORMAT parquet, ROW_GROUP_SIZE 65536', ({ name }) =>
  identifier(name),
);

const typeNames = { float: 'FLOAT', integer: 'INTEGER', list: 'INTEGER[]' } as const;

/** A format that DuckDB writes. The rows wait in a temporary database, of which little is in memory. */
function copied(name: string, options: string, expressionOf: (column: OutputColumn) => string): FormatDefinition {
  return {
    name,
    groupBytes: 2 ** 25,
    async *encode(columns, groups) {
      const folder = await mkdtemp(join(tmpdir(), 'ple-rows-'));
      const database = await openDatabase(join(folder, 'rows.duckdb'));
      try {
        await database.run('SET threads = 1'); // equal rows make equal bytes
        const fields = columns.map((column) => `${identifier(column.name)} ${typeNames[column.kind]}`);
        await database.run(`CREATE TABLE rows (${fields.join(', ')})`);
        for await (const group of groups) {
          const values = group.columns.map((column) =>
            isList(column) ? { ends: column.offsets.subarray(1), values: column.indexes } : column,
          );
          await appendColumns(database, 'rows', values, group.rows).catch(unwritten);
        }
        const path = join(folder, `rows.${name}`);
        const selected = columns.map((column) => `${expressionOf(column)} AS ${identifier(column.name)}`);
        await database
          .run(`COPY (SELECT ${selected.join(', ')} FROM rows) TO ${literal(path)} (${options})`)
          .catch(unwritten);
        yield* createReadStream(path, { highWaterMark: 2 ** 20 });
      } finally {
        database.closeSync();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** As where the disk is full. */
function unwritten(error: unknown): never {
  throw new UserError(`The table cannot be made in ${tmpdir()} (TMPDIR): ${sqlReason(error)}.`);
}
