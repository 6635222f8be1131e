import { listOf, type SourceBlock, type SourceColumn, type SplitName, singleOf } from '../data/dataset.js';
import { entriesOf } from './looked-at.js';

/** Statistics of one input column, over the rows of every split that were read. */
export interface ColumnSummary {
  readonly name: string;
  readonly kind: SourceColumn['kind'];
  /**
   * Distinct values in the training rows; for a list, distinct entries. For numbers, `mostValues` means that many or
   * more.
   */
  readonly values: number;
  /** Minimum and maximum over the training rows. Null for columns without numbers. */
  readonly range: readonly [number, number] | null;
  /** Mean number of entries per training row in a list column. Null for other columns. */
  readonly entries: number | null;
  /** Rows without a value, with a text that means "missing" (`missingTexts`), or with an empty list. */
  readonly missing: Readonly<Record<SplitName, number>>;
  /** Rows with a value that no training row has. For numbers: a value outside the training range. */
  readonly unseen: Readonly<Record<'validation' | 'test', number>>;
  /** All training rows have the same value, or none has a value. */
  readonly constant: boolean;
}

/** Distinct numbers of a column are counted up to this limit. */
export const mostValues = 1000;

/** Texts of categorical columns that count as missing here. For a model they are ordinary categories. */
const missingTexts: readonly string[] = ['', '?', 'NA', 'N/A', 'NaN', 'nan', 'NULL', 'null'];

/** Counts one column's values, one split at a time. Training comes first. */
export interface ColumnCounts {
  add(split: SplitName, block: SourceBlock, rows: Int32Array): void;
  finish(): ColumnSummary;
}

/** @param index The column's index in the source. */
export function columnCounts(column: SourceColumn, index: number): ColumnCounts {
  if (column.kind === 'numeric') return numericCounts(column, index);
  if (column.kind === 'list') return listCounts(column, index);
  return categoricalCounts(column, index);
}

/** By category: 1 for a text that counts as missing. Empty for numeric and list columns. */
export function missingValues({ kind, dictionary }: SourceColumn): Uint8Array {
  const texts = kind === 'categorical' ? (dictionary ?? []) : [];
  return Uint8Array.from(texts, (text) => Number(missingTexts.includes(text.trim())));
}

function categoricalCounts(column: SourceColumn, index: number): ColumnCounts {
  const { name, kind, dictionary, size } = column;
  const seen = new Uint8Array(size ?? dictionary?.length ?? 0);
  const absent = missingValues(column);
  const [missing, unseen] = [splitCounts(), splitCounts()];
  let [training, different] = [0, 0];
  return {
    add(split, block, rows) {
      const values = valuesOf(block, index);
      for (const row of rows) {
        const value = values[row] ?? 0;
        if (absent[value] === 1) missing[split]++;
        if (seen[value] === 1) continue;
        if (split !== 'train') unseen[split]++;
        else {
          seen[value] = 1;
          different++;
        }
      }
      if (split === 'train') training += rows.length;
    },
    finish: () => ({
      ...{ name, kind, values: different, range: null, entries: null, missing, unseen },
      constant: training > 0 && different === 1,
    }),
  };
}

function numericCounts({ name, kind }: SourceColumn, index: number): ColumnCounts {
  const different = new Set<number>();
  const [missing, unseen] = [splitCounts(), splitCounts()];
  let [training, least, most] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    add(split, block, rows) {
      const values = valuesOf(block, index);
      for (const row of rows) {
        const value = values[row] ?? 0;
        if (Number.isNaN(value)) missing[split]++;
        else if (split !== 'train') {
          if (value < least || value > most) unseen[split]++;
        } else {
          if (different.size < mostValues) different.add(value);
          if (value < least) least = value;
          if (value > most) most = value;
        }
      }
      if (split === 'train') training += rows.length;
    },
    finish: () => ({
      ...{ name, kind, values: different.size, entries: null, missing, unseen },
      range: different.size === 0 ? null : [least, most],
      constant: training > 0 && different.size + Number(missing.train > 0) === 1,
    }),
  };
}

function listCounts({ name, kind, dictionary, size }: SourceColumn, index: number): ColumnCounts {
  const seen = new Uint8Array(size ?? dictionary?.length ?? 0);
  const [missing, unseen] = [splitCounts(), splitCounts()];
  let [training, different, entries] = [0, 0, 0];
  return {
    add(split, block, rows) {
      const { offsets, indexes, of } = entriesOf(listOf(block.columns[index] ?? new Int32Array()));
      for (const row of rows) {
        const list = of ? (of[row] ?? 0) : row;
        const [begin = 0, end = 0] = [offsets[list], offsets[list + 1]];
        if (begin === end) missing[split]++;
        let isNew = false;
        for (let i = begin; i < end; i++) {
          const entry = indexes[i] ?? 0;
          if (seen[entry] === 1) continue;
          isNew = true;
          if (split !== 'train') break;
          seen[entry] = 1;
          different++;
        }
        if (split !== 'train' && isNew) unseen[split]++;
        if (split === 'train') entries += end - begin;
      }
      if (split === 'train') training += rows.length;
    },
    finish: () => ({
      ...{ name, kind, values: different, range: null, missing, unseen },
      entries: training > 0 ? entries / training : null,
      constant: training > 0 && missing.train === training,
    }),
  };
}

function valuesOf(block: SourceBlock, index: number): Int32Array | Float32Array {
  return singleOf(block.columns[index] ?? new Int32Array());
}

function splitCounts(): Record<SplitName, number> {
  return { train: 0, validation: 0, test: 0 };
}
