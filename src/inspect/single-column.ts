import {
  listOf,
  type Source,
  type SourceBlock,
  type SourceColumn,
  type SourceTask,
  singleOf,
} from '../data/dataset.js';
import { entriesOf, lookedAt, readBlocks } from './looked-at.js';

/** How well one column alone predicts one task's labels on the validation rows. */
export interface AloneScore {
  readonly task: string;
  /** Of a binary task: AUC. Of a regression task: R². Of a multiclass task: R² of the class's index, 1 for a column that tells the class. Null where it is not defined. */
  readonly score: number | null;
  /** Validation rows read in the task's sample space. */
  readonly rows: number;
  /** For a binary task: number of rows of the rarer class. */
  readonly rarer: number | null;
}

/**
 * Tests one column against one task's labels: first on training blocks, then on validation blocks. `cells` is the
 * result of `Cells.of` for the block.
 */
export interface SingleColumn {
  learn(block: SourceBlock, cells: Int32Array): void;
  score(block: SourceBlock, cells: Int32Array): void;
  finish(): AloneScore;
}

/**
 * Learns each value's mean label from the training rows (for numbers: each bucket's). On validation rows these means
 * are the scores. So a column of values that occur only once does not score well.
 *
 * A list's score is that of the entry whose mean is farthest from the overall mean. For a regression task, a numeric
 * column is also tried as a straight line, by its squared correlation with the validation labels.
 * @param index The column's index in the source.
 * @param taskIndex The task's index in the source.
 * @param cells Number of cells for the column's values. Empty lists have one more.
 */
export function singleColumn(
  { kind }: SourceColumn,
  index: number,
  { name: task, type }: SourceTask,
  taskIndex: number,
  cells: number,
): SingleColumn {
  const [train, validation] = [labelsInCells(cells + 1), labelsInCells(cells + 1)];
  const line = kind === 'numeric' && type === 'regression' ? new Line() : undefined;
  const all = { rows: 0, sum: 0, squares: 0 };
  let means: Float64Array | undefined;
  return {
    learn(block, placed) {
      forEachRow(block, (_, label, begin, end) => {
        all.rows++;
        all.sum += label;
        if (begin === end) count(train, cells, label);
        for (let i = begin; i < end; i++) count(train, placed[i] ?? 0, label);
      });
    },
    score(block, placed) {
      const mean = all.sum / Math.max(1, all.rows);
      means ??= meansOf(train, mean);
      const scores = means;
      const numbers = line && singleOf(block.columns[index] ?? new Float32Array());
      forEachRow(block, (row, label, begin, end) => {
        let [cell, farthest] = [cells, -1];
        for (let i = begin; i < end; i++) {
          const distance = Math.abs((scores[placed[i] ?? 0] ?? mean) - mean);
          if (distance > farthest) [farthest, cell] = [distance, placed[i] ?? 0];
        }
        count(validation, cell, label);
        all.squares += label * label;
        if (numbers) line.add(numbers[row] ?? Number.NaN, label);
      });
    },
    finish() {
      const rows = validation.rows.reduce((sum, count) => sum + count, 0);
      const scores = means ?? new Float64Array(cells + 1);
      if (type === 'binary') {
        const positives = validation.sums.reduce((sum, value) => sum + value, 0);
        return { task, score: areaOfCells(validation, scores), rows, rarer: Math.min(positives, rows - positives) };
      }
      const explained = explainedByCells(validation, all.squares, scores);
      const straight = line?.explained ?? null;
      const score = explained === null || straight === null ? explained : Math.max(explained, straight);
      return { task, score, rows, rarer: null };
    },
  };

  /** For each row in the sample space: the range of its entries in the block's cells. */
  function forEachRow(block: SourceBlock, use: (row: number, label: number, begin: number, end: number) => void): void {
    const labels = block.labels[taskIndex];
    const lists = kind === 'list' ? entriesOf(listOf(block.columns[index] ?? new Int32Array())) : undefined;
    for (let row = 0; row < block.rows; row++) {
      const label = labels?.[row] ?? Number.NaN;
      if (Number.isNaN(label)) continue;
      const list = lists?.of?.[row] ?? row;
      if (lists) use(row, label, lists.offsets[list] ?? 0, lists.offsets[list + 1] ?? 0);
      else use(row, label, row, row + 1);
    }
  }
}

/**
 * Puts each value of a column in one of `count` cells: one per value, or one per bucket of numbers. Statistics of a
 * single column are kept by cell.
 */
export interface Cells {
  readonly count: number;
  /** For a list: the cells of all entries of the block, with shared lists once. Otherwise one cell per row. */
  of(block: SourceBlock): Int32Array;
}

/**
 * Maximum number of buckets of a numeric column. Buckets have equal numbers of training rows; rare values have one
 * bucket each.
 */
const mostBuckets = 256;

/**
 * @param sample Training values of a numeric column, ascending, without NaN.
 * @param most Columns with more values share cells.
 */
export function cellsOf(column: SourceColumn, index: number, sample: Float32Array, most: number): Cells {
  if (column.kind === 'numeric')
    return numericCells(index, edgesOf(sample, Math.max(2, Math.min(mostBuckets, most - 1))));
  const count = Math.max(1, Math.min(most, column.size ?? column.dictionary?.length ?? 0));
  return {
    count,
    of(block) {
      const values = block.columns[index] ?? new Int32Array();
      const indexes = column.kind === 'list' ? entriesOf(listOf(values)).indexes : singleOf(values);
      return Int32Array.from(indexes, (value) => value % count);
    },
  };
}

