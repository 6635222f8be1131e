import type { DuckDBVector } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import {
  listBounds,
  type Source,
  type SourceBlock,
  type SourceColumn,
  type SourceSplit,
  type SourceTask,
  type SplitName,
  splitNames,
} from '../dataset.js';
import type { TextReading } from '../encoding.js';
import { isSmall, type LoaderContext, rowsPerBlock } from '../loader.js';
import { listVector, vectorItems } from './append-columns.js';
import { type PreparedTables, type TableReader, tableReader } from './prepared.js';

/**
 * The description of a source's DuckDB tables:
 *
 * - `rows`: rows of train, then validation, then test. Input `c` is `i<c>`: INTEGER indexes of the dictionary, or FLOAT
 *   (NaN: missing), or INTEGER[] with the weights `w<c>` FLOAT[]. Task `t` has the labels `l<t>` FLOAT, NaN outside its
 *   sample space, and if they have weights of their own `v<t>` FLOAT. `weight` FLOAT: the row's weight, if rows have
 *   weights. `row` INTEGER, of rows from files: the row's number in them, from 0.
 * - `shared`: inputs that rows share. `link` INTEGER of `rows` is a row's place in it.
 * - `dictionaries`: texts of the inputs without `size` and `dictionary`, in the order of their indexes.
 */
export interface StoredSource {
  readonly columns: readonly StoredColumn[];
  /** `label`: the column, if it is not `l<t>`. `weighted`: labels have weights of their own. */
  readonly tasks: readonly (SourceTask & { readonly label?: string; readonly weighted?: boolean })[];
  readonly rows: Readonly<Record<SplitName, number>>;
  /** Some labels are NaN. */
  readonly masked: boolean;
  /** Rows have weights. */
  readonly weighted?: boolean;
  readonly checksum: string;
  readonly group?: string | undefined;
  readonly texts?: TextReading;
  /** Notes for whoever opens it. */
  readonly notes?: readonly string[];
  /** New rows alone: the first row of each file. */
  readonly fileStarts?: readonly number[] | undefined;
  /** Rows per block. Absent: `blockRowsOf`. */
  readonly blockRows?: number;
}

type StoredColumn = SourceColumn & {
  /** A list whose entries have weights. */
  readonly weighted?: boolean;
  /** The values lie in the table `shared`. */
  readonly shared?: boolean;
};

/** Which rows each split has is drawn anew when the source is opened. */
export interface Draw {
  /** A column of `rows` that decides. */
  readonly key: string;
  /** The split of a row with this key that lies in the split `stored`; undefined: none. */
  rowSplit(key: number, stored: SplitName): SplitName | undefined;
}

/** The source of prepared tables. Any number of processes may read them. */
export async function preparedSource(
  tables: PreparedTables<StoredSource>,
  { note, signal }: Pick<LoaderContext, 'note' | 'signal'>,
  draw?: Draw,
): Promise<Source> {
  const stored = tables.description;
  for (const message of stored.notes ?? []) note(message);
  const reader = tableReader(tables, stored.columns.length + stored.tasks.length);
  const dictionaries = stored.columns.some(isIndexed) ? await readDictionaries(reader, stored, signal) : [];
  const blockRows = stored.blockRows ?? rowsPerBlock(stored);
  const parts = await (draw ? drawnParts(reader, stored, draw, blockRows, signal) : storedParts(stored, blockRows));
  const split = ({ rows, block }: Part): SourceSplit => ({
    rows,
    blockRows,
    ...kept(isSmall(stored), Math.ceil(rows / blockRows), (index) => readBlock(reader, stored, block(index))),
    ...(stored.texts ? { numbers: (index: number) => readNumbers(reader, 'row', block(index)) } : {}),
  });
  return {
    columns: stored.columns.map(({ weighted, shared, ...column }, c): SourceColumn => {
      return isIndexed(column) ? { ...column, dictionary: dictionaries[c] ?? [] } : column;
    }),
    tasks: stored.tasks.map(({ label, weighted, ...task }) => task),
    masked: stored.masked,
    checksum: stored.checksum,
    splits: { train: split(parts.train), validation: split(parts.validation), test: split(parts.test) },
    group: stored.group,
    texts: stored.texts,
  };
}

function isIndexed({ kind, size, dictionary }: StoredColumn): boolean {
  return kind !== 'numeric' && size === undefined && dictionary === undefined;
}

async function readDictionaries(
  reader: TableReader,
  { columns }: StoredSource,
  signal: AbortSignal | undefined,
): Promise<string[][]> {
  const dictionaries: string[][] = columns.map(() => []);
  for await (const chunk of reader.chunks('SELECT input, value FROM prepared.dictionaries')) {
    signal?.throwIfAborted();
    const [inputs, values] = [chunk.getColumnValues(0), chunk.getColumnValues(1)];
    for (const [row, value] of values.entries()) dictionaries[Number(inputs[row])]?.push(String(value));
  }
  return dictionaries;
}

