import { must } from '../../support/must.js';

/** Numbers the distinct ids of a batch from 0, in order of occurrence. Time and memory depend on the batch alone. */
export class UniqueRows {
  /** By number; the first `count` are of this batch. */
  readonly ids: Int32Array;
  count = 0;
  // A hash table with open addresses, at most half full.
  readonly #keys: Int32Array;
  readonly #numbers: Int32Array;
  readonly #shift: number;

  /** @param capacity the largest number of distinct ids */
  constructor(capacity: number) {
    const bits = Math.max(1, Math.ceil(Math.log2(2 * capacity)));
    this.ids = new Int32Array(capacity);
    this.#keys = new Int32Array(2 ** bits).fill(-1);
    this.#numbers = new Int32Array(2 ** bits);
    this.#shift = 32 - bits;
  }

  /** Begins a batch. */
  clear(): void {
    this.count = 0;
    this.#keys.fill(-1);
  }

  /** @param id at least 0 */
  numberOf(id: number): number {
    const last = this.#keys.length - 1;
    let place = Math.imul(id, 0x9e3779b1) >>> this.#shift; // Fibonacci hashing
    for (; this.#keys[place] !== id; place = (place + 1) & last) {
      if (this.#keys[place] !== -1) continue;
      this.#keys[place] = id;
      this.#numbers[place] = this.count;
      this.ids[this.count++] = id;
      break;
    }
    return must(this.#numbers[place], 'a number');
  }
}
