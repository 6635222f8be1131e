import type { ListValues } from '../dataset.js';

/** A column of lists that grows entry by entry. */
export class GrowingList {
  readonly #offsets: Int32Array;
  #indexes: Int32Array;
  #weights: Float32Array;
  #rows = 0;
  #count = 0;

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
    this.#indexes = new Int32Array(rows);
    this.#weights = new Float32Array(rows);
  }

  add(index: number, weight: number): void {
    if (this.#count === this.#indexes.length) this.#grow(this.#count + 1);
    this.#indexes[this.#count] = index;
    this.#weights[this.#count++] = weight;
  }

  /** The bytes of all indexes, then of all weights: see `packed`. */
  addPacked(bytes: Uint8Array): void {
    const half = bytes.length / 2;
    const count = this.#count + half / 4;
    if (count > this.#indexes.length) this.#grow(count);
    new Uint8Array(this.#indexes.buffer, 4 * this.#count, half).set(bytes.subarray(0, half));
    new Uint8Array(this.#weights.buffer, 4 * this.#count, half).set(bytes.subarray(half));
    this.#count = count;
  }

  endRow(): void {
    this.#offsets[++this.#rows] = this.#count;
  }

  get values(): Required<Omit<ListValues, 'shared'>> {
    const [indexes, weights] = [this.#indexes.subarray(0, this.#count), this.#weights.subarray(0, this.#count)];
    return { offsets: this.#offsets, indexes, weights };
  }

  #grow(needed: number): void {
    const [indexes, weights] = [new Int32Array(2 * needed), new Float32Array(2 * needed)];
    indexes.set(this.#indexes);
    weights.set(this.#weights);
    [this.#indexes, this.#weights] = [indexes, weights];
  }
}

/** A list as bytes: of all indexes (INTEGER, little-endian), then of all weights (FLOAT). */
export function packed(indexes: Int32Array, weights: Float32Array): Uint8Array {
  return Buffer.concat([bytesOf(indexes), bytesOf(weights)]);
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
