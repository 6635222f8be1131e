import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError, UserError } from '../../support/errors.js';
import { removeRemains, writeWhole } from '../../support/files.js';
import { columnAppender } from '../store/append-columns.js';
import { identifier, literal, openDatabase, queryRows, sqlReason } from '../store/database.js';

/** A column of an output file, of 32 bits. */
export interface OutputColumn {
  readonly name: string;
  readonly kind: 'float' | 'integer';
}

/** Rows, column by column in the order of the file's columns. */
export interface RowGroup {
  readonly rows: number;
  readonly columns: readonly (Float32Array | Int32Array)[];
}

interface Format {
  /** The file's ending, without a dot. */
  readonly name: string;
  /** Of DuckDB's COPY. */
  readonly options: string;
  /** SQL of a column of this type. */
  expressionOf(column: string, type: string): string;
}

/**
 * A header line, then a line per row. Floats read back as the same 32 bits. NaN is an empty field. `|` separates the
 * entries of a list.
 */
const csv: Format = {
  name: 'csv',
  options: 'FORMAT csv, HEADER',
  expressionOf(column, type) {
    if (type.endsWith('[]')) return `nullif(array_to_string(${column}, '|'), '')`;
    const exact = { FLOAT: 2 ** 24, DOUBLE: 2 ** 53 }[type];
    if (exact === undefined) return column;
    const whole = `${column} = trunc(${column}) AND abs(${column}) < ${exact}`;
    return `CASE WHEN isnan(${column}) THEN NULL WHEN ${whole} THEN CAST(CAST(${column} AS BIGINT) AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`;
  },
};

/** Snappy, 65,536 rows per row group. */
const parquet: Format = {
  name: 'parquet',
  options: 'FORMAT parquet, ROW_GROUP_SIZE 65536',
  expressionOf: (column) => column,
};

const formats = catalogue<Format>('format', [csv, parquet]);

/** Rows in the form that a loader reads: any number at a time. The arrays may be overwritten by the next ones. */
type Blocks = AsyncIterable<RowGroup>;

/**
 * Writes a file atomically, in the format of its ending. Memory does not grow with the rows.
 * @throws ConfigError for an ending that is no format's, or a folder of this name. UserError for a file that cannot be
 * written.
 */
export async function writeTable(
  path: string,
  columns: readonly OutputColumn[],
  blocks: Blocks,
  more: More = {},
): Promise<void> {
  const format = outputFormat(path);
  if ((await stat(path).catch(() => undefined))?.isDirectory())
    throw new ConfigError(`${path} is a folder; name the file to be written.`);
  await removeRemains(dirname(path));
  await writeWhole(path, encoded(format, columns, blocks, more));
}

const typeNames = { float: 'FLOAT', integer: 'INTEGER' } as const;

interface More {
  /** A DuckDB file whose table `kept` has columns that stand before the others, row by row. */
  readonly kept?: string | undefined;
  /** Gets a database whose table `rows` has all rows. */
  readonly whenStored?: (database: DuckDBConnection) => Promise<void>;
}

/**
 * The bytes of a file, piece by piece. Equal rows give equal bytes. The rows wait in a temporary database, mostly on
 * disk.
 */
export async function* encoded(
  format: Format,
  columns: readonly OutputColumn[],
  blocks: Blocks,
  { kept, whenStored }: More = {},
): AsyncGenerator<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'ple-rows-'));
  const database = await openDatabase(join(folder, 'rows.duckdb'));
  try {
    await database.run('SET threads = 1'); // so that equal rows give equal bytes
    await database.run('PRAGMA disable_checkpoint_on_shutdown'); // the database is deleted
    const fields = columns.map((column) => `${identifier(column.name)} ${typeNames[column.kind]}`);
    await database.run(`CREATE TABLE rows (${fields.join(', ')})`);
    const appender = await columnAppender(database, 'rows');
    for await (const { columns, rows } of blocks) written(() => appender.append(columns, rows));
    written(appender.close);
    await whenStored?.(database).catch(unwritten);
    if (kept !== undefined) await database.run(`ATTACH ${literal(kept)} AS beside (READ_ONLY)`);
    const from = kept === undefined ? 'rows' : 'beside.kept POSITIONAL JOIN rows';
    const types = await queryRows(database, `DESCRIBE SELECT * FROM ${from}`);
    const selected = types.map(([name, type]) => {
      const column = identifier(String(name));
      return `${format.expressionOf(column, String(type))} AS ${column}`;
    });
    const path = join(folder, `rows.${format.name}`);
    await database
      .run(`COPY (SELECT ${selected.join(', ')} FROM ${from}) TO ${literal(path)} (${format.options})`)
      .catch(unwritten);
    yield* createReadStream(path, { highWaterMark: 2 ** 20 });
  } finally {
    database.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

function written(step: () => void): void {
  try {
    step();
  } catch (error) {
    unwritten(error);
  }
}

/** Reports a failed write, for example on a full disk. */
function unwritten(error: unknown): never {
  throw new UserError(`The table cannot be made in ${tmpdir()} (TMPDIR): ${sqlReason(error)}.`);
}

/** @throws ConfigError */
export function outputFormat(path: string): Format {
  const ending = extname(path).slice(1).toLowerCase();
  if (formats.names.includes(ending)) return formats.get(ending);
  throw new ConfigError(`${path}: the ending says the format; it is one of .${formats.names.join(', .')}.`);
}
