/** A value of a row before its column's kind is known. Null: missing. */
export type Cell = string | number | null | readonly Cell[];

/** Rows of a file, in its order. */
export interface RowChunk {
  /** A row has as many cells as the file has columns. */
  readonly records: readonly (readonly Cell[])[];
  /** Where a row of the chunk stands, for messages: `file:line`. */
  place(row: number): string;
}

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
