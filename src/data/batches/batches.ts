import { setImmediate } from 'node:timers/promises';
import { type FloatArray, float32, type IntArray, int32 } from '../../support/arrays.js';
import type { Random } from '../../support/random.js';
import { type Block, type Dataset, type Split, type SplitName, widthsOf } from '../dataset.js';

/** Consecutive batches of B rows each, as an engine takes them. */
export interface Chunk {
  readonly steps: number; // S
  /** Real rows of each batch: B, but fewer in a pass's last, whose other rows have mask 0. */
  readonly rows: Int32Array; // [S]
  /**
   * `categorical` int32 [S, B, F], `numeric` float32 [S, B, D], `labels` (in their own units) and `mask` (a row's weight in the task's sample
   * space, 0 outside it) float32 [S, T, B].
   * Views of memory that the next `take` overwrites.
   */
  readonly arrays: {
    readonly categorical: IntArray;
    readonly numeric: FloatArray;
    readonly labels: FloatArray;
    readonly mask: FloatArray;
  };
}

export interface BatchReader {
  /** Batches of the whole split. */
  readonly steps: number;
  /** The next `steps` batches, or as many as are left; undefined after the last. */
  take(steps: number): Promise<Chunk | undefined>;
}

/**
 * Reads a split once, in batches.
 *
 * Shuffled rows come window by window: the blocks are permuted, and the rows of as many blocks as fit `windowBytes`, or of fewer so
 * that windows are about equal, are permuted together. A split that fits is shuffled uniformly. The order depends on neither the batch size nor on how many batches are
 * taken at a time.
 */
export function readBatches(
  dataset: Dataset,
  splitName: SplitName,
  options: {
    readonly batchSize: number;
    /** Shuffles the rows: give each epoch a stream of its own. Absent: the split's order. */
    readonly order?: Random;
    /** How many batches to leave out at the start (of an interrupted epoch); the others are what they would have been. */
    readonly skip?: number;
    readonly windowBytes?: number;
  },
): BatchReader {
  const { batchSize, order, skip = 0, windowBytes = order ? 2 ** 26 : 0 } = options;
  const split = dataset.splits[splitName];
  const width = widthsOf(dataset);
  const windows = new RowWindows(split, width, windowBytes, order);
  const target = new ChunkTarget(batchSize, width);
  let row = skip * batchSize;
  let window: Window | undefined;

  return {
    steps: Math.ceil(split.rows / batchSize),
    async take(wanted) {
      const steps = Math.min(wanted, Math.ceil((split.rows - row) / batchSize));
      if (steps <= 0) return undefined;
      const end = Math.min(split.rows, row + steps * batchSize);
      target.start(steps);
      while (row < end) {
        if (!window || row >= window.end) window = await windows.at(row);
        const stop = Math.min(end, window.end);
        target.append(window, row - window.begin, stop - window.begin);
        row = stop;
      }
      return target.finish();
    },
  };
}

class ChunkTarget {
  readonly #batchSize: number;
  readonly #width: RowWidth;
  #capacity = 0; // in steps
  #categorical = new Int32Array();
  #numeric = new Float32Array();
  #labels = new Float32Array();
  #mask = new Float32Array();
  #steps = 0;
  #rows = 0;

  constructor(batchSize: number, width: RowWidth) {
    this.#batchSize = batchSize;
    this.#width = width;
  }

  start(steps: number): void {
    this.#steps = steps;
    this.#rows = 0;
    if (steps <= this.#capacity) return;
    this.#capacity = steps;
    const rows = steps * this.#batchSize;
    this.#categorical = new Int32Array(rows * this.#width.categorical);
    this.#numeric = new Float32Array(rows * this.#width.numeric);
    this.#labels = new Float32Array(rows * this.#width.tasks);
    this.#mask = new Float32Array(rows * this.#width.tasks);
  }

  /** Appends the rows of the window from its place `begin` to `end`, in its order. */
  append(window: Window, begin: number, end: number): void {
    gather(window.categorical, window.order, begin, end, this.#width.categorical, this.#categorical, this.#rows);
    gather(window.numeric, window.order, begin, end, this.#width.numeric, this.#numeric, this.#rows);
    this.#gatherByTask(window.labels, window.order, begin, end, this.#labels);
    this.#gatherByTask(window.masks, window.order, begin, end, this.#mask);
    this.#rows += end - begin;
  }

  /** [rows, T] -> [S, T, B] */
  #gatherByTask(values: Float32Array, order: Int32Array, begin: number, end: number, target: Float32Array): void {
    const tasks = this.#width.tasks;
    const size = this.#batchSize;
    for (let i = begin, row = this.#rows; i < end; i++, row++) {
      const place = row % size;
      let to = (row - place) * tasks + place;
      let from = (order[i] ?? 0) * tasks;
      for (let t = 0; t < tasks; t++, from++, to += size) target[to] = values[from] ?? 0;
    }
  }

  finish(): Chunk {
    const [S, B] = [this.#steps, this.#batchSize];
    const { categorical: F, numeric: D, tasks: T } = this.#width;
    const rows = new Int32Array(S).fill(B);
    const padding = S * B - this.#rows;
    if (padding > 0) {
      rows[S - 1] = B - padding;
      this.#categorical.fill(0, this.#rows * F, S * B * F);
      this.#numeric.fill(0, this.#rows * D, S * B * D);
      for (let t = 0; t < T; t++) {
        const end = ((S - 1) * T + t + 1) * B;
        this.#labels.fill(0, end - padding, end);
        this.#mask.fill(0, end - padding, end);
      }
    }
    return {
      steps: S,
      rows,
      arrays: {
        categorical: int32([S, B, F], this.#categorical.subarray(0, S * B * F)),
        numeric: float32([S, B, D], this.#numeric.subarray(0, S * B * D)),
        labels: float32([S, T, B], this.#labels.subarray(0, S * T * B)),
        mask: float32([S, T, B], this.#mask.subarray(0, S * T * B)),
      },
    };
  }
}

/** Copies the rows `order[begin..end]` of a row-major matrix to another, from its row `at`. */
function gather<Values extends Int32Array | Float32Array>(
  values: Values,
  order: Int32Array,
  begin: number,
  end: number,
  width: number,
  target: Values,
  at: number,
): void {
  let to = at * width;
  for (let i = begin; i < end; i++) {
    let from = (order[i] ?? 0) * width;
    for (let k = 0; k < width; k++) target[to++] = values[from++] ?? 0;
  }
}

/** Rows of a pass that lie in memory together. */
interface Window {
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

interface RowWidth {
  readonly categorical: number; // F
  readonly numeric: number; // D
  readonly tasks: number; // T
}

/** Cuts a pass over a split into windows of whole blocks, and has the memory for one of them. */
class RowWindows {
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
