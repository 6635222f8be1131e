import { type ListValues, type SourceBlock, singleOf } from '../data/dataset.js';

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
