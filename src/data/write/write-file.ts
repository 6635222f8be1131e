import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError, UserError } from '../../support/errors.js';
import { removeRemains, writeWhole } from '../../support/whole-file.js';
import { appendColumns } from '../store/append-columns.js';
import { identifier, literal, openDatabase, rowsOf, sqlReason } from '../store/database.js';
import { arrow } from './arrow.js';
import {
  type Beside,
  type FormatDefinition,
  isList,
  type OutputColumn,
  type OutputValues,
  type RowGroup,
} from './format.js';

/**
 * A header line, then a line per row. Floats read back as the same 32 bits. NaN is an empty field. `|` separates the
 * entries of a list.
 */
const csv: FormatDefinition = copied('csv', 'FORMAT csv, HEADER', (column, type) => {
  if (type.endsWith('[]')) return `nullif(array_to_string(${column}, '|'), '')`;
  const exact = { FLOAT: 2 ** 24, DOUBLE: 2 ** 53 }[type];
  if (exact === undefined) return column;
  const whole = `${column} = trunc(${column}) AND abs(${column}) < ${exact}`;
  return `CASE WHEN isnan(${column}) THEN NULL WHEN ${whole} THEN CAST(CAST(${column} AS BIGINT) AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`;
});

/** Snappy, 65,536 rows per row group. */
const parquet: FormatDefinition = copied('parquet', 'FORMAT parquet, ROW_GROUP_SIZE 65536', (column) => column);

const typeNames = { float: 'FLOAT', integer: 'INTEGER', list: 'INTEGER[]' } as const;

/**
 * A format that DuckDB writes. The rows wait in a temporary database, mostly on disk.
 * @param expressionOf SQL of a column of this type.
 */
