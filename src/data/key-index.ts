import { closeSync, fsyncSync, openSync, readFileSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';

const segments = 64;
const segmentBits = 6;
const keyWords = 3; // high, low, row + 1 (0: a free place)
const keyBytes = 4 * keyWords;
const bufferKeys = 4096;
const headerWords = 4; // format, places of a segment, keys, byte order
const format = 0x61_69_78_01;
const byteOrder = endianness() === 'LE' ? 1 : 2;
const probeKeys = 16;

/**
 * Writes a file in which the rows of 64-bit keys are found. The keys are spread over 64 files by their hash, and each becomes a hash table
 * of its own, at most half full: memory is that of one, 1/64 of the whole.
 */
export class KeyIndexWriter {
  readonly #path: string;
  readonly #buffers = Array.from({ length: segments }, () => new Uint32Array(keyWords * bufferKeys));
  readonly #filled = new Int32Array(segments); // keys in each buffer
  readonly #counts = new Int32Array(segments); // keys of each segment
  readonly #files: number[] = [];
  #rows = 0;

  /** @param path of the finished file; files beside it are used on the way. */
  constructor(path: string) {
    this.#path = path;
    for (let s = 0; s < segments; s++) this.#files.push(openSync(this.#part(s), 'w'));
  }

  /** The next row's key. */
  add(high: number, low: number): void {
    const segment = hash(high, low) >>> (32 - segmentBits);
    const buffer = this.#buffers[segment];
    let at = keyWords * (this.#filled[segment] ?? 0);
    if (!buffer) return;
    buffer[at++] = high;
    buffer[at++] = low;
    buffer[at++] = ++this.#rows;
    this.#counts[segment] = (this.#counts[segment] ?? 0) + 1;
    this.#filled[segment] = at / keyWords;
    if (at === buffer.length) this.#flush(segment);
  }

  /** @returns the row of a key that another row had before; undefined if all are different, and only then is there a file. */
  finish(): number | undefined {
    const places = powerOfTwo(2 * Math.max(8, ...this.#counts));
    const partial = `${this.#path}.partial`;
    const file = openSync(partial, 'w');
    try {
      writeWhole(file, Uint32Array.of(format, places, this.#rows, byteOrder));
      for (let s = 0; s < segments; s++) {
        this.#flush(s);
        const keys = readFileSync(this.#part(s));
        const table = new Uint32Array(keyWords * places);
        const twice = fill(table, new Uint32Array(keys.buffer, keys.byteOffset, keys.length / 4));
        if (twice !== undefined) return twice;
        writeWhole(file, table);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
      this.abandon();
    }
    renameSync(partial, this.#path);
    return undefined;
  }

  /** Removes what has been written on the way. */
  abandon(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
    for (let s = 0; s < segments; s++) rmSync(this.#part(s), { force: true });
  }

  #flush(segment: number): void {
    const keys = this.#buffers[segment]?.subarray(0, keyWords * (this.#filled[segment] ?? 0));
    const file = this.#files[segment];
    if (keys && file !== undefined) writeWhole(file, keys);
    this.#filled[segment] = 0;
  }

  #part(segment: number): string {
    return `${this.#path}.${segment}.part`;
  }
}

/** Finds rows by key; a look-up reads some 200 bytes of the file. */
export class KeyIndex {
  readonly keys: number;
  readonly #file: number;
  readonly #places: number;
  readonly #probe = new Uint32Array(keyWords * probeKeys);

  /** @throws Error if it is not such a file. */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
    const header = new Uint32Array(headerWords);
    readSync(this.#file, header, 0, 4 * headerWords, 0);
    const [made, places = 0, keys = 0, order] = header;
    if (made !== format || order !== byteOrder) throw new Error(`${path} is no index of keys`);
    this.#places = places;
    this.keys = keys;
  }

  /** The key's row; -1 if there is none. */
  find(high: number, low: number): number {
    const code = hash(high, low);
    const segment = code >>> (32 - segmentBits);
    let place = placeOf(code, this.#places);
    for (;;) {
      const count = Math.min(probeKeys, this.#places - place);
      const position = 4 * headerWords + keyBytes * (segment * this.#places + place);
      readSync(this.#file, this.#probe, 0, keyBytes * count, position);
      for (let i = 0; i < keyWords * count; i += keyWords) {
        const row = this.#probe[i + 2] ?? 0;
        if (row === 0) return -1;
        if (this.#probe[i] === high && this.#probe[i + 1] === low) return row - 1;
      }
      place = (place + count) % this.#places;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** @returns as `finish`. */
function fill(table: Uint32Array, keys: Uint32Array): number | undefined {
  const places = table.length / keyWords;
  for (let k = 0; k < keys.length; k += keyWords) {
    const [high = 0, low = 0, row = 0] = [keys[k], keys[k + 1], keys[k + 2]];
    let place = placeOf(hash(high, low), places);
    while ((table[keyWords * place + 2] ?? 0) !== 0) {
      if (table[keyWords * place] === high && table[keyWords * place + 1] === low) return row - 1;
      place = (place + 1) % places;
    }
    table.set([high, low, row], keyWords * place);
  }
  return undefined;
}

function hash(high: number, low: number): number {
  let code = high ^ Math.imul(low, 0x9e3779b1);
  code = Math.imul(code ^ (code >>> 16), 0x85ebca6b);
  code = Math.imul(code ^ (code >>> 13), 0xc2b2ae35);
  return (code ^ (code >>> 16)) >>> 0;
}

/** In a segment: by the bits of the hash below those that chose the segment. */
function placeOf(code: number, places: number): number {
  return Math.floor((((code << segmentBits) >>> 0) * places) / 2 ** 32);
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}

function writeWhole(file: number, words: Uint32Array): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
