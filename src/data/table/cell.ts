import { z } from 'zod';

/** A value of a row before its column's kind is known. Null: missing. */
export type Cell = string | number | null | readonly Cell[];

/** Milliseconds. */
export const day = 86_400_000;

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** The number that a cell says, of 32 bits at most; NaN if it says none. */
export function numberOf(cell: Cell): number {
  const value = typeof cell === 'number' ? cell : numberOfText(cell);
  return Number.isFinite(Math.fround(value)) ? value : Number.NaN;
}

function numberOfText(cell: Cell): number {
  if (typeof cell !== 'string') return Number.NaN;
  const text = cell.trim();
  return decimal.test(text) ? Number(text) : Number.NaN;
}

export function textOf(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'object' ? cell.map(textOf).join(',') : String(cell);
}

/** A value of a file of another type than text. @throws Error for a nested one. */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime() / day;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return listOf(value, cellOf);
  throw new Error('a value is nested');
}

/** Entries that are missing are left out. @throws Error for a nested one. */
export function listOf(entries: Iterable<unknown>, cellOf: (entry: unknown) => Cell): Cell {
  const cells: Cell[] = [];
  for (const entry of entries) {
    const cell = cellOf(entry);
    if (typeof cell === 'object' && cell !== null) throw new Error('a list is nested');
    if (cell !== null) cells.push(cell);
  }
  return cells;
}

/** A text in a message: no line break, not too long. */
export function shown(cell: Cell): string {
  const text = JSON.stringify(textOf(cell)).slice(1, -1);
  return `'${text.length > 40 ? `${text.slice(0, 40)}…` : text}'`;
}

const value = z.union([z.string(), z.number(), z.boolean()]);

/** A value, one of several, or a comparison such as `> 3` or `= 3`. */
export const conditionSchema = z.union([value, z.array(value).min(1)]);

export type Condition = z.infer<typeof conditionSchema>;

const comparison = /^((?:[<>=]|!=)[<>=!]*)\s*(.*)$/;

const operators = ['>', '>=', '<', '<=', '=', '==', '!='];

/** What is compared: `=` and `!=` as texts or as numbers with any of the values, the others as numbers with one. */
export function conditionParts(condition: Condition): {
  readonly operator: string;
  readonly values: readonly string[];
} {
  const [, operator, operand = ''] = (typeof condition === 'string' && comparison.exec(condition)) || [];
  if (operator === undefined) return { operator: '=', values: [condition].flat().map(String) };
  return { operator: operator === '==' ? '=' : operator, values: [operand] };
}

/** Why a condition cannot be meant as it stands. */
export function mistakeIn(condition: Condition): string | undefined {
  const [, operator, operand = ''] = (typeof condition === 'string' && comparison.exec(condition)) || [];
  if (operator === undefined) return undefined;
  if (!operators.includes(operator) || (operator.startsWith('=') && operand === '')) {
    return `'${condition}' is no comparison (${operators.join(', ')} and a value); a text that begins so stands in a list: ['…']`;
  }
  if (/[<>]/.test(operator) && Number.isNaN(numberOf(operand))) return 'a comparison is with a number';
  return undefined;
}
