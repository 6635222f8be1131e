import { type FormatDefinition, isList, type OutputColumn, type OutputValues } from './format.js';

const piece = 1 << 16; // characters that are joined before they become bytes

/**
 * A header line, then a line per row; floats in their shortest form that reads back as the same 32 bits. NaN is an empty field; `|` stands between
 * the entries of a list.
 */
export const csv: FormatDefinition = {
  name: 'csv',
  groupBytes: 2 ** 20, // text is slow to make, and nothing in it depends on groups
  async *encode(columns, groups) {
    const encoder = new TextEncoder();
    let text = `${columns.map(({ name }) => quoted(name)).join(',')}\n`;
    for await (const { rows, columns: values } of groups) {
      for (let row = 0; row < rows; row++) {
        for (let c = 0; c < values.length; c++) {
          if (c > 0) text += ',';
          text += field(columns[c], values[c], row);
        }
        text += '\n';
        if (text.length < piece) continue;
        yield encoder.encode(text);
        text = '';
      }
    }
    yield encoder.encode(text);
  },
};

function field(column: OutputColumn | undefined, values: OutputValues | undefined, row: number): string {
  if (values && isList(values)) return values.indexes.subarray(values.offsets[row], values.offsets[row + 1]).join('|');
  const value = values?.[row] ?? Number.NaN;
  if (Number.isNaN(value)) return '';
  return column?.kind === 'integer' ? String(value) : shortestFloat(value);
}

const smallestNormal = 2 ** -126;

/**
 * The shortest decimal that rounds to this 32-bit float. A normal float keeps six digits, so that a shorter decimal comes out of
 * six too; nine tell any two apart. Floats stand twice as far apart above a power of two as below it: there the next decimal up may
 * do where the nearest, which is lower, does not.
 */
export function shortestFloat(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 2 ** 24) return String(value);
  const isPower = 2 ** Math.round(Math.log2(size)) === size;
  for (let digits = size < smallestNormal ? 1 : 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
    const above = isPower ? nextDecimal(value, digits) : rounded;
    if (Math.fround(above) === value) return String(above);
  }
  return String(Number(value.toPrecision(9)));
}

/** One in the last digit farther from 0 than the nearest decimal of so many digits. */
function nextDecimal(value: number, digits: number): number {
  const [decimal = '', exponent] = value.toExponential(digits - 1).split('e');
  const whole = Number(decimal.replace('.', ''));
  return Number(`${whole + Math.sign(value)}e${Number(exponent) - digits + 1}`);
}

function quoted(name: string): string {
  return /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
