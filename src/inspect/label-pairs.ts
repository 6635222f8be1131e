import type { SourceBlock } from '../data/dataset.js';
import { labelStatistics } from '../data/label-statistics.js';

/** The relation between the labels of two tasks, over training rows in both sample spaces. */
export interface LabelPair {
  readonly tasks: readonly [string, string];
  /** Training rows read that are in both sample spaces. */
  readonly rows: number;
  /** All labels are equal, and they vary: at least five differ from the first. */
  readonly identical: boolean;
  /** Every label of one task is 1 minus the other's, and they vary. */
  readonly opposite: boolean;
  /** Correlation over `sampled` of the rows. Null if one of the labels does not vary. */
  readonly pearson: number | null;
  readonly spearman: number | null;
  readonly sampled: number;
}

/** 2,016 pairs. With more tasks, only pairs of the first ones are compared. */
const mostTasks = 64;

/** Compares the training labels of every pair of tasks. Correlations use every k-th row, at most `mostSampled`. */
export class LabelPairs {
  readonly #names: readonly string[];
  readonly #tasks: readonly number[];
  readonly #stride: number;
  readonly #sample: readonly Float32Array[]; // NaN outside the sample space
  readonly #counts: readonly {
    readonly a: number;
    readonly b: number;
    rows: number;
    same: number;
    opposite: number;
    first: number;
    moved: number;
  }[];
  #row = 0;
  #sampled = 0;

  /** @param tasks The tasks' indexes in the source. */
  constructor(names: readonly string[], tasks: readonly number[], rows: number, mostSampled: number) {
    this.#names = names.slice(0, mostTasks);
    this.#tasks = tasks.slice(0, mostTasks);
    this.#stride = Math.max(1, Math.ceil(rows / mostSampled));
    this.#sample = this.#tasks.map(() => new Float32Array(Math.ceil(rows / this.#stride)));
    this.#counts = this.#names.flatMap((_, a) =>
      this.#names.slice(a + 1).map((_, i) => ({ a, b: a + 1 + i, rows: 0, same: 0, opposite: 0, first: 0, moved: 0 })),
    );
  }

  add(block: SourceBlock): void {
    const labels = this.#tasks.map((task) => block.labels[task] ?? new Float32Array(block.rows));
    for (const count of this.#counts) {
      const [a, b] = [labels[count.a], labels[count.b]];
      for (let row = 0; row < block.rows; row++) {
        const [first = Number.NaN, second = Number.NaN] = [a?.[row], b?.[row]];
        if (Number.isNaN(first) || Number.isNaN(second)) continue;
        if (count.rows++ === 0) count.first = first;
        if (first !== count.first) count.moved++;
        if (first === second) count.same++;
        if (first + second === 1) count.opposite++;
      }
    }
    const offset = (this.#stride - (this.#row % this.#stride)) % this.#stride;
    for (let row = offset; row < block.rows; row += this.#stride) {
      for (const [t, sample] of this.#sample.entries()) sample[this.#sampled] = labels[t]?.[row] ?? Number.NaN;
      this.#sampled++;
    }
    this.#row += block.rows;
  }

  finish(): readonly LabelPair[] {
    return this.#counts.map(({ a, b, rows, same, opposite, moved }) => {
      const both = inBoth(this.#sample[a], this.#sample[b], this.#sampled);
      const sampled = both[0]?.length ?? 0;
      const { pearson, spearman } = labelStatistics(both);
      return {
        tasks: [this.#names[a] ?? '', this.#names[b] ?? ''],
        rows,
        identical: moved >= 5 && same === rows,
        opposite: moved >= 5 && opposite === rows,
        pearson: pearson[0]?.[1] ?? null,
        spearman: spearman[0]?.[1] ?? null,
        sampled,
      };
    });
  }
}

/** Indexes of the rows in which both tasks have a label. */
function inBoth(a: Float32Array | undefined, b: Float32Array | undefined, rows: number): readonly Float32Array[] {
  const [first, second] = [new Float32Array(rows), new Float32Array(rows)];
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const [x = Number.NaN, y = Number.NaN] = [a?.[row], b?.[row]];
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    first[count] = x;
    second[count++] = y;
  }
  return [first.subarray(0, count), second.subarray(0, count)];
}