/** Blocks are kept, or each is begun while the one before it is used. */
function kept(
  isWhole: boolean,
  blocks: number,
  read: (index: number) => Promise<SourceBlock>,
): Pick<SourceSplit, 'read'> & Required<Pick<SourceSplit, 'ahead'>> {
  const begun = new Map<number, Promise<SourceBlock>>();
  const begin = (index: number) => {
    const block = begun.get(index) ?? read(index);
    block.catch(() => begun.delete(index)); // its reader gets the error
    begun.set(index, block);
    return block;
  };
  return {
    read(index) {
      const block = begin(index);
      if (!isWhole) begun.clear();
      return block;
    },
    ahead(index) {
      if (index < blocks) begin(index);
    },
  };
}

/** Rows of the table, in its order: [from, to), or some of these. */
interface Rows {
  readonly from: number;
  readonly to: number;
  /** Ascending. Absent: all. */
  readonly some?: Int32Array;
}

/** A split: how many rows it has, and which of them block `index` has. */
interface Part {
  readonly rows: number;
  block(index: number): Rows;
}

type Parts = Readonly<Record<SplitName, Part>>;

function storedParts({ rows }: StoredSource, blockRows: number): Parts {
  const range = (first: number, count: number): Part => ({
    rows: count,
    block: (index) => ({ from: first + index * blockRows, to: first + Math.min(count, (index + 1) * blockRows) }),
  });
  return {
    train: range(0, rows.train),
    validation: range(rows.train, rows.validation),
    test: range(rows.train + rows.validation, rows.test),
  };
}

/** Numbers per read. */
const readRows = 2 ** 20;

/** @throws DataError for a split that gets no row. */
async function drawnParts(
  reader: TableReader,
  { rows }: StoredSource,
  draw: Draw,
  blockRows: number,
  signal: AbortSignal | undefined,
): Promise<Parts> {
  const marks = new Uint8Array(rows.train + rows.validation + rows.test); // 0: in no split
  let first = 0;
  for (const stored of splitNames) {
    const end = first + rows[stored];
    for (let from = first; from < end; from += readRows) {
      signal?.throwIfAborted();
      const keys = await readNumbers(reader, draw.key, { from, to: Math.min(end, from + readRows) });
      for (const [row, key] of keys.entries()) {
        const split = draw.rowSplit(key, stored);
        marks[from + row] = split === undefined ? 0 : 1 + splitNames.indexOf(split);
      }
    }
    first = end;
  }
  const drawnPart = (name: SplitName) => {
    const split = markedPart(marks, 1 + splitNames.indexOf(name), blockRows);
    if (split.rows === 0) throw new DataError(noRows(name));
    return split;
  };
  return { train: drawnPart('train'), validation: drawnPart('validation'), test: drawnPart('test') };
}

/** Other loaders than that of tables have another option for it. */
export function noRows(name: SplitName): string {
  return `No row is in the ${name} split: change how dataset cuts the splits (of a table: dataset.split).`;
}

/** The rows that have this mark. */
function markedPart(marks: Uint8Array, mark: number, blockRows: number): Part {
  const starts: number[] = [];
  let rows = 0;
  for (let row = 0; row < marks.length; row++) if (marks[row] === mark && rows++ % blockRows === 0) starts.push(row);
  return {
    rows,
    block(index) {
      const some = new Int32Array(Math.min(blockRows, rows - index * blockRows));
      for (let row = starts[index] ?? 0, count = 0; count < some.length; row++)
        if (marks[row] === mark) some[count++] = row;
      return { from: some[0] ?? 0, to: (some.at(-1) ?? -1) + 1, some };
    },
  };
}

async function readBlock(reader: TableReader, stored: StoredSource, rows: Rows): Promise<SourceBlock> {
  const isOfRow = stored.columns.map(({ shared }) => !shared);
  const isShared = isOfRow.includes(false);
  const count = rows.some?.length ?? rows.to - rows.from;
  const inputs = stored.columns.map((column, c) => columnTarget(column, c, count));
  const [labels, weights, links] = [
    stored.tasks.map(({ label }, t) => numberColumn(label ?? `l${t}`, new Float32Array(count))),
    numberColumn('weight', new Float32Array(count)),
    numberColumn('link', new Int32Array(count)),
  ];
  const labelWeights = stored.tasks.map(({ weighted }, t) =>
    weighted ? numberColumn(`v${t}`, new Float32Array(count)) : undefined,
  );
  await fill(reader, 'rows', rows, [
    ...inputs.flatMap(({ parts }, c) => (isOfRow[c] ? parts : [])),
    ...labels,
    ...labelWeights.flatMap((weights) => weights ?? []),
    ...(stored.weighted ? [weights] : []),
    ...(isShared ? [links] : []),
  ]);
  const ofShared = isShared ? await readShared(reader, stored, links.values) : undefined;
  return {
    rows: count,
    columns: inputs.map((input, c) => ofShared?.[c] ?? input.values()),
    labels: labels.map(({ values }) => values),
    ...(stored.weighted ? { weights: weights.values } : {}),
    ...(labelWeights.some((weights) => weights) ? { labelWeights: labelWeights.map((one) => one?.values) } : {}),
  };
}

/**
 * The inputs that rows share, of rows with these links; undefined for the others. Every row of `shared` is read once.
 */
