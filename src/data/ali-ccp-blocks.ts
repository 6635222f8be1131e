import type { ListValues } from './dataset.js';
import type { PreparedValues } from './prepared/prepared-columns.js';
import type { PreparedTable } from './prepared/prepared-table.js';

interface Block {
  readonly rows: number;
  readonly columns: readonly PreparedValues[];
}

/** Blocks of a prepared table, of which the last that were used stay in memory. */
export class RecentBlocks {
  readonly blockRows: number;
  readonly rows: number;
  readonly #table: PreparedTable;
  readonly #most: number;
  readonly #blocks = new Map<number, Promise<Block>>(); // the longest unused first

  constructor(table: PreparedTable, most: number) {
    this.#table = table;
    this.#most = most;
    this.rows = table.rows;
    this.blockRows = table.blockRows;
  }

  read(index: number): Promise<Block> {
    const block = this.#blocks.get(index) ?? this.#table.read(index);
    this.#blocks.delete(index);
    this.#blocks.set(index, block);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#most) break;
      this.#blocks.delete(oldest);
    }
    return block;
  }
}

export function int32Of(block: Block, column: number): Int32Array {
  const values = block.columns[column];
  if (values instanceof Int32Array) return values;
  throw new Error(`Column ${column} is not of 32-bit integers`);
}

export function uint8Of(block: Block, column: number): Uint8Array {
  const values = block.columns[column];
  if (values instanceof Uint8Array) return values;
  throw new Error(`Column ${column} is not of bytes`);
}

export function listsOf(block: Block, column: number): ListValues {
  const values = block.columns[column];
  if (values && 'indexes' in values) return values;
  throw new Error(`Column ${column} is not of lists`);
}

/** Lists that are put together from others. */
export class ListBuilder {
  #offsets: Int32Array;
  #indexes = new Int32Array(1024);
  #weights = new Float32Array(1024);
  #rows = 0;

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
  }

  push({ offsets, indexes, weights }: ListValues, row: number): void {
    const [begin = 0, end = 0] = [offsets[row], offsets[row + 1]];
    const start = this.#offsets[this.#rows] ?? 0;
    const needed = start + end - begin;
    if (needed > this.#indexes.length) {
      const [grownIndexes, grownWeights] = [new Int32Array(2 * needed), new Float32Array(2 * needed)];
      grownIndexes.set(this.#indexes.subarray(0, start));
      grownWeights.set(this.#weights.subarray(0, start));
      this.#indexes = grownIndexes;
      this.#weights = grownWeights;
    }
    for (let i = begin, to = start; i < end; i++, to++) {
      this.#indexes[to] = indexes[i] ?? 0;
      this.#weights[to] = weights?.[i] ?? 1;
    }
    this.#offsets[++this.#rows] = needed;
  }

  get values(): ListValues {
    const count = this.#offsets[this.#rows] ?? 0;
    return {
      offsets: this.#offsets.subarray(0, this.#rows + 1),
      indexes: this.#indexes.subarray(0, count),
      weights: this.#weights.subarray(0, count),
    };
  }
}