/** The first cell is for missing values. */
function numericCells(index: number, edges: Float32Array): Cells {
  return {
    count: edges.length + 2,
    of: (block) =>
      Int32Array.from(singleOf(block.columns[index] ?? new Float32Array()), (value) =>
        Number.isNaN(value) ? 0 : 1 + notAbove(edges, value),
      ),
  };
}

function edgesOf(sorted: Float32Array, buckets: number): Float32Array {
  const different = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (different.length <= buckets) return different.slice(1);
  const edges: number[] = [];
  for (let k = 1; k < buckets; k++) {
    const edge = sorted[Math.floor((k * sorted.length) / buckets)] ?? 0;
    if (edge > (edges.at(-1) ?? sorted[0] ?? 0)) edges.push(edge);
  }
  return Float32Array.from(edges);
}

/** Number of edges (ascending) that are at most the value. */
function notAbove(edges: Float32Array, value: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Number of rows whose values place the bucket edges. */
const sampleRows = 2 ** 14;

/**
 * Values of every numeric column in about 16,000 training rows of evenly spaced blocks, ascending, without NaN. Empty
 * for other columns.
 */
export async function columnSamples(source: Source, mostRows: number): Promise<readonly Float32Array[]> {
  const { train } = source.splits;
  const { blocks, rows } = lookedAt(train, Math.min(mostRows, 4 * sampleRows));
  const stride = Math.max(1, Math.ceil(rows / sampleRows));
  const samples = source.columns.map((): number[] => []);
  if (source.columns.every(({ kind }) => kind !== 'numeric')) return samples.map((sample) => Float32Array.from(sample));
  for await (const block of readBlocks(train, blocks)) {
    for (const [c, { kind }] of source.columns.entries()) {
      if (kind !== 'numeric') continue;
      const values = singleOf(block.columns[c] ?? new Float32Array());
      for (let row = 0; row < block.rows; row += stride) {
        const value = values[row] ?? Number.NaN;
        if (!Number.isNaN(value)) samples[c]?.push(value);
      }
    }
  }
  return samples.map((sample) => Float32Array.from(sample).sort());
}

/** Numbers of rows and sums of labels, by cell. */
interface LabelsInCells {
  readonly rows: Uint32Array;
  readonly sums: Float64Array;
}

function labelsInCells(count: number): LabelsInCells {
  return { rows: new Uint32Array(count), sums: new Float64Array(count) };
}

function count({ rows, sums }: LabelsInCells, cell: number, label: number): void {
  rows[cell] = (rows[cell] ?? 0) + 1;
  sums[cell] = (sums[cell] ?? 0) + label;
}

/**
 * Each cell's mean label, smoothed as if the cell had one more row with the overall mean. Cells without rows get the
 * overall mean.
 */
function meansOf({ rows, sums }: LabelsInCells, mean: number): Float64Array {
  return Float64Array.from(sums, (sum, cell) => (sum + mean) / ((rows[cell] ?? 0) + 1));
}

/**
 * Area under the ROC curve of rows that are scored by their cell; ties count half. Null if there is only one class.
 * @param labels of 0 and 1.
 */
function areaOfCells({ rows, sums }: LabelsInCells, scores: Float64Array): number | null {
  const filled = Uint32Array.from(rows.keys()).filter((cell) => rows[cell] !== 0);
  filled.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let [ordered, positives, negatives] = [0, 0, 0];
  for (let from = 0; from < filled.length; ) {
    let [tiedPositives, tiedNegatives] = [0, 0];
    const score = scores[filled[from] ?? 0];
    for (; from < filled.length && scores[filled[from] ?? 0] === score; from++) {
      const cell = filled[from] ?? 0;
      tiedPositives += sums[cell] ?? 0;
      tiedNegatives += (rows[cell] ?? 0) - (sums[cell] ?? 0);
    }
    ordered += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
  }
  return positives > 0 && negatives > 0 ? ordered / (positives * negatives) : null;
}

/**
 * R² = 1 - (squared errors of the scores) / (squared deviations from the rows' own mean). Null if labels do not vary.
 * @param squares Sum of the squared labels.
 */
function explainedByCells({ rows, sums }: LabelsInCells, squares: number, scores: Float64Array): number | null {
  let [count, total, errors] = [0, 0, squares];
  for (const [cell, n] of rows.entries()) {
    const [sum = 0, score = 0] = [sums[cell], scores[cell]];
    errors += n * score * score - 2 * score * sum;
    count += n;
    total += sum;
  }
  const deviations = squares - (total * total) / count;
  return deviations > 1e-12 * squares ? 1 - errors / deviations : null;
}

/**
 * Squared correlation of two variables, computed incrementally: the share of variance that a straight line explains.
 */
class Line {
  #rows = 0;
  #first: readonly [number, number] = [0, 0];
  readonly #sums = { x: 0, y: 0, xx: 0, xy: 0, yy: 0 };

  /**
   * Adds a pair, unless a value is missing or infinite. Sums are of differences from the first pair, so that large
   * means lose no digits.
   */
  add(x: number, y: number): void {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    if (this.#rows++ === 0) this.#first = [x, y];
    const [dx, dy] = [x - this.#first[0], y - this.#first[1]];
    this.#sums.x += dx;
    this.#sums.y += dy;
    this.#sums.xx += dx * dx;
    this.#sums.xy += dx * dy;
    this.#sums.yy += dy * dy;
  }

  /** Null if one of them does not vary. */
  get explained(): number | null {
    const { x, y, xx, xy, yy } = this.#sums;
    const [spreadX, spreadY] = [xx - (x * x) / this.#rows, yy - (y * y) / this.#rows];
    if (!(spreadX > 0 && spreadY > 0)) return null;
    return (xy - (x * y) / this.#rows) ** 2 / (spreadX * spreadY);
  }
}