async function readShared(reader: TableReader, stored: StoredSource, links: Int32Array) {
  const distinct = Int32Array.from(new Set(links)).sort();
  const indexOfLink = new Map<number, number>();
  for (const [index, link] of distinct.entries()) indexOfLink.set(link, index);
  const inputs = stored.columns.map((column, c) =>
    column.shared ? columnTarget(column, c, distinct.length) : undefined,
  );
  const parts = inputs.flatMap((input) => input?.parts ?? []);
  let at = 0;
  for (const rows of toRanges(distinct)) at += await fill(reader, 'shared', rows, parts, at);
  const places = links.map((link) => indexOfLink.get(link) ?? 0);
  return inputs.map((input) => {
    if (!input) return undefined;
    const values = input.values();
    const ofRows = (each: Int32Array | Float32Array) => places.map((row) => each[row] ?? 0);
    if (!('begins' in values)) return ofRows(values);
    return { ...values, begins: ofRows(values.begins), ends: ofRows(values.ends) };
  });
}

/** A gap of at most this many unwanted rows is read too: it costs less than another statement. */
const gap = 2048;

/** Ranges that cover some ascending numbers, and little else. */
function toRanges(numbers: Int32Array): Rows[] {
  const ranges: Rows[] = [];
  for (let first = 0, next = 1; next <= numbers.length; next++) {
    const last = numbers[next - 1] ?? 0;
    if (next < numbers.length && (numbers[next] ?? 0) < last + 1 + gap) continue;
    ranges.push({ from: numbers[first] ?? 0, to: last + 1, some: numbers.subarray(first, next) });
    first = next;
  }
  return ranges;
}

async function readNumbers(reader: TableReader, column: string, rows: Rows): Promise<Int32Array> {
  const numbers = numberColumn(column, new Int32Array(rows.some?.length ?? rows.to - rows.from));
  await fill(reader, 'rows', rows, [numbers]);
  return numbers.values;
}

/** Reads columns of some rows into their places from `at` on. @returns how many rows. */
async function fill(
  reader: TableReader,
  table: string,
  { from, to, some }: Rows,
  columns: readonly FilledColumn[],
  at = 0,
): Promise<number> {
  const selected = columns.map(({ column }) => column).join(', ');
  const range = `rowid BETWEEN ${from} AND ${to - 1}`;
  let [begin, count] = [from, 0];
  for await (const chunk of reader.chunks(`SELECT ${selected} FROM prepared.${table} WHERE ${range}`)) {
    const rows: number[] = []; // of the chunk
    for (let row = begin; row < begin + chunk.rowCount; row++)
      if (!some || some[count + rows.length] === row) rows.push(row - begin);
    for (const [k, column] of columns.entries()) column.add(chunk.getColumnVector(k), at + count, rows);
    count += rows.length;
    begin += chunk.rowCount;
  }
  reader.expectRows(`the rows ${from} to ${to} of ${table}`, count, some?.length ?? to - from);
  return count;
}

/** Receives a column of a table. */
interface FilledColumn {
  readonly column: string;
  /** These rows of a vector get the places from `at` on. */
  add(vector: DuckDBVector, at: number, rows: readonly number[]): void;
}

function numberColumn<Values extends Int32Array | Float32Array>(column: string, values: Values) {
  return {
    column,
    values,
    add(vector: DuckDBVector, at: number, rows: readonly number[]) {
      const items = vectorItems(vector);
      for (let i = 0; i < rows.length; i++) values[at + i] = items[rows[i] ?? 0] ?? 0;
    },
  };
}

/** A list's entries, or their weights, row after row. */
function entryColumn(column: string, rows: number) {
  const offsets = new Int32Array(rows + 1);
  const values: number[] = [];
  return {
    column,
    offsets,
    values,
    add(vector: DuckDBVector, at: number, rows: readonly number[]) {
      const lists = listVector(vector);
      const items = vectorItems(lists.childVector);
      for (const [i, row] of rows.entries()) {
        const from = lists.getEntryOffset(row);
        const end = from + lists.getEntryLength(row);
        for (let k = from; k < end; k++) values.push(items[k] ?? 0);
        offsets[at + i + 1] = values.length;
      }
    },
  };
}

/** An input of a block: the columns that are read for it, and what becomes of them. */
interface Target {
  readonly parts: readonly FilledColumn[];
  values(): SourceBlock['columns'][number];
}

function columnTarget({ kind, weighted }: StoredColumn, c: number, rows: number): Target {
  if (kind !== 'list') {
    const numbers = numberColumn(`i${c}`, kind === 'numeric' ? new Float32Array(rows) : new Int32Array(rows));
    return { parts: [numbers], values: () => numbers.values };
  }
  const [indexes, weights] = [entryColumn(`i${c}`, rows), entryColumn(`w${c}`, rows)];
  return {
    parts: weighted ? [indexes, weights] : [indexes],
    values: () => ({
      ...listBounds(indexes.offsets),
      indexes: Int32Array.from(indexes.values),
      ...(weighted ? { weights: Float32Array.from(weights.values) } : {}),
    }),
  };
}
