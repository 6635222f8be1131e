import type { DuckDBListVector, DuckDBVector } from '@duckdb/node-api';
import { must } from '../../support/must.js';
import {
  type ListValues,
  type Source,
  type SourceBlock,
  type SourceColumn,
  type SourceSplit,
  type SourceTask,
  type SplitName,
  splitNames,
  type TextReading,
} from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { type Prepared, PreparedFile } from './prepared.js';
import { itemsOf, listVector } from './vector-values.js';

/**
 * The description of a prepared source's DuckDB file. Its tables:
 *
 * - `rows`: rows of train, then validation, then test. `row` INTEGER: the row's number in the files, from 0. Input `c`
 *   is `i<c>`: INTEGER indexes of the dictionary, or FLOAT (NaN: missing), or INTEGER[] with the weights `w<c>`
 *   FLOAT[]. Task `t` has the labels `l<t>` FLOAT, NaN outside its sample space. `weight` FLOAT: the row's weight, if
 *   rows have weights.
 * - `dictionaries`: each input's texts, in the order of their indexes.
 */
export interface StoredSource {
  readonly columns: readonly (Omit<SourceColumn, 'dictionary'> & { readonly weighted?: boolean })[];
  readonly tasks: readonly SourceTask[];
  readonly rows: Readonly<Record<SplitName, number>>;
  /** Some labels are NaN. */
  readonly masked: boolean;
  /** Rows have weights. */
  readonly weighted?: boolean;
  readonly checksum: string;
  readonly group?: string;
  readonly texts?: TextReading;
  /** Notes for whoever opens it. */
  readonly notes?: readonly string[];
}

/** The largest range of rows per read. Long ranges cost less per row. */
const mostBlock = { bytes: 2 ** 24, rows: 12 * 2048 };
/** The blocks of a source of at most this many bytes stay in memory. */
const mostKept = 2 ** 26;
/** Bytes of a list that count towards a row's size. Of a long list, only a part is fed. */
const listBytes = 256;

/**
 * Rows per block: whole DuckDB vectors. Rows are shuffled in windows of 64 MiB of blocks, and a window should hold
 * several blocks, however wide the rows.
 */
function blockRowsOf(stored: StoredSource): number {
  const bytes = rowBytes(stored);
  return Math.max(1, Math.min(mostBlock.rows, 2048 * Math.max(1, Math.floor(mostBlock.bytes / bytes / 2048))));
}

function rowBytes({ columns, tasks }: StoredSource): number {
  return columns.reduce((sum, { kind }) => sum + (kind === 'list' ? listBytes : 4), 4 * tasks.length);
}

/** The source stored in a prepared file. Any number of processes may read it. */
export async function preparedSource(
  entry: Prepared<StoredSource>,
  context: Pick<LoaderContext, 'note' | 'signal'>,
): Promise<Source> {
  return sourceOf(new Reader(entry), entry.description, context);
}

/** The same, read whole into memory: the file is closed, and may go. */
export async function wholeSource(
  entry: Prepared<StoredSource>,
  context: Pick<LoaderContext, 'note' | 'signal'>,
): Promise<Source> {
  const reader = new Reader(entry);
  try {
    const source = await sourceOf(reader, entry.description, context);
    const { train, validation, test } = source.splits;
    const whole = (split: SourceSplit) => wholeSplit(split, context.signal);
    return {
      ...source,
      splits: { train: await whole(train), validation: await whole(validation), test: await whole(test) },
    };
  } finally {
    await reader.close();
  }
}

async function wholeSplit(split: SourceSplit, signal: AbortSignal | undefined): Promise<SourceSplit> {
  const { rows, blockRows } = split;
  const blocks: SourceBlock[] = [];
  const numbers: Int32Array[] = [];
  for (let b = 0; b * blockRows < rows; b++) {
    signal?.throwIfAborted();
    blocks.push(await split.read(b));
    if (split.numbers) numbers.push(await split.numbers(b));
  }
  return {
    rows,
    blockRows,
    read: (index) => must(blocks[index], `block ${index}`),
    ...(split.numbers ? { numbers: async (index) => must(numbers[index], `block ${index}`) } : {}),
  };
}

