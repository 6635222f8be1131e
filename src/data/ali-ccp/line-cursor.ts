import { DataError } from '../../support/errors.js';

const zero = 48;
const nine = 57;
const newline = 10;
const carriageReturn = 13;
const comma = 44;
const keyDigits = 16;
const hexValues = Int8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? -1 : value;
});

/** Iterates over a file's lines, and over the cells of a line. Errors name the file and the line number. */
export class LineCursor {
  /** Line number, from 1. */
  line = 0;
  bytes: Uint8Array = new Uint8Array();
  /** The rest of the line: bytes[at..end]. */
  at = 0;
  end = 0;
  /** The last key that was read, as two halves of 64 bits. */
  high = 0;
  low = 0;
  readonly #path: string;
  #next = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Starts with the next bytes: whole lines that follow the previous ones. */
  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.#next = 0;
  }

  /** Moves to the next line. False after the last line of these bytes. */
  next(): boolean {
    if (this.#next >= this.bytes.length) return false;
    this.line++;
    this.at = this.#next;
    const found = this.bytes.indexOf(newline, this.at);
    this.end = found < 0 ? this.bytes.length : found;
    this.#next = this.end + 1;
    if (this.end > this.at && this.bytes[this.end - 1] === carriageReturn) this.end--;
    return true;
  }

  /** Reads 16 hexadecimal digits into `high` and `low`. */
  key(): void {
    const begin = this.at;
    const ends = begin + keyDigits < this.end && this.bytes[begin + keyDigits] === comma;
    const [high, low] = ends ? [this.#hex(), this.#hex()] : [-1, -1];
    if (high < 0 || low < 0) {
      this.fail(`'${this.#cellFrom(begin)}' is no index of common features: 16 hexadecimal digits and a comma.`);
    }
    this.high = high;
    this.low = low;
    this.at++;
  }

  /** Reads a whole number. */
  count(): number {
    let value = 0;
    const begin = this.at;
    for (; this.at < this.end; this.at++) {
      const byte = this.bytes[this.at] ?? 0;
      if (byte < zero || byte > nine) break;
      value = value * 10 + byte - zero;
    }
    if (this.at === begin || this.bytes[this.at] !== comma || this.at === this.end) {
      this.fail(`'${this.#cellFrom(begin)}' is no whole number followed by a comma.`);
    }
    this.at++;
    return value;
  }

  /** Reads 0 or 1. */
  label(name: string): number {
    const begin = this.at;
    const value = this.count();
    if (value > 1 || this.at !== begin + 2)
      this.fail(`the ${name} is '${this.#cellFrom(begin)}', which is neither 0 nor 1.`);
    return value;
  }

  readonly fail: (message: string) => never = (message) => {
    throw new DataError(`${this.#path}:${this.line}: ${message}`);
  };

  /** Reads eight digits. -1 if one is invalid. */
  #hex(): number {
    let value = 0;
    let wrong = 0;
    for (const end = this.at + keyDigits / 2; this.at < end; this.at++) {
      const digit = hexValues[this.bytes[this.at] ?? 0] ?? -1;
      wrong |= digit;
      value = (value << 4) | digit;
    }
    return wrong < 0 ? -1 : value >>> 0;
  }

  #cellFrom(begin: number): string {
    const separator = this.bytes.indexOf(comma, begin);
    return printedBytes(this.bytes, begin, Math.min(separator < 0 ? this.end : separator, this.end));
  }
}

/** bytes[begin..end] for a message: printable, and short. */
export function printedBytes(bytes: Uint8Array, begin: number, end: number): string {
  const text = Buffer.from(bytes.subarray(begin, Math.min(end, begin + 60))).toString('latin1');
  return text.replace(/[^ -~]/g, '\u00b7');
}
