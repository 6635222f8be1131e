import { type Field, fields } from './fields.js';
import { printedBytes } from './line-cursor.js';

const betweenEntries = 1;
const afterField = 2;
const afterId = 3;
const zero = 48;
const point = 46;
const underscore = 95;
const longestName = 6;
const largestId = 2 ** 31 - 1;
/** Maximum number of distinct ids per field, so that every index is an int32. */
const mostIds = 2 ** 30;
const powersOfTen = Float64Array.from({ length: 10 }, (_, k) => 10 ** k);

/** A field with one id in a row. */
interface SingleColumn {
  readonly field: Field;
  /** The ids, -1 if a row has none. After `resolve`: their indexes, 0 if it has none. [rows] */
  readonly indexes: Int32Array;
  /** Rows with several entries, of which only the heaviest is kept. */
  repeated: number;
  heaviest: number;
  countedRow: number;
}

/**
 * Reads feature lists, `field \x02 id \x03 value` joined by \x01, into arrays, without a string per entry. Ids become
 * indexes, from 1 in the order in which a field's ids are first kept.
 */
export class EntryReader {
  readonly unread = { count: 0, names: new Set<string>() };
  readonly singles: readonly SingleColumn[];
  /** Ids of the fields that are read, by index in `fields`. */
  readonly ids = new Map<number, IdMap>();
  /** Number of rows since `clear`. */
  rows = 0;
  /**
   * For the rows' list entries: the end of each row's entries [rows]; each entry's field (its index in `fields`), id
   * (after `resolve`: its index) and value.
   */
  readonly ends: Int32Array;
  places = new Uint8Array(2 ** 16);
  indexes = new Int32Array(2 ** 16);
  values = new Float32Array(2 ** 16);
  #entries = 0;
  readonly #byName = new Int8Array(2 * 11 ** longestName).fill(-1); // index in `fields`, by `nameCode`
  readonly #singles: (SingleColumn | undefined)[] = [];
  readonly #ids: IdMap[] = [];

  /** Maximum between two calls of `clear`. */
  readonly mostRows: number;