async function sourceOf(
  reader: Reader,
  stored: StoredSource,
  { note, signal }: Pick<LoaderContext, 'note' | 'signal'>,
): Promise<Source> {
  for (const message of stored.notes ?? []) note(message);
  const dictionaries = await reader.dictionaries(stored.columns.length, signal);
  const blockRows = blockRowsOf(stored);
  const all = splitNames.reduce((sum, name) => sum + stored.rows[name], 0);
  const isKept = all * rowBytes(stored) <= mostKept;
  let before = 0;
  const split = (name: SplitName): SourceSplit => {
    const [first, rows] = [before, stored.rows[name]];
    before += rows;
    const range = (index: number): readonly [number, number] => {
      return [first + index * blockRows, first + Math.min(rows, (index + 1) * blockRows)];
    };
    const begun = new Map<number, Promise<SourceBlock>>();
    const begin = (index: number) => {
      const block = begun.get(index) ?? reader.block(stored, ...range(index));
      block.catch(() => begun.delete(index)); // its reader gets the error
      begun.set(index, block);
      return block;
    };
    return {
      rows,
      blockRows,
      read(index) {
        const block = begin(index);
        if (!isKept) begun.clear();
        return block;
      },
      ahead(index) {
        if (index * blockRows < rows) begin(index);
      },
      numbers: (index) => reader.numbers(...range(index)),
    };
  };
  const [train, validation, test] = splitNames.map(split);
  if (!train || !validation || !test) throw new Error('There are three splits');
  return {
    columns: stored.columns.map(({ weighted, ...column }, c): SourceColumn => {
      const indexed = column.kind !== 'numeric' && column.size === undefined;
      return indexed ? { ...column, dictionary: dictionaries[c] ?? [] } : column;
    }),
    tasks: stored.tasks,
    masked: stored.masked,
    checksum: stored.checksum,
    splits: { train, validation, test },
    ...(stored.group === undefined ? {} : { group: stored.group }),
    ...(stored.texts ? { texts: stored.texts } : {}),
  };
}

/** Reads ranges of rows. */
class Reader {
  readonly #file: PreparedFile;

  constructor(entry: Prepared<StoredSource>) {
    const { columns, tasks } = entry.description;
    this.#file = new PreparedFile(entry, columns.length + tasks.length);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async dictionaries(columns: number, signal: AbortSignal | undefined): Promise<string[][]> {
    const dictionaries: string[][] = Array.from({ length: columns }, () => []);
    for await (const chunk of this.#file.chunks('SELECT input, value FROM prepared.dictionaries')) {
      signal?.throwIfAborted();
      const [inputs, values] = [chunk.getColumnValues(0), chunk.getColumnValues(1)];
      for (const [row, value] of values.entries()) dictionaries[Number(inputs[row])]?.push(String(value));
    }
    return dictionaries;
  }

  async numbers(from: number, to: number): Promise<Int32Array> {
    const numbers = new Int32Array(to - from);
    let at = 0;
    const rows = `prepared.rows WHERE rowid BETWEEN ${from} AND ${to - 1}`;
    for await (const chunk of this.#file.chunks(`SELECT "row" FROM ${rows}`)) {
      copyNumbers(chunk.getColumnVector(0), numbers, at, chunk.rowCount);
      at += chunk.rowCount;
    }
    return numbers;
  }

