import { type Block, listOf, type SourceBlock, type SourceSplit, type Split, singleOf } from '../dataset.js';
import type { ColumnEncoding } from './column-encodings.js';

/** Which rows of a split are kept: in all, and in each block. */
export interface KeptRows {
  readonly rows: number;
  readonly counts: Int32Array;
}

/**
 * Encodes blocks when they are read.
 * @param tasks the source's index of each task, in the order of the config.
 * @param kept if given, rows that do not count (`keptRowsOf`) are left out and the others close up, so that blocks stay
 * full.
 */
export function encodedSplit(
  source: SourceSplit,
  encodings: readonly ColumnEncoding[],
  tasks: readonly number[],
  kept?: KeptRows,
): Split {
  const rows = kept?.rows ?? source.rows;
  const blockRows = Math.min(source.blockRows, Math.max(1, rows));
  const every = Int32Array.from({ length: source.blockRows }, (_, row) => row);
  const sizeOf = (block: number) => Math.min(source.blockRows, rows - block * source.blockRows);
  const counts = kept?.counts ?? Int32Array.from({ length: Math.ceil(rows / source.blockRows) }, (_, b) => sizeOf(b));
  const starts = startsOf(counts); // where each source block's rows begin
  return {
    rows,
    blockRows,
    ahead: (index) => !kept && source.ahead?.(index),
    async read(index) {
      const begin = index * blockRows;
      const end = Math.min(rows, begin + blockRows);
      const target = new RowTarget(end - begin, encodings, tasks);
      for (let b = blockAt(starts, begin); (starts[b] ?? end) < end; b++) {
        if (counts[b] === 0) continue;
        const start = starts[b] ?? 0;
        const block = await source.read(b);
        const own = kept ? keptRowsOf(block, tasks) : every.subarray(0, block.rows);
        target.append(block, own.subarray(Math.max(0, begin - start), end - start));
      }
      return target.block;
    },
  };
}

/** The rows that count: in the sample space of one of these tasks at least, with a weight above 0. */
export function keptRowsOf(block: SourceBlock, tasks: readonly number[]): Int32Array {
  const { labels, weights } = block;
  const kept = new Int32Array(block.rows);
  let count = 0;
  for (let row = 0; row < block.rows; row++) {
    if (weights?.[row] === 0) continue;
    if (tasks.some((task) => !Number.isNaN(labels[task]?.[row]))) kept[count++] = row;
  }
  return kept.subarray(0, count);
}

/**
 * Rows that are encoded together: few enough for their rows of the target to stay in the fastest cache from column to
 * column.
 */
const tileRows = 16;

/** Row-major arrays that are filled from column blocks. */
class RowTarget {
  readonly block: Block;
  readonly #encodings: readonly ColumnEncoding[];
  readonly #tasks: readonly number[];
  /** Columns of the matrices before the lists' entries, and all. */
  readonly #singles: { readonly categories: number; readonly numbers: number };
  readonly #categories: number;
  readonly #numbers: number;
  #rows = 0;

  constructor(rows: number, encodings: readonly ColumnEncoding[], tasks: readonly number[]) {
    this.#encodings = encodings;
    this.#tasks = tasks;
    const entries = encodings.reduce((sum, encoding) => sum + (encoding.kind === 'list' ? encoding.length : 0), 0);
    this.#singles = {
      categories: encodings.filter(({ kind }) => kind === 'categorical').length,
      numbers: encodings.filter(({ kind }) => kind === 'numeric').length,
    };
    this.#categories = this.#singles.categories + entries;
    this.#numbers = this.#singles.numbers + entries;
    this.block = {
      rows,
      categorical: new Int32Array(rows * this.#categories),
      numeric: new Float32Array(rows * this.#numbers),
      labels: new Float32Array(rows * tasks.length),
      masks: new Float32Array(rows * tasks.length),
    };
  }

  append(block: SourceBlock, rows: Int32Array): void {
    for (let begin = 0; begin < rows.length; begin += tileRows) {
      this.#appendTile(block, rows, begin, Math.min(rows.length, begin + tileRows));
    }
    this.#appendLabels(block, rows);
    this.#rows += rows.length;
  }

  #appendTile(block: SourceBlock, rows: Int32Array, begin: number, end: number): void {
    const { categorical, numeric } = this.block;
    let category = (this.#rows + begin) * this.#categories;
    let number = (this.#rows + begin) * this.#numbers;
    let entry = category + this.#singles.categories;
    let weight = number + this.#singles.numbers;
    for (let c = 0; c < this.#encodings.length; c++) {
      const encoding = this.#encodings[c];
      const values = block.columns[c];
      if (!encoding || !values) throw new Error(`The source has no values of column ${c}`);
      if (encoding.kind === 'list') {
        const { length } = encoding;
        const [indexes, width, weights] = [categorical, this.#categories, numeric];
        encoding.write(listOf(values), rows, begin, end, indexes, entry, width, weights, weight, this.#numbers);
        entry += length;
        weight += length;
      } else if (encoding.kind === 'categorical') {
        encoding.write(singleOf(values), rows, begin, end, categorical, category++, this.#categories);
      } else encoding.write(singleOf(values), rows, begin, end, numeric, number++, this.#numbers);
    }
  }

  /**
   * The mask is the row's weight in the task's sample space. What lies outside, or has weight 0, has mask 0 and label
   * 0: no mask would stop a NaN.
   */
  #appendLabels(block: SourceBlock, rows: Int32Array): void {
    const width = this.#tasks.length;
    for (let t = 0; t < width; t++) {
      const labels = block.labels[this.#tasks[t] ?? -1];
      if (!labels) throw new Error(`The source has no labels of task ${t}`);
      for (let i = 0, at = this.#rows * width + t; i < rows.length; i++, at += width) {
        const row = rows[i] ?? 0;
        const label = labels[row] ?? Number.NaN;
        const weight = Number.isNaN(label) ? 0 : (block.weights?.[row] ?? 1);
        this.block.labels[at] = weight > 0 ? label : 0;
        this.block.masks[at] = weight;
      }
    }
  }
}

function startsOf(counts: Int32Array): Int32Array {
  const starts = new Int32Array(counts.length);
  for (let b = 1; b < counts.length; b++) starts[b] = (starts[b - 1] ?? 0) + (counts[b - 1] ?? 0);
  return starts;
}

/** The last block that starts at or before this row: the one that has it, if it is not empty. */
function blockAt(starts: Int32Array, row: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
