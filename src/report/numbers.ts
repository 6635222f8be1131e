import { wholeNumber } from '../support/text.js';

/** Stands for an undefined value. */
export const dash = '-';

/**
 * Decimals for values of one unit: two significant digits of the median error, so that a mean ends where it becomes
 * uncertain. Without errors: five significant digits of the median value. Below 0, values are rounded to tens, hundreds
 * and so on.
 */
export function digitsFor(errors: readonly (number | null)[], values: readonly (number | null)[]): number {
  const error = middle(errors);
  if (error !== undefined) return within(1 - Math.floor(Math.log10(error)));
  const value = middle(values);
  return value === undefined ? 4 : within(4 - Math.floor(Math.log10(value)));
}

function middle(numbers: readonly (number | null)[]): number | undefined {
  const sizes = numbers.flatMap((number) => (number === null || number === 0 ? [] : [Math.abs(number)]));
  return sizes.toSorted((a, b) => a - b)[Math.floor((sizes.length - 1) / 2)];
}

function within(digits: number): number {
  return Math.min(20, digits);
}

/** A number with this many decimals. Very small or large ones have an exponent: `1.494e+15`. Null: a dash. */
export function withDecimals(value: number | null, digits: number): string {
  if (value === null) return dash;
  if (digits > 8 || digits < -3 || Math.abs(value) >= 1e9) {
    const decimals = Math.floor(Math.log10(Math.abs(value))) + digits;
    return value === 0 ? '0' : value.toExponential(Math.max(0, Math.min(4, decimals)));
  }
  const text = value.toFixed(Math.max(0, digits));
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** Like `fixed`, with a plus before positive numbers. */
export function signed(value: number | null, digits: number): string {
  const text = withDecimals(value, digits);
  return value !== null && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A gain that is already in percent: `+0.13 %`. */
export function percent(value: number | null, digits = percentDigits([value])): string {
  return value === null ? dash : `${signed(value, digits)} %`;
}

/** Decimals for percentages of one column: two significant digits of the largest, at least one decimal. */
export function percentDigits(values: readonly (number | null)[]): number {
  const largest = Math.max(...values.map((value) => Math.abs(value ?? 0)));
  return largest > 0 ? Math.max(1, within(1 - Math.floor(Math.log10(largest)))) : 1;
}

/** A p-value: three decimals, or `<0.001`. */
export function probability(p: number | null): string {
  if (p === null) return dash;
  return p < 0.001 ? '<0.001' : p.toFixed(3);
}

/** A given number, such as a margin or a level: `0.001`, `3.48e+13`. */
export function rounded(value: number): string {
  const short = Number(value.toPrecision(3));
  return Math.abs(short) < 1e6 ? String(short) : short.toExponential();
}

/** Confidence of all intervals: `95 %`. */
export function confidence(level: number): string {
  return `${rounded(100 * (1 - level))} %`;
}

/** A whole number with thousands separators: `123,456`. */
export function count(value: number | null): string {
  return value === null ? dash : wholeNumber(value);
}

/** A whole number in short, to two significant digits from a thousand on: `950`, `4.2k`, `12k`, `1.2M`. */
export function short(value: number): string {
  if (value < 999.5) return String(value);
  const rounded = Number(value.toPrecision(2));
  const [unit, letter] = rounded >= 1e9 ? [1e9, 'G'] : rounded >= 1e6 ? [1e6, 'M'] : [1e3, 'k'];
  const text = (rounded / unit).toPrecision(2);
  return `${text.includes('e') ? Number(text) : text}${letter}`;
}

/** `41 s`, `12 min`, `1 h 05 min` */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const [end = '', ...others] = words.toReversed();
  return others.length === 0 ? end : `${others.toReversed().join(', ')} and ${end}`;
}
