import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError, UserError } from '../../support/errors.js';
import { makeFolder, removeRemains, writeWhole } from '../../support/files.js';
import { asSingle, type Source, type SourceBlock, type SourceSplit, splitNames } from '../dataset.js';
import { tableAppender } from '../store/append-columns.js';
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
  /** The options of DuckDB's COPY. */
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
  const { database, folder, close } = await temporaryDatabase();
  try {
    await database.run('SET threads = 1'); // so that equal rows give equal bytes
    const fields = columns.map((column) => `${identifier(column.name)} ${typeNames[column.kind]}`);
    await database.run(`CREATE TABLE rows (${fields.join(', ')})`);
    const appender = await tableAppender(database, 'rows');
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
    await close();
  }
}

/** A database in a temporary folder. `close` deletes both. */
async function temporaryDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'ple-rows-'));
  const database = await openDatabase(join(folder, 'rows.duckdb'));
  await database.run('PRAGMA disable_checkpoint_on_shutdown');
  return {
    database,
    folder,
    async close() {
      database.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
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

/**
 * A source's rows as a CSV for other programs: those of training, of validation, and those of the test split in the
 * order of predictions. The columns are `split`, `row` (for files: the row's number in them, one file after the other,
 * from 0) and `weight` (if rows have weights). Each task has `<type>.<task>`, the label, empty outside the task's
 * sample space, and `weight.<task>` if its labels have weights. Each input but lists has `category.<name>` or
 * `number.<name>`. A missing number is empty. Numbers read back as the same 32 bits.
 * @param tasks Indexes of the source's tasks.
 * @param onRows Called with the number of rows that are done. Throws to stop.
 */
export async function* splitRows(
  source: Source,
  tasks: readonly number[],
  onRows: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const columns = await writtenColumns(source, tasks);
  yield Buffer.from(textLine(['split', ...columns.map(({ name }) => name)]));
  let done = 0;
  for (const split of splitNames)
    for await (const { rows, cells } of pieces(source.splits[split], columns)) {
      const lines = Array.from({ length: rows }, (_, row) => textLine([split, ...cells.map((column) => column[row])]));
      yield Buffer.from(lines.join(''));
      done += rows;
      onRows(done);
    }
}

/**
 * Writes train.parquet, validation.parquet and test.parquet, for other programs. The columns are those of `splitRows`,
 * without `split`: text and 32-bit numbers. NULL is a missing number, and a label outside its task's sample space; a
 * missing category is an empty text.
 */
export async function writeSplits(
  source: Source,
  tasks: readonly number[],
  folder: string,
  onRows: () => void,
): Promise<void> {
  makeFolder(folder);
  const columns = await writtenColumns(source, tasks);
  const fields = columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ');
  const { database, close } = await temporaryDatabase();
  try {
    for (const split of splitNames) {
      await database.run(`CREATE OR REPLACE TABLE rows (${fields})`);
      const appender = await tableAppender(database, 'rows');
      for await (const { cells } of pieces(source.splits[split], columns)) {
        written(() => appender.appendCells(cells));
        onRows();
      }
      written(appender.close);
      const path = join(folder, `${split}.parquet`);
      await database.run(`COPY rows TO ${literal(path)} (FORMAT parquet)`).catch((error: unknown) => {
        throw new UserError(`The rows cannot be written to ${folder}: ${sqlReason(error)}.`);
      });
    }
  } finally {
    await close();
  }
}

/** A value of a row; null where there is none. */
type Cell = string | number | bigint | null;

/** A column of the file: its type in DuckDB, and the cells of a block's rows. */
interface Column {
  readonly name: string;
  readonly type: 'VARCHAR' | 'FLOAT' | 'BIGINT';
  readonly cells: (block: SourceBlock, numbers: Int32Array | undefined) => (row: number) => Cell;
}

async function writtenColumns({ splits, columns, tasks }: Source, chosen: readonly number[]): Promise<Column[]> {
  const { weights, labelWeights = [] } = await splits.train.read(0);
  const written: Column[] = [];
  if (splits.train.numbers)
    written.push({ name: 'row', type: 'BIGINT', cells: (_, numbers) => (row) => BigInt(numbers?.[row] ?? 0) });
  if (weights) written.push(numberColumn('weight', ({ weights }) => weights));
  for (const [t, { name, type, classes }] of tasks.entries()) {
    if (!chosen.includes(t)) continue;
    const labels = ({ labels }: SourceBlock) => labels[t];
    written.push(classes ? textColumn(`${type}.${name}`, labels, classes) : numberColumn(`${type}.${name}`, labels));
    if (labelWeights[t]) written.push(numberColumn(`weight.${name}`, ({ labelWeights }) => labelWeights?.[t]));
  }
  for (const [c, { kind, name, dictionary }] of columns.entries()) {
    const values = ({ columns }: SourceBlock) => columns[c] && asSingle(columns[c]);
    if (kind === 'numeric') written.push(numberColumn(`number.${name}`, values));
    if (kind === 'categorical') written.push(textColumn(`category.${name}`, values, dictionary));
  }
  return written;
}

type ValuesOf = (block: SourceBlock) => Int32Array | Float32Array | undefined;

function numberColumn(name: string, valuesOf: ValuesOf): Column {
  const cells: Column['cells'] = (block) => {
    const values = valuesOf(block);
    return (row) => {
      const value = values?.[row] ?? Number.NaN;
      return Number.isNaN(value) ? null : value + 0; // -0 is 0
    };
  };
  return { name, type: 'FLOAT', cells };
}

/** @param words What the values stand for, as indexes. Absent: themselves. */
function textColumn(name: string, valuesOf: ValuesOf, words?: readonly string[]): Column {
  const cells: Column['cells'] = (block) => {
    const values = valuesOf(block);
    return (row) => {
      const index = values?.[row] ?? Number.NaN;
      return Number.isNaN(index) ? null : words ? (words[index] ?? '') : String(index);
    };
  };
  return { name, type: 'VARCHAR', cells };
}

const pieceRows = 1024;

/** A split's cells, column by column, at most 1,024 rows at a time. */
async function* pieces(
  { rows, blockRows, read, numbers }: SourceSplit,
  columns: readonly Column[],
): AsyncGenerator<{ readonly rows: number; readonly cells: readonly (readonly Cell[])[] }> {
  for (let b = 0; b * blockRows < rows; b++) {
    const numbered = await numbers?.(b);
    const block = await read(b);
    const cellsOf = columns.map(({ cells }) => cells(block, numbered));
    for (let first = 0; first < block.rows; first += pieceRows) {
      const piece = Array.from({ length: Math.min(pieceRows, block.rows - first) }, (_, i) => first + i);
      yield { rows: piece.length, cells: cellsOf.map((cellOf) => piece.map(cellOf)) };
    }
  }
}

function textLine(cells: readonly (Cell | undefined)[]): string {
  const texts = cells.map((cell) => {
    const text = typeof cell === 'number' ? shortest(cell) : String(cell ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${texts.join(',')}\n`;
}

/** The fewest digits that read back as the same 32 bits. */
function shortest(value: number): string {
  const short = Number(value.toPrecision(7));
  return String(Math.fround(short) === value ? short : value);
}
