import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError, UserError } from '../../support/errors.js';
import { makeFolder, removeRemains, writeWhole } from '../../support/files.js';
import { asSingle, type Source, type SourceBlock, type SplitName, splitNames } from '../dataset.js';
import { columnAppender } from '../store/append-columns.js';
import {
  fileLiteral,
  identifier,
  literal,
  literals,
  openDatabase,
  queryRows,
  sqlReason,
  withDatabase,
} from '../store/database.js';

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

/** Rows of one piece of the file. */
const pieceRows = 1024;

/** What is in a column, as the type of DuckDB that holds it. `class`: empty where there is none. */
const types = { category: 'VARCHAR', class: 'VARCHAR', number: 'FLOAT', row: 'BIGINT' } as const;

/** A column of the file, and the texts of a block's rows. */
interface Column {
  readonly name: string;
  readonly type: keyof typeof types;
  readonly texts: (block: SourceBlock, split: SplitName, numbers: Int32Array | undefined) => (row: number) => string;
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
  yield Buffer.from(textLine(columns.map(({ name }) => name)));
  let done = 0;
  for (const name of splitNames) {
    const { rows, blockRows, read, numbers } = source.splits[name];
    for (let b = 0; b * blockRows < rows; b++) {
      const numbered = await numbers?.(b);
      const block = await read(b);
      const texts = columns.map((column) => column.texts(block, name, numbered));
      for (let first = 0; first < block.rows; first += pieceRows) {
        const count = Math.min(pieceRows, block.rows - first);
        const lines = Array.from({ length: count }, (_, i) => textLine(texts.map((text) => text(first + i))));
        yield Buffer.from(lines.join(''));
        done += count;
        onRows(done);
      }
    }
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
  onRows: (done: number) => void,
): Promise<void> {
  makeFolder(folder);
  const file = join(folder, 'rows.csv');
  await writeWhole(file, splitRows(source, tasks, onRows));
  const columns = await writtenColumns(source, tasks);
  const typed = columns.map(({ name, type }) => `${literal(name)}: '${types[type]}'`).join(', ');
  const kept = literals(columns.flatMap(({ name, type }) => (type === 'category' ? [name] : [])));
  const dialect = `auto_detect = false, parallel = false, header = true, delim = ',', quote = '"', escape = '"', new_line = '\\n', max_line_size = 268435456`;
  const rows = `read_csv(${fileLiteral(file)}, columns = {${typed}}, force_not_null = [${kept}], ${dialect})`;
  await withDatabase(async (database) => {
    for (const split of splitNames) {
      const ofSplit = `SELECT * EXCLUDE (split) FROM ${rows} WHERE split = ${literal(split)}`;
      await database.run(`COPY (${ofSplit}) TO ${literal(join(folder, `${split}.parquet`))} (FORMAT parquet)`);
    }
  }).catch((error: unknown) => {
    throw new UserError(`The rows cannot be written to ${folder}: ${sqlReason(error)}.`);
  });
  await rm(file);
}

async function writtenColumns(source: Source, tasks: readonly number[]): Promise<readonly Column[]> {
  const { splits, columns } = source;
  const { weights, labelWeights = [] } = await splits.train.read(0);
  const split: Column = { name: 'split', type: 'category', texts: (_, split) => () => split };
  const row: Column = { name: 'row', type: 'row', texts: (_, __, numbers) => (row) => String(numbers?.[row]) };
  const weight: Column = { name: 'weight', type: 'number', texts: ({ weights }) => valueTexts(weights) };
  const labels = source.tasks.map(({ name, type, classes }, t): Column[] => {
    const texts: Column['texts'] = ({ labels }) => valueTexts(labels[t], classes);
    const ofWeights: Column['texts'] = ({ labelWeights }) => valueTexts(labelWeights?.[t]);
    return [
      { name: `${type}.${name}`, type: classes ? 'class' : 'number', texts },
      ...(labelWeights[t] ? [{ name: `weight.${name}`, type: 'number' as const, texts: ofWeights }] : []),
    ];
  });
  const inputs = columns.map(({ kind, name, dictionary }, c): Column => {
    const type = kind === 'numeric' ? 'number' : 'category';
    const texts: Column['texts'] = ({ columns }) => valueTexts(columns[c] && asSingle(columns[c]), dictionary);
    return { name: `${type}.${name}`, type, texts };
  });
  return [
    ...[split, ...(splits.train.numbers ? [row] : []), ...(weights ? [weight] : [])],
    ...labels.filter((_, t) => tasks.includes(t)).flat(),
    ...inputs.filter((_, c) => columns[c]?.kind !== 'list'),
  ];
}

/** @param words What indexes stand for. Absent: the values are numbers. */
function valueTexts(values: Int32Array | Float32Array | undefined, words?: readonly string[]) {
  return (row: number): string => {
    const value = values?.[row] ?? Number.NaN;
    if (Number.isNaN(value)) return '';
    if (words) return words[value] ?? '';
    const short = Number(value.toPrecision(7));
    return String(Math.fround(short) === value ? short : value);
  };
}

function textLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(',')}\n`;
}
