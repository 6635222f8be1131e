import { type ListValues, type SourceBlock, singleOf } from '../data/dataset.js';

/** How many rows of a split have the same inputs as a training row. */
export interface RowsInCommon {
  /** Rows of the split that were read. */
  readonly rows: number;
  /** Rows whose inputs a training row also has: counted, or estimated from `share`. */
  readonly found: number;
  /** The number that chance alone explains: see `TrainingRows`. */
  readonly expected: number;
  /** Standard error of `found` around `expected` if only chance is at work. */
  readonly error: number;
  /** The fraction of all possible rows that were kept for this: 1, 1/2, 1/4, … */
  readonly share: number;
}

/**
 * The hashes of the training rows. Counts how many rows of another split have one of them.
 *
 * The number expected by chance: if training rows and other rows are independent draws from one population, a new row
 * matches a training row as often as two training rows match. So the expected share is that of training rows with a
 * duplicate: 1 - (rows that occur once) / rows. This is Good and Turing's estimate (Good 1953). It needs no model of
 * the columns, and holds for few inputs as well as many.
 *
 * Rows come in groups of duplicates: a pair adds 4 to the variance, a group of n about n, so 2 per row bounds both. The
 * estimate has its own error too: error^2 = 2 expected (1 + rows / training rows).
 *
 * Memory: at most `most` distinct rows are kept. If there are more, only rows whose hash ends in a zero bit stay, then
 * in two, and so on. Equal rows stay or go together, in every split.
 */
export class TrainingRows {
  readonly #most: number;
  readonly #counts = new Map<number, number>();
  #bits = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(hashes: Float64Array): void {
    for (const hash of hashes) {
      if (!this.#keeps(hash)) continue;
      this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1);
      if (this.#counts.size > this.#most) this.#halve();
    }
  }

  /** Counts matching rows of another split. All training rows must have been added. */
  matches(hashes: Float64Array): number {
    let count = 0;
    for (const hash of hashes) if (this.#keeps(hash) && this.#counts.has(hash)) count++;
    return count;
  }

  /** Training rows that were kept, and how many of them occur once. */
  #population(): { readonly rows: number; readonly alone: number } {
    let [rows, alone] = [0, 0];
    for (const count of this.#counts.values()) {
      rows += count;
      if (count === 1) alone++;
    }
    return { rows, alone };
  }

  /** Training rows whose inputs another training row also has. */
  repeated(): number {
    const { rows, alone } = this.#population();
    return (rows - alone) * 2 ** this.#bits;
  }

  inCommon(rows: number, matches: number): RowsInCommon {
    const training = this.#population();
    const scale = 2 ** this.#bits;
    const seen = training.rows === 0 ? 0 : 1 - training.alone / training.rows;
    const expected = (rows / scale) * seen; // among the kept rows
    const error = Math.sqrt(2 * expected * (1 + rows / scale / Math.max(1, training.rows)));
    return { rows, found: matches * scale, expected: expected * scale, error: error * scale, share: 1 / scale };
  }

  #keeps(hash: number): boolean {
    return hash % 2 ** this.#bits === 0;
  }

  #halve(): void {
    this.#bits++;
    for (const hash of this.#counts.keys()) if (!this.#keeps(hash)) this.#counts.delete(hash);
  }
}

/**
 * A hash of every row's inputs, 53 bits in a double. Equal rows have equal hashes. All missing numbers are equal, and 0
 * equals -0. The probability that any two different rows of a million collide is 1e-4.
 */
export class RowHashes {
  #high = new Uint32Array(0);
  #low = new Uint32Array(0);

  /** @returns One hash per row; valid until the next call. */
  of(block: SourceBlock): Float64Array {
    if (this.#high.length < block.rows) {
      this.#high = new Uint32Array(block.rows);
      this.#low = new Uint32Array(block.rows);
    }
    this.#high.fill(0x9e3779b9);
    this.#low.fill(0x7f4a7c15);
    for (const values of block.columns) {
      if ('offsets' in values) this.#addList(values, block.rows);
      else this.#addSingle(singleOf(values), block.rows);
    }
    return Float64Array.from({ length: block.rows }, (_, row) => {
      const [high = 0, low = 0] = [finish(this.#high[row] ?? 0), finish(this.#low[row] ?? 0)];
      return high * 2 ** 21 + (low & 0x1fffff);
    });
  }

  #addSingle(values: Int32Array | Float32Array, rows: number): void {
    const bits = bitsOf(values);
    for (let row = 0; row < rows; row++) {
      const value = bits === values ? (bits[row] ?? 0) : canonical(bits[row] ?? 0);
      this.#high[row] = mixHigh(this.#high[row] ?? 0, value);
      this.#low[row] = mixLow(this.#low[row] ?? 0, value);
    }
  }

  /** Rows may share a list. Consecutive rows with one list read its entries only once. */
  #addList(values: ListValues, rows: number): void {
    const { offsets, indexes, weights } = values.shared?.lists ?? values;
    const bits = weights && bitsOf(weights);
    let [last, high, low] = [-1, 0, 0];
    for (let row = 0; row < rows; row++) {
      const list = values.shared ? (values.shared.of[row] ?? 0) : row;
      if (list !== last) {
        const [begin = 0, end = 0] = [offsets[list], offsets[list + 1]];
        [high, low] = [mixHigh(0, end - begin), mixLow(0, end - begin)];
        for (let i = begin; i < end; i++) {
          const [index, weight] = [indexes[i] ?? 0, canonical(bits?.[i] ?? 0)];
          high = mixHigh(mixHigh(high, index), weight);
          low = mixLow(mixLow(low, index), weight);
        }
        last = list;
      }
      this.#high[row] = mixHigh(this.#high[row] ?? 0, high);
      this.#low[row] = mixLow(this.#low[row] ?? 0, low);
    }
  }
}

function mixHigh(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x85ebca6b);
  return ((mixed << 13) | (mixed >>> 19)) + 0xe6546b64;
}

function mixLow(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ Math.imul(value, 0xc2b2ae35), 0x27d4eb2f);
  return ((mixed << 15) | (mixed >>> 17)) + 0x165667b1;
}

function bitsOf(values: Int32Array | Float32Array): Int32Array {
  return values instanceof Int32Array ? values : new Int32Array(values.buffer, values.byteOffset, values.length);
}

/** Bits of a single-precision number, with a single zero and a single missing value. */
function canonical(bits: number): number {
  if (bits === -0x80000000) return 0;
  return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
