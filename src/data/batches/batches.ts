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
  const windows = planWindows(split, width, windowBytes, order);
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
          const plan = must(
            windows.find(({ end }) => row < end),
            'window',
          );
          window = await readWindow(split, plan, order);
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

/** Copies the pass's rows from `begin` to `end`, which the window has, to those of a chunk from `first` on. */
function copyRows(
  { begin: windowBegin, order, blocks, blockRows }: Window,
  begin: number,
  end: number,
  { categorical, numeric, labels, mask }: Chunk['arrays'],
  first: number,
): void {
  const [, B = 0, F = 0] = categorical.shape;
  const [, , D = 0] = numeric.shape;
  const [, T = 0] = labels.shape;
  for (let i = begin - windowBegin, to = first; i < end - windowBegin; i++, to++) {
    const from = order[i] ?? 0;
    const index = Math.floor(from / blockRows);
    const block = must(blocks[index], 'block of the window');
    const row = from - index * blockRows;
    copyRow(block.categorical, row * F, categorical.data, to * F, F);
    copyRow(block.numeric, row * D, numeric.data, to * D, D);
    // [rows, T] -> [S, T, B]
    const inBatch = to % B;
    for (let t = 0, cell = (to - inBatch) * T + inBatch; t < T; t++, cell += B) {
      labels.data[cell] = block.labels[row * T + t] ?? 0;
      mask.data[cell] = block.masks[row * T + t] ?? 0;
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
interface Window extends Pick<WindowPlan, 'begin' | 'end'> {
  /** Where the pass's row `begin + i` is: row `order[i] % blockRows` of block `order[i] / blockRows`. */
  readonly order: Int32Array;
  readonly blocks: readonly Block[];
  readonly blockRows: number;
}

/** Whole blocks that make a window. */
interface WindowPlan {
  readonly index: number;
  /** The rows of the pass that it holds: [begin, end). */
  readonly begin: number;
  readonly end: number;
  /** Numbers of the split's blocks, in the order of the pass. */
  readonly blocks: Int32Array;
  /** The first block of the next window, if there is one. */
  readonly next: number | undefined;
}

/**
 * Divides a pass over a split into windows, which differ by at most one block: in a small last window, the few blocks
 * might all have one label.
 * @param random Absent: the split's own order.
 */
function planWindows(
  { rows: total, blockRows }: Split,
  width: ReturnType<typeof batchWidths>,
  windowBytes: number,
  random: Random | undefined,
): readonly WindowPlan[] {
  const rowBytes = 4 * (width.categorical + width.numeric + 1); // without tasks: their number must not change the order
  const order = Int32Array.from({ length: Math.ceil(total / blockRows) }, (_, b) => b);
  random?.stream('blocks').shuffle(order);
  const most = Math.max(1, Math.min(order.length, Math.floor(windowBytes / (rowBytes * blockRows))));
  const count = Math.max(1, Math.ceil(order.length / most));
  const firstBlock = (window: number) => Math.floor((window * order.length) / count);
  let rows = 0;
  return Array.from({ length: count }, (_, index) => {
    const begin = rows;
    const blocks = order.subarray(firstBlock(index), firstBlock(index + 1));
    for (const b of blocks) rows += Math.min(blockRows, total - b * blockRows); // only the split's last block may be short
    return { index, begin, end: rows, blocks, next: order[firstBlock(index + 1)] };
  });
}

async function readWindow(
  split: Split,
  { index, begin, end, blocks, next }: WindowPlan,
  random: Random | undefined,
): Promise<Window> {
  const read: Block[] = [];
  const order = new Int32Array(end - begin);
  let ordered = 0;
  for (const [i, b] of blocks.entries()) {
    const reading = split.read(b);
    const following = blocks[i + 1] ?? next;
    if (following !== undefined) split.ahead?.(following);
    const block = await reading;
    read.push(block);
    for (let row = 0; row < block.rows; row++) order[ordered++] = i * split.blockRows + row;
    await setImmediate(); // lets signals and timers run
  }
  random?.stream(`window/${index}`).shuffle(order);
  return { begin, end, order, blocks: read, blockRows: split.blockRows };
}
