import { setImmediate } from 'node:timers/promises';
import { type FloatArray, float32, type IntArray, int32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Random } from '../../support/random.js';
import { type Block, batchWidths, type Dataset, type Split, type SplitName } from '../dataset.js';

/** Consecutive batches of B rows each, in the form that an engine takes. */
export interface Chunk {
  readonly steps: number; // S
  /** Real rows of each batch: B, or fewer in the last batch of a pass, whose padding rows have mask 0. */
  readonly rows: Int32Array; // [S]
  /**
   * `categorical` int32 [S, B, F], `numeric` float32 [S, B, D], `labels` (in their own units) and `mask` float32 [S, T,
   * B]. The mask is a row's weight in the task's sample space, 0 outside it.
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
  /** The next `steps` batches, or all that are left. Undefined after the last. */
  take(steps: number): Promise<Chunk | undefined>;
}

/**
 * Reads a split once, in batches.
 *
 * Rows are shuffled within windows: the blocks are permuted, and then the rows of several blocks together. A window has
 * as many blocks as fit `windowBytes`, or fewer so that all windows are about equal. A split that fits is shuffled
 * uniformly. The order does not depend on the batch size or on how many batches are taken at a time.
 */
export function readBatches(
  dataset: Dataset,
  splitName: SplitName,
  options: {
    readonly batchSize: number;
    /** Shuffles the rows. Give each epoch its own stream. Absent: the split's order. */
    readonly order?: Random;
    /** Number of batches to skip at the start (of an interrupted epoch). The others are the same as without it. */
    readonly skip?: number;
    readonly windowBytes?: number;
  },
): BatchReader {
  const { batchSize, order, skip = 0, windowBytes = order ? 2 ** 26 : 0 } = options;
  const split = dataset.splits[splitName];
  const width = batchWidths(dataset);
  const windowAt = rowWindows(split, width, windowBytes, order);
  let row = skip * batchSize;
  let window: Window | undefined;

  return {
    steps: Math.ceil(split.rows / batchSize),
    async take(wanted) {
      const steps = Math.min(wanted, Math.ceil((split.rows - row) / batchSize));
      if (steps <= 0) return undefined;
      const first = row;
      const end = Math.min(split.rows, first + steps * batchSize);
      const arrays = {
        categorical: int32([steps, batchSize, width.categorical]), // zeros, which padding keeps
        numeric: float32([steps, batchSize, width.numeric]),
        labels: float32([steps, width.tasks, batchSize]),
        mask: float32([steps, width.tasks, batchSize]),
      };
      while (row < end) {
        if (!window || row >= window.end) {
          window = undefined; // its memory may go before the next one's is needed
          window = await windowAt(row);
        }
        const stop = Math.min(end, window.end);
        copyRows(window, row, stop, arrays, row - first);
        row = stop;
      }
      return {
        steps,
        rows: Int32Array.from({ length: steps }, (_, s) => Math.min(batchSize, end - first - s * batchSize)),
        arrays,
      };
    },
  };
}

/** Copies the pass's rows from `begin` to `end`, which the window has, to those of a chunk from `at` on. */
function copyRows(
  { begin: first, order, blocks, blockRows }: Window,
  begin: number,
  end: number,
  { categorical, numeric, labels, mask }: Chunk['arrays'],
  at: number,
): void {
  const [, B = 0, F = 0] = categorical.shape;
  const [, , D = 0] = numeric.shape;
  const [, T = 0] = labels.shape;
  for (let i = begin - first, row = at; i < end - first; i++, row++) {
    const from = order[i] ?? 0;
    const index = Math.floor(from / blockRows);
    const block = blocks[index];
    if (!block) throw new Error(`The window has no block ${index}`);
    const own = from - index * blockRows;
    copyRow(block.categorical, own * F, categorical.data, row * F, F);
    copyRow(block.numeric, own * D, numeric.data, row * D, D);
    // [rows, T] -> [S, T, B]
    const place = row % B;
    for (let t = 0, to = (row - place) * T + place; t < T; t++, to += B) {
      labels.data[to] = block.labels[own * T + t] ?? 0;
      mask.data[to] = block.masks[own * T + t] ?? 0;
    }
  }
}

function copyRow<Values extends Int32Array | Float32Array>(
  values: Values,
  from: number,
  target: Values,
  to: number,
  width: number,
): void {
  for (let k = 0; k < width; k++) target[to + k] = values[from + k] ?? 0;
}

/** Rows of a pass that are in memory together. */
interface Window {
  /** The rows of the pass that it holds: [begin, end). */
  readonly begin: number;
  readonly end: number;
  /** Where the pass's row `begin + i` is: row `order[i] % blockRows` of block `order[i] / blockRows`. */
  readonly order: Int32Array;
  readonly blocks: readonly Block[];
  readonly blockRows: number;
}

type RowWidth = ReturnType<typeof batchWidths>;

/**
 * Divides a pass over a split into windows of whole blocks, which differ by at most one block: in a small last window,
 * the few blocks might all have one label.
 * @param random Absent: the split's own order.
 * @returns what reads the window that contains a row of the pass.
 */
function rowWindows(split: Split, width: RowWidth, windowBytes: number, random: Random | undefined) {
  const { rows: total, blockRows } = split;
  const rowBytes = 4 * (width.categorical + width.numeric + 1); // without tasks: their number must not change the order
  const blocks = Int32Array.from({ length: Math.ceil(total / blockRows) }, (_, b) => b); // in the order of the pass
  random?.stream('blocks').shuffle(blocks);
  const most = Math.max(1, Math.min(blocks.length, Math.floor(windowBytes / (rowBytes * blockRows))));
  const count = Math.max(1, Math.ceil(blocks.length / most));
  const firstBlock = (window: number) => Math.floor((window * blocks.length) / count);
  let rows = 0;
  const windows = Array.from({ length: count }, (_, index) => {
    const [begin, first] = [rows, firstBlock(index)];
    const window = blocks.subarray(first, firstBlock(index + 1));
    for (const b of window) rows += Math.min(blockRows, total - b * blockRows); // only the split's last block may be short
    return { index, begin, end: rows, first, own: window };
  });
  return async (row: number): Promise<Window> => {
    const found = windows.find(({ end }) => row < end);
    const { index, begin, end, first, own } = must(found, `row ${row} of the pass`);
    const read: Block[] = [];
    const order = new Int32Array(end - begin);
    let at = 0;
    for (const [i, b] of own.entries()) {
      const reading = split.read(b);
      const next = blocks[first + i + 1];
      if (next !== undefined) split.ahead?.(next); // starts reading the next window's first block
      const block = await reading;
      read.push(block);
      for (let row = 0; row < block.rows; row++) order[at++] = i * blockRows + row;
      await setImmediate(); // lets signals and timers run
    }
    random?.stream(`window/${index}`).shuffle(order);
    return { begin, end, order, blocks: read, blockRows };
  };
}
