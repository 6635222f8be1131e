import { DataError } from '../../support/errors.js';
import type { SourceBlock } from '../dataset.js';
import { type Cell, numberOf, shown, textOf } from './cell.js';
import type { InputColumn } from './column-roles.js';

/** The picked rows of a chunk. */
export interface PickedRows {
  readonly records: readonly (readonly Cell[])[];
  readonly rows: readonly number[];
  place(row: number): string;
  missing(cell: Cell): boolean;
}

export interface ColumnEncoder {
  encode(picked: PickedRows): SourceBlock['columns'][number];
  /** See `SourceSummary.values`. */
  values(): Iterable<string> | number | undefined;
}

/** @param note of what the user should know. */
export function columnEncoder(column: InputColumn, note: (message: string) => void): ColumnEncoder {
  if (column.kind === 'numeric') return numericEncoder(column);
  const indexes = column.hash === undefined ? dictionaryIndexes(column, note) : hashIndexes(column.hash);
  return column.kind === 'list' ? listEncoder(column, indexes) : categoricalEncoder(column, indexes);
}

function numericEncoder({ index, name }: InputColumn): ColumnEncoder {
  return {
    encode({ records, rows, place, missing }) {
      return Float32Array.from(rows, (row) => {
        const cell = records[row]?.[index] ?? null;
        if (missing(cell)) return Number.NaN;
        const value = numberOf(cell);
        if (!Number.isNaN(value)) return value;
        throw new DataError(
          `${place(row)}: column '${name}' is ${shown(cell)}, which is no number; if it has categories: columns: { ${name}: categorical }.`,
        );
      });
    },
    values: () => undefined,
  };
}

/** A missing value is a category, of the empty text. */
function categoricalEncoder({ index }: InputColumn, indexes: Indexes): ColumnEncoder {
  return {
    encode({ records, rows, missing }) {
      return Int32Array.from(rows, (row) => {
        const cell = records[row]?.[index] ?? null;
        return indexes.of(missing(cell) ? '' : textOf(cell));
      });
    },
    values: indexes.values,
  };
}

/** A missing value is an empty list. */
function listEncoder({ index, name, separator = '|', weights: mark }: InputColumn, indexes: Indexes): ColumnEncoder {
  return {
    encode({ records, rows, place, missing }) {
      const offsets = new Int32Array(rows.length + 1);
      const entries: number[] = [];
      const weights: number[] = [];
      for (const [i, row] of rows.entries()) {
        const cell = records[row]?.[index] ?? null;
        const parts = missing(cell)
          ? []
          : typeof cell === 'object'
            ? (cell ?? []).map(textOf)
            : textOf(cell).split(separator);
        for (const part of parts) {
          const text = part.trim();
          if (text === '') continue;
          const cut = mark === undefined ? -1 : text.lastIndexOf(mark);
          entries.push(indexes.of(cut < 0 ? text : text.slice(0, cut)));
          if (mark === undefined) continue;
          const weight = cut < 0 ? 1 : numberOf(text.slice(cut + mark.length));
          if (Number.isNaN(weight)) {
            throw new DataError(
              `${place(row)}: column '${name}' has the entry ${shown(text)}, whose weight is no number.`,
            );
          }
          weights.push(weight);
        }
        offsets[i + 1] = entries.length;
      }
      const values = { offsets, indexes: Int32Array.from(entries) };
      return mark === undefined ? values : { ...values, weights: Float32Array.from(weights) };
    },
    values: indexes.values,
  };
}

interface Indexes {
  of(text: string): number;
  values(): Iterable<string> | number;
}

const manyValues = 2 ** 20;
const mostValues = 2 ** 23;

function dictionaryIndexes({ name, kind, separator, weights }: InputColumn, note: (message: string) => void): Indexes {
  const indexes = new Map<string, number>();
  const kept = { separator, weights }; // of a list
  const texts = Object.entries(kept).map(([key, text]) =>
    text === undefined ? '' : `, ${key}: ${JSON.stringify(text)}`,
  );
  const hashed = `columns: { ${name}: { kind: ${kind}, hash: 1000000${texts.join('')} } }`;
  return {
    of(text) {
      const known = indexes.get(text);
      if (known !== undefined) return known;
      if (indexes.size >= mostValues) {
        throw new DataError(`Column '${name}' has more than ${mostValues} different values; hash them: ${hashed}.`);
      }
      if (indexes.size === manyValues) {
        note(
          `Column '${name}' has more than ${manyValues} different values, which are all kept in memory; a hash bounds it: ${hashed}.`,
        );
      }
      // A copy: a part of a text keeps the whole of it in memory.
      indexes.set(Buffer.from(text).toString(), indexes.size);
      return indexes.size - 1;
    },
    values: () => indexes.keys(),
  };
}

function hashIndexes(size: number): Indexes {
  return { of: (text) => hashText(text) % size, values: () => size };
}

/** FNV-1a over UTF-16 units, then the finalizer of MurmurHash3, as FNV's low bits alone mix badly. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
