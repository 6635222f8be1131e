import { setImmediate } from 'node:timers/promises';
import type { ListValues } from '../dataset.js';
import type { ArrowFile, BlockPlace } from './arrow-file.js';
import type { PreparedBlock, PreparedColumn, PreparedValues, TextValues } from './prepared-columns.js';
import type { TableIndex } from './prepared-table.js';

export interface TableWriter {
  /** Rows so far. */
  readonly rows: number;
  /** Takes any number of rows; the arrays may be overwritten when it is done. One call at a time. Throws where it is to stop. */
  append(block: PreparedBlock): Promise<void>;
}

/** Cuts rows into blocks of equal size and writes each when it is full. */
export class BlockedTableWriter implements TableWriter {
  readonly #file: ArrowFile;
  readonly #columns: readonly PreparedColumn[];
  readonly #blockRows: number;
  readonly #buffers: readonly ColumnBuffer[];
  readonly #signal: AbortSignal | undefined;
  readonly #blocks: BlockPlace[] = [];
  #filled = 0;
  #rows = 0;

  /** @param signal When it fires, the next block is not written, and its reason is thrown. */
  constructor(file: ArrowFile, columns: readonly PreparedColumn[], blockRows: number, signal?: AbortSignal) {
    this.#file = file;
    this.#signal = signal;
    this.#columns = columns;
    this.#blockRows = blockRows;
    this.#buffers = columns.map((column) => columnBuffer(column, blockRows));
  }

  get rows(): number {
    return this.#rows;
  }

  async append({ rows, columns }: PreparedBlock): Promise<void> {
    for (let from = 0; from < rows; ) {
      const count = Math.min(rows - from, this.#blockRows - this.#filled);
      for (const [c, buffer] of this.#buffers.entries()) {
        const values = columns[c];
        if (!values) throw new Error(`A block has no values of column ${this.#columns[c]?.name}`);
        buffer.add(values, from, from + count, this.#filled);
      }
      this.#filled += count;
      this.#rows += count;
      from += count;
      if (this.#filled === this.#blockRows) await this.#flush();
    }
  }

  async finish(): Promise<TableIndex> {
    if (this.#filled > 0) await this.#flush();
    const { bytes, frame } = await this.#file.finish();
    return { columns: this.#columns, rows: this.#rows, blockRows: this.#blockRows, bytes, blocks: this.#blocks, frame };
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async #flush(): Promise<void> {
    this.#signal?.throwIfAborted();
    const columns = this.#buffers.map(({ values }) => values);
    this.#blocks.push(await this.#file.write({ rows: this.#filled, columns }));
    this.#filled = 0;
    await setImmediate(); // lets signals and timers in
  }
}

interface ColumnBuffer {
  readonly values: PreparedValues;
  /** Puts the rows [from, to) at the buffer's row `at`. */
  add(values: PreparedValues, from: number, to: number, at: number): void;
}

function columnBuffer({ name, kind }: PreparedColumn, blockRows: number): ColumnBuffer {
  if (kind === 'list') return new ListBuffer(name, blockRows);
  if (kind === 'text') return new TextBuffer(name, blockRows);
  const values = new { int32: Int32Array, float32: Float32Array, uint8: Uint8Array }[kind](blockRows);
  return {
    values,
    add(from, begin, end, at) {
      if ('offsets' in from) throw new Error(`Column ${name} has no single values`);
      values.set(from.subarray(begin, end), at);
    },
  };
}

class ListBuffer implements ColumnBuffer {
  readonly #name: string;
  readonly #offsets: Int32Array;
  #indexes = new Int32Array(1024);
  #weights = new Float32Array(1024);
  #weighted = false;

  constructor(name: string, blockRows: number) {
    this.#name = name;
    this.#offsets = new Int32Array(blockRows + 1);
  }

  get values(): ListValues {
    const values = { offsets: this.#offsets, indexes: this.#indexes };
    return this.#weighted ? { ...values, weights: this.#weights } : values;
  }

  add(values: PreparedValues, from: number, to: number, at: number): void {
    if (!('indexes' in values)) throw new Error(`Column ${this.#name} has no lists`);
    const [begin, end] = moveOffsets(values.offsets, from, to, this.#offsets, at);
    const start = this.#offsets[at] ?? 0;
    const needed = start + end - begin;
    if (needed > this.#indexes.length) {
      this.#indexes = grown(this.#indexes, new Int32Array(2 * needed));
      this.#weights = grown(this.#weights, new Float32Array(2 * needed));
    }
    this.#indexes.set(values.indexes.subarray(begin, end), start);
    if (values.weights) {
      this.#weighted = true;
      this.#weights.set(values.weights.subarray(begin, end), start);
    } else this.#weights.fill(1, start, needed);
  }
}

class TextBuffer implements ColumnBuffer {
  readonly #name: string;
  readonly #offsets: Int32Array;
  #bytes = new Uint8Array(1024);

  constructor(name: string, blockRows: number) {
    this.#name = name;
    this.#offsets = new Int32Array(blockRows + 1);
  }

  get values(): TextValues {
    return { offsets: this.#offsets, bytes: this.#bytes };
  }

  add(values: PreparedValues, from: number, to: number, at: number): void {
    if (!('bytes' in values)) throw new Error(`Column ${this.#name} has no texts`);
    const [begin, end] = moveOffsets(values.offsets, from, to, this.#offsets, at);
    const start = this.#offsets[at] ?? 0;
    const needed = start + end - begin;
    if (needed > this.#bytes.length) this.#bytes = grown(this.#bytes, new Uint8Array(2 * needed));
    this.#bytes.set(values.bytes.subarray(begin, end), start);
  }
}

/** Continues `target` from its row `at` with the rows [from, to). @returns where these rows' entries begin and end. */
function moveOffsets(offsets: Int32Array, from: number, to: number, target: Int32Array, at: number): [number, number] {
  const begin = offsets[from] ?? 0;
  if (at === 0) target[0] = 0;
  const shift = (target[at] ?? 0) - begin;
  for (let row = from + 1, place = at + 1; row <= to; row++, place++) target[place] = (offsets[row] ?? 0) + shift;
  return [begin, offsets[to] ?? 0];
}

function grown<Values extends Int32Array | Float32Array | Uint8Array>(old: Values, larger: Values): Values {
  larger.set(old);
  return larger;
}
