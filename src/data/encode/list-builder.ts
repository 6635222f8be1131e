import type { ListValues } from '../dataset.js';

/** Lists that are put together from others. */
export class ListBuilder {
  #offsets: Int32Array;
  #indexes = new Int32Array(1024);
  #weights = new Float32Array(1024);
  #rows = 0;

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
  }

  push({ offsets, indexes, weights }: ListValues, row: number): void {
    const [begin = 0, end = 0] = [offsets[row], offsets[row + 1]];
    const start = this.#offsets[this.#rows] ?? 0;
    const needed = start + end - begin;
    if (needed > this.#indexes.length) {
      const [grownIndexes, grownWeights] = [new Int32Array(2 * needed), new Float32Array(2 * needed)];
      grownIndexes.set(this.#indexes.subarray(0, start));
      grownWeights.set(this.#weights.subarray(0, start));
      this.#indexes = grownIndexes;
      this.#weights = grownWeights;
    }
    for (let i = begin, to = start; i < end; i++, to++) {
      this.#indexes[to] = indexes[i] ?? 0;
      this.#weights[to] = weights?.[i] ?? 1;
    }
    this.#offsets[++this.#rows] = needed;
  }

  get values(): ListValues {
    const count = this.#offsets[this.#rows] ?? 0;
    return {
      offsets: this.#offsets.subarray(0, this.#rows + 1),
      indexes: this.#indexes.subarray(0, count),
      weights: this.#weights.subarray(0, count),
    };
  }
}
