import { asSingle, type SourceBlock, type SourceColumn } from '../dataset.js';
import type { Fitted } from '../encoding.js';
import { signedLog } from './column-encodings.js';
import { type VocabularyOptions, vocabularyByNumber } from './vocabulary.js';

/** Learns from the training rows of one column, block by block, what its encoding needs. */
export interface ColumnFit {
  add(values: SourceBlock['columns'][number], rows: Int32Array): void;
  finish(): Fitted;
  /** Of a list: what the truncation leaves out of the training rows; null if nothing. */
  truncation?(): { readonly rows: number; readonly entries: number } | null;
}

export function vocabularyFit(
  size: number,
  options: VocabularyOptions,
  column: Pick<SourceColumn, 'name' | 'dictionary'>,
): ColumnFit {
  const counts = new Uint32Array(size);
  return {
    add(values, rows) {
      const indexes = asSingle(values);
      for (let i = 0; i < rows.length; i++) {
        const index = indexes[rows[i] ?? 0] ?? 0;
        counts[index] = (counts[index] ?? 0) + 1;
      }
    },
    finish: () => vocabularyByNumber(counts, options, column),
  };
}

/** Every index is known, whether training has it or not. */
export function completeFit(size: number, column: Pick<SourceColumn, 'dictionary'>): ColumnFit {
  return { add: () => undefined, finish: () => ({ kind: 'vocabulary', values: column.dictionary ?? size, rare: [] }) };
}

export function scaleFit(log: boolean): ColumnFit {
  const moments = new Moments();
  const range = new Range();
  let missing = false;
  return {
    add(column, rows) {
      const values = asSingle(column);
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i] ?? 0] ?? 0;
        range.add(value);
        if (Number.isNaN(value)) missing = true;
        moments.add(log ? signedLog(value) : value);
      }
    },
    finish: () => ({
      kind: 'scale',
      mean: moments.mean,
      deviation: moments.deviation,
      log,
      missing,
      range: range.ends,
    }),
  };
}

/** Buckets with about equally many training rows each. Equal quantiles make fewer buckets, none of them empty. */
export function quantileFit(buckets: number, stride: number): ColumnFit {
  return sampleFit(stride, (sorted) => {
    const edges: number[] = [];
    let last = sorted[0] ?? 0;
    for (let k = 1; k < buckets; k++) {
      const edge = sorted[Math.floor((k * sorted.length) / buckets)] ?? last;
      if (edge > last) edges.push(edge);
      last = edge;
    }
    return edges;
  });
}

/** The `most` most frequent training values have an index each; any other value shares that of the nearest of them. */
export function valueFit(most: number, stride: number): ColumnFit {
  return sampleFit(stride, (sorted) => {
    const counts = new Map<number, number>();
    for (const value of sorted) counts.set(value, (counts.get(value) ?? 0) + 1);
    const kept = [...counts]
      .sort(([a, m], [b, n]) => n - m || a - b) // equally frequent: the smaller value first
      .slice(0, most)
      .map(([value]) => value)
      .sort((a, b) => a - b);
    return kept.slice(1).map((value, i) => ((kept[i] ?? value) + value) / 2);
  });
}

/** Edges of a sorted sample, which has every `stride`-th training row. */
function sampleFit(stride: number, edgesOf: (sorted: Float32Array) => number[]): ColumnFit {
  const pieces: Float32Array[] = [];
  const range = new Range();
  let row = 0;
  let missing = false;
  return {
    add(column, rows) {
      const values = asSingle(column);
      const piece = new Float32Array(Math.ceil(rows.length / stride));
      let count = 0;
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i] ?? 0] ?? 0;
        range.add(value);
        if (Number.isNaN(value)) missing = true;
        else if ((row + i) % stride === 0) piece[count++] = value;
      }
      row += rows.length;
      pieces.push(piece.subarray(0, count));
    },
    finish() {
      const sample = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let at = 0;
      for (const piece of pieces) {
        sample.set(piece, at);
        at += piece.length;
      }
      return { kind: 'buckets', edges: edgesOf(sample.sort()), missing, range: range.ends };
    },
  };
}

/** The smallest and the largest of what is not NaN. */
class Range {
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
  }

  get ends(): readonly [number, number] | undefined {
    return this.#low <= this.#high ? [this.#low, this.#high] : undefined;
  }
}

/**
 * Mean and deviation of what is not NaN. Sums are of differences from the first value: a large mean costs no digits.
 */
export class Moments {
  #count = 0;
  #first = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    if (Number.isNaN(value)) return;
    if (this.#count++ === 0) this.#first = value;
    const difference = value - this.#first;
    this.#sum += difference;
    this.#squares += difference * difference;
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#first + this.#sum / this.#count;
  }

  get deviation(): number {
    if (this.#count === 0) return 0;
    const shifted = this.#sum / this.#count;
    return Math.sqrt(Math.max(0, this.#squares / this.#count - shifted * shifted));
  }
}
