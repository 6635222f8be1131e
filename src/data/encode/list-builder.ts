import type { ListValues } from '../dataset.js';

/** Lists that are put together, entry by entry. */
export class ListBuilder {
  readonly #offsets: Int32Array;
  #indexes = new Int32Array(1024);
  #weights = new Float32Array(1024);
  #rows = 0;
  #count = 0;

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
  }

  add(index: number, weight: number): void {
    if (this.#count === this.#indexes.length) {
      const [indexes, weights] = [new Int32Array(2 * this.#count), new Float32Array(2 * this.#count)];
      indexes.set(this.#indexes);
      weights.set(this.#weights);
      [this.#indexes, this.#weights] = [indexes, weights];
    }
    this.#indexes[this.#count] = index;
    this.#weights[this.#count++] = weight;
  }

  endRow(): void {
    this.#offsets[++this.#rows] = this.#count;
  }

  /** Adds a list of others as a row. */
  push({ offsets, indexes, weights }: ListValues, row: number): void {
    for (let i = offsets[row] ?? 0; i < (offsets[row + 1] ?? 0); i++) this.add(indexes[i] ?? 0, weights?.[i] ?? 1);
    this.endRow();
  }

  get values(): ListValues {
    return {
      offsets: this.#offsets.subarray(0, this.#rows + 1),
      indexes: this.#indexes.subarray(0, this.#count),
      weights: this.#weights.subarray(0, this.#count),
    };
  }
}
