import { listOf, type SourceBlock, type SourceColumn, type SplitName, singleOf } from '../data/dataset.js';
import { entriesOf } from './looked-at.js';

/** What the values of one input column turned out to be, in the looked-at rows of every split. */
export interface ColumnSummary {
  readonly name: string;
  readonly kind: SourceColumn['kind'];
  /** Different values of the training rows (of a list's entries); of numbers, `mostValues` stands for that many or more. */
  readonly values: number;
  /** Least and most of the training rows; null for columns without numbers. */
  readonly range: readonly [number, number] | null;
  /** Mean number of a list's entries in a training row; null for other columns. */
  readonly entries: number | null;
  /** Rows without a value, or with a text that stands for none (`missingTexts`), or with an empty list. */
  readonly missing: Readonly<Record<SplitName, number>>;
  /** Rows with a value that no training row has; of numbers, one outside the range of training. */
  readonly unseen: Readonly<Record<'validation' | 'test', number>>;
  /** Every training row has the same, or none has a value. */
  readonly constant: boolean;
}

/** Different numbers of a column are counted up to here. */
export const mostValues = 1000;

/** Texts of categorical columns that are counted as missing. They are categories like any other for a model. */
const missingTexts: readonly string[] = ['', '?', 'NA', 'N/A', 'NaN', 'nan', 'NULL', 'null'];

/** Counts one column's values, split after split: training first. */
export interface ColumnCounts {
  add(split: SplitName, block: SourceBlock, rows: Int32Array): void;
  finish(): ColumnSummary;
}

/** @param index Of the column in the source. */
export function columnCounts(column: SourceColumn, index: number): ColumnCounts {
  if (column.kind === 'numeric') return numericCounts(column, index);
  if (column.kind === 'list') return listCounts(column, index);
  return categoricalCounts(column, index);
}

/** By category: 1 for a text that is counted as missing. Empty for a numeric column and a list. */
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
