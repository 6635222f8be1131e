import { type ListValues, type SourceBlock, singleOf } from '../data/dataset.js';

/** How many rows of a split have the inputs of a training row. */
export interface RowsInCommon {
  /** Rows of the split that were looked at. */
  readonly rows: number;
  /** Those whose inputs a training row has too: counted, or estimated from `share`. */
  readonly found: number;
  /** What chance alone explains: see `TrainingRows`. */
  readonly expected: number;
  /** Standard error of `found` around `expected` if chance alone is at work. */
  readonly error: number;
  /** Of all possible rows, those that were kept for this: 1, 1/2, 1/4, … */
  readonly share: number;
}

/**
 * The training rows' hashes, and how many rows of another split have one of these.
 *
 * By chance: if training rows and others are independent draws of one population, a new row has the inputs of a training row as
 * often as a training row has those of another one. So the expected share is that of the training rows that are not alone, which
 * is 1 - (rows that occur once) / rows: Good and Turing's estimate of the population that a sample has seen (Good 1953). It needs no
 * model of the columns, and holds for few inputs as for many. Rows come in groups of equals: a pair adds 4 to the variance,
 * a group of n about n; 2 a row bounds both, and the estimate has an error of its own: error^2 = 2 expected (1 + rows / training rows).
 *
 * Memory: `most` different rows are kept. Where there are more, every row whose hash ends in a zero bit stays, then in two,
 * and so on: equal rows stay or go together, in every split.
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

  /** Counts the rows of another split, once the training rows are complete. */
  matches(hashes: Float64Array): number {
    let count = 0;
    for (const hash of hashes) if (this.#keeps(hash) && this.#counts.has(hash)) count++;
    return count;
  }

  /** Training rows that were kept, and those of them that occur once. */
  #population(): { readonly rows: number; readonly alone: number } {
    let [rows, alone] = [0, 0];
    for (const count of this.#counts.values()) {
      rows += count;
      if (count === 1) alone++;
    }
    return { rows, alone };
  }

  /** Training rows whose inputs another training row has too. */
  repeated(): number {
    const { rows, alone } = this.#population();
    return (rows - alone) * 2 ** this.#bits;
  }

  inCommon(rows: number, matches: number): RowsInCommon {
    const training = this.#population();
    const scale = 2 ** this.#bits;
    const seen = training.rows === 0 ? 0 : 1 - training.alone / training.rows;
    const expected = (rows / scale) * seen; // of the kept rows
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
 * A hash of every row's inputs, 53 bits in a double: equal rows have equal ones. Missing numbers are equal, and so are 0 and -0.
 * Two different rows of a million each have equal ones with a probability of 1e-4.
 */
export class RowHashes {
  #high = new Uint32Array(0);
  #low = new Uint32Array(0);

  /** @returns One per row; valid until the next call. */
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

  /** Rows may share a list: its entries are gone through once for rows that follow each other. */
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

/** Bits of a single-precision number, with one zero and one missing value. */
function canonical(bits: number): number {
  if (bits === -0x80000000) return 0;
  return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