function copied(
  name: string,
  options: string,
  expressionOf: (column: string, type: string) => string,
): FormatDefinition {
  return {
    name,
    groupBytes: 2 ** 25,
    async *encode(columns, groups, beside) {
      const folder = await mkdtemp(join(tmpdir(), 'ple-rows-'));
      const database = await openDatabase(join(folder, 'rows.duckdb'));
      try {
        await database.run('SET threads = 1'); // so that equal rows give equal bytes
        const fields = columns.map((column) => `${identifier(column.name)} ${typeNames[column.kind]}`);
        await database.run(`CREATE TABLE rows (${fields.join(', ')})`);
        for await (const group of groups) {
          const values = group.columns.map((column) =>
            isList(column) ? { ends: column.offsets.subarray(1), values: column.indexes } : column,
          );
          await appendColumns(database, 'rows', values, group.rows).catch(unwritten);
        }
        const path = join(folder, `rows.${name}`);
        if (beside) await database.run(`ATTACH ${literal(beside.file)} AS beside (READ_ONLY)`);
        const from = beside ? 'beside.kept POSITIONAL JOIN rows' : 'rows';
        const types = await rowsOf(database, `DESCRIBE SELECT * FROM ${from}`);
        const selected = types.map(([name, type]) => {
          const column = identifier(String(name));
          return `${expressionOf(column, String(type))} AS ${column}`;
        });
        await database
          .run(`COPY (SELECT ${selected.join(', ')} FROM ${from}) TO ${literal(path)} (${options})`)
          .catch(unwritten);
        yield* createReadStream(path, { highWaterMark: 2 ** 20 });
      } finally {
        database.closeSync();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Reports a failed write, for example on a full disk. */
function unwritten(error: unknown): never {
  throw new UserError(`The table cannot be made in ${tmpdir()} (TMPDIR): ${sqlReason(error)}.`);
}

const formats = catalogue<FormatDefinition>('format', [csv, parquet, arrow]);

const mostGroupRows = 2 ** 16;

/** Rows in the form that a loader reads: any number at a time. The arrays may be overwritten by the next ones. */
export type Blocks = AsyncIterable<RowGroup>;

/**
 * Writes a file atomically, in the format of its ending. Memory does not grow with the rows.
 * @throws ConfigError for an ending that is no format's, or a folder of this name. UserError for a file that cannot be
 * written.
 */
export async function writeTable(
  path: string,
  columns: readonly OutputColumn[],
  blocks: Blocks,
  beside?: Beside,
): Promise<void> {
  const format = formatOf(path);
  if ((await stat(path).catch(() => undefined))?.isDirectory())
    throw new ConfigError(`${path} is a folder; name the file to be written.`);
  await removeRemains(dirname(path));
  await writeWhole(path, encoded(format, columns, blocks, beside));
}

/** The bytes of a file, piece by piece. */
export function encoded(
  format: FormatDefinition,
  columns: readonly OutputColumn[],
  blocks: Blocks,
  beside?: Beside,
): AsyncIterable<Uint8Array> {
  return format.encode(columns, groupsOf(columns, blocks, format.groupBytes), beside);
}

/** @throws ConfigError */
export function formatOf(path: string): FormatDefinition {
  const ending = extname(path).slice(1).toLowerCase();
  if (formats.names.includes(ending)) return formats.get(ending);
  throw new ConfigError(`${path}: the ending says the format; it is one of .${formats.names.join(', .')}.`);
}

/** Larger groups of rows, whose size depends only on the format and the columns. */
async function* groupsOf(
  columns: readonly OutputColumn[],
  blocks: Blocks,
  groupBytes: number,
): AsyncGenerator<RowGroup> {
  const size = Math.max(1, Math.min(mostGroupRows, Math.floor(groupBytes / (4 * columns.length))));
  const group = columns.map(({ kind }) => {
    if (kind === 'list') return new ListTarget(size);
    return kind === 'float' ? new Float32Array(size) : new Int32Array(size);
  });
  const taken = (rows: number) =>
    group.map((values) => (values instanceof ListTarget ? values.take(rows) : values.subarray(0, rows)));
  let filled = 0;
  for await (const block of blocks) {
    for (let from = 0; from < block.rows; ) {
      const count = Math.min(block.rows - from, size - filled);
      for (const [c, target] of group.entries()) {
        const values = block.columns[c];
        if (!values) continue;
        if (target instanceof ListTarget && isList(values)) target.add(values, from, count, filled);
        else if (!(target instanceof ListTarget) && !isList(values))
          target.set(values.subarray(from, from + count), filled);
        else throw new Error(`Column '${columns[c]?.name}' has lists and single values`);
      }
      filled += count;
      from += count;
      if (filled < size) continue;
      yield { rows: filled, columns: taken(filled) };
      filled = 0;
    }
  }
  if (filled > 0) yield { rows: filled, columns: taken(filled) };
}

/** A list column of a group. Its entries grow by doubling. */
class ListTarget {
  readonly #offsets: Int32Array; // [rows + 1]
  #indexes = new Int32Array(1024);

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
  }

  /** Adds the lists from `from` to `from + count` to the group's rows from `at` on. */
  add({ offsets, indexes }: Lists, from: number, count: number, at: number): void {
    const [begin = 0, end = 0] = [offsets[from], offsets[from + count]];
    const start = this.#offsets[at] ?? 0;
    const needed = start + end - begin;
    if (needed > this.#indexes.length) {
      const grown = new Int32Array(Math.max(needed, 2 * this.#indexes.length));
      grown.set(this.#indexes.subarray(0, start));
      this.#indexes = grown;
    }
    this.#indexes.set(indexes.subarray(begin, end), start);
    for (let r = 1; r <= count; r++) this.#offsets[at + r] = start + (offsets[from + r] ?? 0) - begin;
  }

  take(rows: number): Lists {
    return { offsets: this.#offsets.subarray(0, rows + 1), indexes: this.#indexes.subarray(0, this.#offsets[rows]) };
  }
}

type Lists = Extract<OutputValues, { readonly offsets: Int32Array }>;
