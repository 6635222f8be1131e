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