  constructor(chosen: readonly Field[], mostRows: number) {
    this.mostRows = mostRows;
    this.ends = new Int32Array(mostRows);
    for (const field of chosen) {
      const place = fields.indexOf(field);
      this.#byName[nameCode(field.name)] = place;
      this.#ids[place] = new IdMap();
      this.ids.set(place, this.#ids[place]);
      if (field.kind === 'list') continue;
      const indexes = new Int32Array(mostRows).fill(-1);
      this.#singles[place] = { field, indexes, repeated: 0, heaviest: 0, countedRow: -1 };
    }
    this.singles = this.#singles.filter((single) => single !== undefined);
  }

  /** Starts a file: resets the counts. Ids keep their indexes. */
  start(): void {
    this.clear();
    this.unread.count = 0;
    this.unread.names.clear();
    for (const single of this.singles) single.repeated = 0;
  }

  /** Removes the rows. */
  clear(): void {
    for (const { indexes } of this.singles) indexes.fill(-1, 0, this.rows);
    for (const single of this.singles) single.countedRow = -1;
    this.rows = 0;
    this.#entries = 0;
  }

  /**
   * Reads bytes[at..end] as one more row.
   * @returns the number of entries.
   * @param fail takes a description of the mistake.
   */
  read(bytes: Uint8Array, at: number, end: number, fail: (message: string) => never): number {
    while (this.#entries + (end - at) / 4 > this.values.length) this.#grow(); // no entry with its separator is shorter
    const { places, indexes, values } = this;
    let count = this.#entries;
    let entries = 0;
    let p = at;
    while (p < end) {
      const begin = p;
      let code = 1;
      let byte = bytes[p] ?? 0;
      while (byte !== afterField && p < end) {
        const digit = byte === underscore ? 10 : byte - zero; // in ASCII a colon follows 9, but it is not 10
        code = digit >= 0 && (digit < 10 || byte === underscore) ? Math.imul(code, 11) + digit : 0;
        if (code === 0) break;
        byte = bytes[++p] ?? 0;
      }
      if (p - begin > longestName) code = 0;
      while (p < end && bytes[p] !== afterField && bytes[p] !== betweenEntries) p++;
      const nameEnd = p++;
      const idBegin = p;
      let id = 0;
      let digit = (bytes[p] ?? 0) - zero;
      while (digit >= 0 && digit <= 9 && p < end) {
        id = id * 10 + digit;
        digit = (bytes[++p] ?? 0) - zero;
      }
      const named = bytes[nameEnd] === afterField;
      if (!named || p >= end || digit !== afterId - zero || p === idBegin || id > largestId)
        fail(entryFault(bytes, begin, end));
      const valueBegin = ++p;
      // up to nine digits with at most one point; anything else is parsed by JavaScript
      let mantissa = 0;
      let pointAt = -1;
      let plain = true;
      for (; p < end; p++) {
        byte = bytes[p] ?? 0;
        if (byte === betweenEntries) break;
        digit = byte - zero;
        if (digit >= 0 && digit <= 9) mantissa = (Math.imul(mantissa, 10) + digit) | 0;
        else if (byte === point && pointAt < 0) pointAt = p;
        else plain = false;
      }
      const length = p - valueBegin;
      const decimals = pointAt < 0 ? 0 : p - pointAt - 1;
      plain &&= length < 10 && length > (pointAt < 0 ? 0 : 1);
      const value = plain ? mantissa / (powersOfTen[decimals] ?? 1) : numberIn(bytes, valueBegin, p);
      if (!Number.isFinite(value)) fail(entryFault(bytes, begin, end));
      const place = this.#byName[code] ?? -1;
      if (place < 0) this.#leaveOut(bytes, begin, nameEnd);
      else {
        const single = this.#singles[place];
        if (single) this.#addSingle(single, id, value);
        else {
          places[count] = place;
          indexes[count] = id;
          values[count++] = value;
        }
      }
      entries++;
      if (p < end && ++p === end) fail('the feature list ends in a separator.');
    }
    this.#entries = count;
    this.ends[this.rows++] = count;
    return entries;
  }

  /** Replaces the ids by their indexes, many at once: look-ups wait for memory, and several can wait together. */
  resolve(): void {
    for (const { field, indexes } of this.singles) {
      const ids = this.ids.get(fields.indexOf(field));
      for (let row = 0; ids && row < this.rows; row++) {
        const id = indexes[row] ?? -1;
        indexes[row] = id < 0 ? 0 : ids.index(id);
      }
    }
    const { places, indexes } = this;
    for (let e = 0; e < this.#entries; e++) indexes[e] = this.#ids[places[e] ?? 0]?.index(indexes[e] ?? 0) ?? 0;
  }

  /** Keeps the heaviest entry; of equal ones the first. */
  #addSingle(single: SingleColumn, id: number, value: number): void {
    const row = this.rows;
    if (single.indexes[row] !== -1) {
      if (single.countedRow !== row) single.repeated++;
      single.countedRow = row;
      if (value <= single.heaviest) return;
    }
    single.indexes[row] = id;
    single.heaviest = value;
  }

  #leaveOut(bytes: Uint8Array, begin: number, end: number): void {
    this.unread.count++;
    if (this.unread.names.size < 10) this.unread.names.add(printedBytes(bytes, begin, end));
  }

  #grow(): void {
    const { places, indexes, values } = this;
    this.places = new Uint8Array(2 * places.length);
    this.indexes = new Int32Array(2 * places.length);
    this.values = new Float32Array(2 * places.length);
    this.places.set(places);
    this.indexes.set(indexes);
    this.values.set(values);
  }
}

/**
 * Indexes of ids, from 1 in the order of first use; 0 means "none". Uses no string or object per id, but 8 to 16 bytes
 * in the table and 4 in the list of ids.
 */
export class IdMap {
  #table = new Uint32Array(2 * 1024); // pairs of id and index; an index of 0 marks a free slot
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

  /** The id's index. A new id gets a new one. */
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

/** Encodes the name as a number that starts at 1, so that leading zeros count. */
function nameCode(name: string): number {
  let code = 1;
  for (const letter of name) code = code * 11 + (letter === '_' ? 10 : Number(letter));
  return code;
}

function numberIn(bytes: Uint8Array, begin: number, end: number): number {
  const text = Buffer.from(bytes.subarray(begin, end)).toString('latin1');
  return text.trim() === '' ? Number.NaN : Number(text);
}

function entryFault(bytes: Uint8Array, begin: number, end: number): string {
  const separator = bytes.indexOf(betweenEntries, begin);
  const entry = printedBytes(bytes, begin, separator < 0 || separator > end ? end : separator);
  return `the entry '${entry}' is not a field, an id below 2^31 and a value, separated by the bytes 2 and 3.`;
}
