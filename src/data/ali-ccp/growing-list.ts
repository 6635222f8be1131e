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
    if (this.#count === this.#indexes.length) this.#grow();
    this.#indexes[this.#count] = index;
    this.#weights[this.#count++] = weight;
  }

  endRow(): void {
    this.#offsets[++this.#rows] = this.#count;
  }

  /** All indexes, then all weights, as bytes of four each; and starts anew. */
  take(): Uint8Array {
    const half = 4 * this.#count;
    const bytes = new Uint8Array(2 * half);
    bytes.set(new Uint8Array(this.#indexes.buffer, 0, half));
    bytes.set(new Uint8Array(this.#weights.buffer, 0, half), half);
    this.#count = 0;
    return bytes;
  }

  /** A row of what `take` of another list gave. */
  putRow(bytes: Uint8Array): void {
    const half = bytes.length / 2;
    while (this.#count + half / 4 > this.#indexes.length) this.#grow();
    new Uint8Array(this.#indexes.buffer, 4 * this.#count).set(bytes.subarray(0, half));
    new Uint8Array(this.#weights.buffer, 4 * this.#count).set(bytes.subarray(half));
    this.#count += half / 4;
    this.endRow();
  }

  get values(): ListValues {
    const [indexes, weights] = [this.#indexes.subarray(0, this.#count), this.#weights.subarray(0, this.#count)];
    return { offsets: this.#offsets, indexes, weights };
  }

  #grow(): void {
    const length = 2 * this.#indexes.length;
    const [indexes, weights] = [new Int32Array(length), new Float32Array(length)];
    indexes.set(this.#indexes);
    weights.set(this.#weights);
    [this.#indexes, this.#weights] = [indexes, weights];
  }
}
