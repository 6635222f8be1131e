import { DataError } from '../../support/errors.js';
import { type Cell, numberOf, shown } from './cell.js';
import type { InputColumn } from './column-roles.js';

/** Whole numbers with no more different values than this are taken for categories. */
const fewValues = 20;

/** A column's kind, from all its values. */
export class KindInference {
  #present = false;
  #numbers = true;
  #whole = true;
  #lists = false;
  readonly #values = new Set<number>();

  /** @param cell not missing. */
  add(cell: Cell): void {
    this.#present = true;
    if (typeof cell === 'object') {
      this.#lists = true;
      this.#numbers = false;
    }
    if (!this.#numbers) return;
    const value = numberOf(cell);
    if (Number.isNaN(value)) this.#numbers = false;
    else if (!Number.isInteger(value)) this.#whole = false;
    if (this.#values.size <= fewValues) this.#values.add(value);
  }

  /** Numeric: all values are numbers, and some are not whole, or there are more than 20 different ones. Undefined: there is none. */
  kind(): InputColumn['kind'] {
    if (!this.#present) return undefined;
    if (this.#lists) return 'list';
    return this.#numbers && (!this.#whole || this.#values.size > fewValues) ? 'numeric' : 'categorical';
  }
}

const date = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** A number, or the milliseconds of a date as `2024-05-31` or `2024-05-31 17:30:00`, UTC unless it says otherwise. */
export function timeOf(cell: Cell, place: string, name: string): number {
  const value = numberOfTime(cell);
  if (!Number.isNaN(value)) return value;
  throw new DataError(
    `${place}: column '${name}' is ${shown(cell)}, which is neither a number nor a date such as 2024-05-31.`,
  );
}

/** Written as a date, whether a calendar has it or not. */
export function looksLikeDate(text: string): boolean {
  return date.test(text.trim());
}

/** NaN for what is no time. */
export function numberOfTime(cell: Cell): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell !== 'string') return Number.NaN;
  const text = cell.trim();
  if (!date.test(text)) return Number.isNaN(numberOf(text)) ? Number.NaN : Number(text);
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return Number.NaN; // Date.parse takes 30 February for 1 March
  return Date.parse(
    text.length > 10 && !/(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10))
      ? `${text.replace(' ', 'T')}Z`
      : text.replace(' ', 'T'),
  );
}

/** Numbers, 8 bytes each. */
export class NumberList {
  #values = new Float64Array(1024);
  #count = 0;

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(2 * this.#count);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  sorted(): Float64Array {
    return this.#values.subarray(0, this.#count).sort();
  }
}
