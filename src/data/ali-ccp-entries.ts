import { printedBytes, zero } from './ali-ccp-bytes.js';
import type { FieldColumn } from './ali-ccp-columns.js';

const betweenEntries = 1;
const afterField = 2;
const afterId = 3;
const point = 46;
const underscore = 95;
const longestName = 6;
const largestId = 2 ** 31 - 1;
const powersOfTen = Float64Array.from({ length: 16 }, (_, k) => 10 ** k);

/** Entries of fields that are read by none of the columns: how many, and some of their names. */
interface UnreadEntries {
  count: number;
  readonly names: Set<string>;
}

/**
 * Reads feature lists, `field \x02 id \x03 value` joined by \x01, into columns. No string is made of an entry.
 * @param columns one per field.
 */
export class EntryReader {
  readonly unread: UnreadEntries = { count: 0, names: new Set() };
  readonly #columns: readonly FieldColumn[];
  readonly #byName: Int8Array; // place in `columns` + 1, by `nameCode`

  constructor(columns: readonly FieldColumn[]) {
    this.#columns = columns;
    this.#byName = new Int8Array(2 * 11 ** longestName);
    for (const [c, { field }] of columns.entries()) this.#byName[nameCode(field.name)] = c + 1;
  }

  /**
   * @returns how many entries bytes[at..end] has.
   * @param fail is given what is wrong.
   */
  read(bytes: Uint8Array, at: number, end: number, fail: (message: string) => never): number {
    let entries = 0;
    let p = at;
    while (p < end) {
      const begin = p;
      let code = 1;
      for (; p < end; p++) {
        const byte = bytes[p] ?? 0;
        if (byte === afterField) break;
        const digit = byte === underscore ? 10 : byte - zero; // a colon follows 9: it is no 10
        code =
          digit >= 0 && (digit < 10 || byte === underscore) && code > 0 && p - begin < longestName
            ? code * 11 + digit
            : -1;
      }
      const nameEnd = p++;
      let id = 0;
      const idBegin = p;
      for (; p < end; p++) {
        const digit = (bytes[p] ?? 0) - zero;
        if (digit < 0 || digit > 9) break;
        id = id * 10 + digit;
      }
      if (p >= end || bytes[p] !== afterId || p === idBegin || id > largestId) fail(entryFault(bytes, begin, end));
      p++;
      // digits with at most one point; anything else is read by the language's own rules
      let mantissa = 0;
      let decimals = -1;
      const valueBegin = p;
      for (; p < end; p++) {
        const byte = bytes[p] ?? 0;
        if (byte === betweenEntries) break;
        const digit = byte - zero;
        if (digit >= 0 && digit <= 9) {
          mantissa = mantissa * 10 + digit;
          if (decimals >= 0) decimals++;
        } else if (byte === point && decimals < 0) decimals = 0;
        else decimals = 99;
      }
      const length = p - valueBegin;
      let value = decimals > 0 ? mantissa / (powersOfTen[decimals] ?? 1) : mantissa;
      if (length === 0 || length > 15 || decimals > 15) value = numberIn(bytes, valueBegin, p);
      if (!Number.isFinite(value)) fail(entryFault(bytes, begin, end));
      const place = code > 0 ? (this.#byName[code] ?? 0) : 0;
      if (place > 0) this.#columns[place - 1]?.add(id, value);
      else this.#leaveOut(bytes, begin, nameEnd);
      entries++;
      if (p < end && ++p === end) fail('the feature list ends in a separator.');
    }
    return entries;
  }

  #leaveOut(bytes: Uint8Array, begin: number, end: number): void {
    this.unread.count++;
    if (this.unread.names.size < 10) this.unread.names.add(printedBytes(bytes, begin, end));
  }
}

/** The name as a number, from 1 so that leading zeros count. */
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