  async block({ columns, tasks, weighted }: StoredSource, from: number, to: number): Promise<SourceBlock> {
    const rows = to - from;
    const selected: string[] = [];
    const targets: Target[] = [];
    const inputs = columns.map(({ kind, weighted }, c) => {
      if (kind === 'list') {
        const list = new ListTarget(rows, weighted === true);
        selected.push(`i${c}`, ...(weighted ? [`w${c}`] : []));
        targets.push(list.indexes, ...(weighted ? [list.weights] : []));
        return () => list.values;
      }
      const values = kind === 'numeric' ? new Float32Array(rows) : new Int32Array(rows);
      selected.push(`i${c}`);
      targets.push({ add: (vector, at, count) => copyNumbers(vector, values, at, count) });
      return () => values;
    });
    const labels = tasks.map((_, t) => {
      const values = new Float32Array(rows);
      selected.push(`l${t}`);
      targets.push({ add: (vector, at, count) => copyNumbers(vector, values, at, count) });
      return values;
    });
    const weights = new Float32Array(weighted ? rows : 0);
    if (weighted) {
      selected.push('weight');
      targets.push({ add: (vector, at, count) => copyNumbers(vector, weights, at, count) });
    }
    let at = 0;
    const range = `prepared.rows WHERE rowid BETWEEN ${from} AND ${to - 1}`;
    for await (const chunk of this.#file.chunks(`SELECT ${selected.join(', ')} FROM ${range}`)) {
      for (const [k, target] of targets.entries()) target.add(chunk.getColumnVector(k), at, chunk.rowCount);
      at += chunk.rowCount;
    }
    await this.#file.expectRows(`the rows ${from} to ${to}`, at, rows);
    return {
      rows,
      columns: inputs.map((values) => values()),
      labels,
      ...(weighted ? { weights } : {}),
    };
  }
}

/** Receives a vector's values, which belong to the rows from `at` on. */
interface Target {
  add(vector: DuckDBVector, at: number, count: number): void;
}

function copyNumbers(vector: DuckDBVector, target: Int32Array | Float32Array, at: number, count: number): void {
  target.set(itemsOf(vector).subarray(0, count), at);
}

/** A column of lists, with an optional column of weights of equal lengths. */
class ListTarget {
  readonly #offsets: Int32Array;
  readonly #weighted: boolean;
  #indexes = new Int32Array(1024);
  #weights = new Float32Array(1024);

  constructor(rows: number, weighted: boolean) {
    this.#offsets = new Int32Array(rows + 1);
    this.#weighted = weighted;
  }

  readonly indexes: Target = {
    add: (vector, at, count) => {
      const lists = listVector(vector);
      for (let row = 0; row < count; row++) {
        const [begin, length] = [this.#offsets[at + row] ?? 0, lists.getEntryLength(row)];
        while (begin + length > this.#indexes.length) {
          this.#indexes = grown(this.#indexes, new Int32Array(2 * this.#indexes.length));
          this.#weights = grown(this.#weights, new Float32Array(2 * this.#weights.length));
        }
        copyEntries(lists, row, this.#indexes, begin);
        this.#offsets[at + row + 1] = begin + length;
      }
    },
  };

  readonly weights: Target = {
    add: (vector, at, count) => {
      const lists = listVector(vector);
      for (let row = 0; row < count; row++) copyEntries(lists, row, this.#weights, this.#offsets[at + row] ?? 0);
    },
  };

  get values(): ListValues {
    const [offsets, count] = [this.#offsets, this.#offsets.at(-1) ?? 0];
    const indexes = this.#indexes.subarray(0, count);
    return this.#weighted ? { offsets, indexes, weights: this.#weights.subarray(0, count) } : { offsets, indexes };
  }
}

function copyEntries(lists: DuckDBListVector, row: number, target: Int32Array | Float32Array, at: number): void {
  const [offset, length] = [lists.getEntryOffset(row), lists.getEntryLength(row)];
  target.set(itemsOf(lists.childVector).subarray(offset, offset + length), at);
}

function grown<Values extends Int32Array | Float32Array>(old: Values, larger: Values): Values {
  larger.set(old);
  return larger;
}
