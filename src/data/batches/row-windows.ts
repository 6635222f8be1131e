import { setImmediate } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import type { Block, Split } from '../dataset.js';

/** Rows of a pass that lie in memory together. */
export interface Window {
  /** The pass's rows that it has: [begin, end). */
  readonly begin: number;
  readonly end: number;
  /** Where in the arrays the pass's row `begin + i` lies. */
  readonly order: Int32Array;
  readonly categorical: Int32Array; // [rows, F]
  readonly numeric: Float32Array; // [rows, D]
  readonly labels: Float32Array; // [rows, T]
  readonly masks: Float32Array; // [rows, T], as those of `Block`
}

export interface RowWidth {
  readonly categorical: number; // F
  readonly numeric: number; // D
  readonly tasks: number; // T
}

/** Cuts a pass over a split into windows of whole blocks, and has the memory for one of them. */
export class RowWindows {
  readonly #split: Split;
  readonly #width: RowWidth;
  readonly #blocks: Int32Array; // in the order of the pass
  readonly #windows: number;
  readonly #order: Int32Array;
  readonly #categorical: Int32Array;
  readonly #numeric: Float32Array;
  readonly #labels: Float32Array;
  readonly #masks: Float32Array;
  readonly #random: Random | undefined;

  /** @param random absent: the split's own order. */
  constructor(split: Split, width: RowWidth, windowBytes: number, random: Random | undefined) {
    this.#random = random;
    this.#split = split;
    this.#width = width;
    const rowBytes = 4 * (width.categorical + width.numeric + 1); // not of the tasks: their number must not move the order
    const blocks = Math.ceil(split.rows / split.blockRows);
    this.#blocks = Int32Array.from({ length: blocks }, (_, b) => b);
    random?.stream('blocks').shuffle(this.#blocks);
    const most = Math.max(1, Math.min(blocks, Math.floor(windowBytes / (rowBytes * split.blockRows))));
    this.#windows = Math.max(1, Math.ceil(blocks / most));
    const rows = Math.min(split.rows, Math.ceil(blocks / this.#windows) * split.blockRows);
    this.#order = new Int32Array(rows);
    this.#categorical = new Int32Array(rows * width.categorical);
    this.#numeric = new Float32Array(rows * width.numeric);
    this.#labels = new Float32Array(rows * width.tasks);
    this.#masks = new Float32Array(rows * width.tasks);
  }

  /** Reads the window that has this row of the pass. Its arrays are those of the window before it. */
  async at(row: number): Promise<Window> {
    const { index, begin, blocks } = this.#find(row);
    let rows = 0;
    for (const [i, b] of blocks.entries()) {
      const reading = this.#split.read(b);
      const next = this.#blocks[this.#firstBlock(index) + i + 1];
      if (next !== undefined) this.#split.ahead?.(next); // a window's last block begins to read the next window's first
      const block = await reading;
      this.#copy(block, rows);
      rows += block.rows;
      await setImmediate(); // lets signals and timers in: a block may have to be generated
    }
    const order = this.#order.subarray(0, rows);
    for (let i = 0; i < rows; i++) order[i] = i;
    this.#random?.stream(`window/${index}`).shuffle(order);
    return {
      begin,
      end: begin + rows,
      order,
      categorical: this.#categorical,
      numeric: this.#numeric,
      labels: this.#labels,
      masks: this.#masks,
    };
  }

  /** Only the block that was the split's last may be short, wherever it now lies: earlier windows need not be read. */
  #find(row: number): { readonly index: number; readonly begin: number; readonly blocks: Int32Array } {
    const { rows: total, blockRows } = this.#split;
    let begin = 0;
    for (let index = 0; ; index++) {
      if (index === this.#windows) throw new Error(`The pass has no row ${row}`);
      const blocks = this.#blocks.subarray(this.#firstBlock(index), this.#firstBlock(index + 1));
      let rows = 0;
      for (const b of blocks) rows += Math.min(blockRows, total - b * blockRows);
      if (row < begin + rows) return { index, begin, blocks };
      begin += rows;
    }
  }

  /** Windows differ by a block at most: the few blocks of a small last one might all be of one label. */
  #firstBlock(window: number): number {
    return Math.floor((window * this.#blocks.length) / this.#windows);
  }

  #copy(block: Block, at: number): void {
    const { categorical, numeric, tasks } = this.#width;
    this.#categorical.set(block.categorical, at * categorical);
    this.#numeric.set(block.numeric, at * numeric);
    this.#labels.set(block.labels, at * tasks);
    this.#masks.set(block.masks, at * tasks);
  }
}
