import { listOf, type SourceBlock, type SourceColumn, singleOf } from '../data/dataset.js';
import { must } from '../support/must.js';
import { missingValues } from './column-counts.js';
import { entriesOf } from './looked-at.js';

/** A rule between a column and a binary label that no training row breaks and that chance does not explain. */
export interface Implication {
  readonly task: string;
  /** The value that every positive row has, in a column of two values. Null: any value; only positive rows have one. */
  readonly value: string | null;
  /**
   * Numbers of training rows that were read in the task's sample space: all, those with label 1, and those with the
   * value.
   */
  readonly rows: number;
  readonly positives: number;
  readonly withValue: number;
}

/** Searches training blocks for implications between one column and one binary task. */
export interface Implications {
  add(block: SourceBlock): void;
  /** Returns no rule or one. */
  finish(): readonly Implication[];
}

/**
 * A rule needs ten rows that could break it. The probability that none does must be below one in a million if column
 * and label are independent (share^rows). So 100 columns and 10 tasks give a false rule once in a thousand data sets.
 */
const [fewestRows, mostByChance] = [10, 1e-6];

/** Of two values, the one that means "absent". That positives never have the other value is not a rule here. */
const no = /^\s*(0(\.0*)?|false|n|no)\s*$/i;

/**
 * @param index The column's index in the source.
 * @param taskIndex The task's index in the source.
 */
export function implications(column: SourceColumn, index: number, task: string, taskIndex: number): Implications {
  const { kind, dictionary } = column;
  const missing = missingValues(column);
  const counts = new Map<number, number>(); // by value, as long as there are at most two
  let [rows, positives, filled] = [0, 0, 0];
  let common: number | undefined; // the value that all positives share
  let labelDecides = kind !== 'list';
  let valueDecides = true;

  return {
    add(block) {
      if (!labelDecides && !valueDecides) return;
      const [labels, valueAt] = [block.labels[taskIndex], valuesOf(block)];
      for (let row = 0; row < block.rows; row++) {
        const label = labels?.[row] ?? Number.NaN;
        if (Number.isNaN(label)) continue;
        rows++;
        if (label === 1) positives++;
        const value = valueAt(row);
        if (!Number.isNaN(value)) {
          filled++;
          if (label !== 1) valueDecides = false;
          if (labelDecides) counts.set(value, (counts.get(value) ?? 0) + 1);
          if (counts.size > 2 || (kind === 'numeric' && value !== 0 && value !== 1)) labelDecides = false;
        }
        if (label === 1) {
          common ??= value;
          if (value !== common) labelDecides = false; // NaN also counts as different
        }
        if (!labelDecides && !valueDecides) return;
      }
    },
    finish() {
      const rule = { task, rows, positives };
      if (valueDecides && isRule(positives / rows, filled)) return [{ ...rule, value: null, withValue: filled }];
      if (!labelDecides || common === undefined) return [];
      const [value, withValue] = [dictionary?.[common] ?? String(common), must(counts.get(common), 'count')];
      return no.test(value) || !isRule(withValue / rows, positives) ? [] : [{ ...rule, value, withValue }];
    },
  };

  /** A row's number or category. 0 for a list, NaN without a value. */
  function valuesOf(block: SourceBlock): (row: number) => number {
    const values = block.columns[index] ?? new Float32Array();
    if (kind === 'list') {
      const { offsets, of } = entriesOf(listOf(values));
      return (row) => {
        const list = of?.[row] ?? row;
        return offsets[list] === offsets[list + 1] ? Number.NaN : 0;
      };
    }
    const single = singleOf(values);
    return (row) => (missing[single[row] ?? 0] === 1 ? Number.NaN : (single[row] ?? Number.NaN));
  }
}

function isRule(share: number, rows: number): boolean {
  return rows >= fewestRows && rows * Math.log(share) < Math.log(mostByChance);
}
