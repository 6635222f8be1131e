/** Most distinct ids, so that every index is an int32. */
const mostIds = 2 ** 30;

/**
 * Indexes of ids, from 1 in the order in which they are first asked for; 0 is left for "none". Without a string or an object per id: 8 to
 * 16 bytes in the table and 4 in the list of ids.
 */
export class IdMap {
  #table = new Uint32Array(2 * 1024); // pairs: id, index; an index of 0 is a free place
  #shift = 32 - 10;
  #ids = new Uint32Array(512); // by index - 1
  #count = 0;

  /** Distinct ids. */
  get count(): number {
    return this.#count;
  }

  /** The ids in the order of their indexes, which start at 1. */
  get ids(): Uint32Array {
    return this.#ids.subarray(0, this.#count);
  }

  /** The id's index, a new one if it has none. */
  index(id: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let place = (Math.imul(id, 0x9e3779b1) >>> this.#shift) << 1;
    for (;;) {
      const index = table[place + 1] ?? 0;
      if (index === 0) return this.#add(id, place);
      if (table[place] === id) return index;
      place = (place + 2) & mask;
    }
  }

  #add(id: number, place: number): number {
    if (this.#count === this.#ids.length) {
      if (this.#count >= mostIds) throw new RangeError('too many different ids');
      const grown = new Uint32Array(2 * this.#count);
      grown.set(this.#ids);
      this.#ids = grown;
    }
    this.#ids[this.#count++] = id;
    this.#table[place] = id;
    this.#table[place + 1] = this.#count;
    if (4 * this.#count > this.#table.length) this.#grow(); // at most half full
    return this.#count;
  }

  #grow(): void {
    const table = new Uint32Array(2 * this.#table.length);
    const mask = table.length - 1;
    this.#shift--;
    for (let i = 0; i < this.#count; i++) {
      const id = this.#ids[i] ?? 0;
      let place = (Math.imul(id, 0x9e3779b1) >>> this.#shift) << 1;
      while (table[place + 1] !== 0) place = (place + 2) & mask;
      table[place] = id;
      table[place + 1] = i + 1;
    }
    this.#table = table;
  }
}
