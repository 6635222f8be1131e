// What a gain is worth in rows.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Table } from './claim.js';
import { difference, less, type Tested, testValues } from './differences.js';

export interface Measured {
  readonly value: number;
  /** 95 %, over draws. */
  readonly interval: readonly [number, number];
}

/** What of a table it is computed from. */
interface HalvedTable extends Pick<Table, 'folder' | 'baseline'> {
  readonly rows: readonly (Tested & { readonly label: string })[];
  /** The baseline on half of the rows. */
  readonly doublings?: readonly Tested[];
}

/**
 * By how often single-task's rows must double to reach the model's error, if its error goes on as between half of the rows
 * and all of them: a ratio of means over draws, with the interval of its linear part (paired). One pass only.
 */
export function doublingsOf(table: HalvedTable, model: Tested, task: string): Measured | undefined {
  const [half] = table.doublings ?? [];
  if (!half) return undefined;
  const single = must(
    table.rows.find(({ label }) => label === table.baseline),
    table.baseline,
  );
  const errors = (row: Tested) => testValues(table, row, task).map(Math.log2);
  const [before, whole, own] = [errors(half), errors(single), errors(model)];
  const [falls, gains] = [less(before, whole), less(whole, own)];
  const value = mean(gains) / mean(falls);
  const parts = gains.map((gain, draw) => value + (gain - value * must(falls[draw], 'a draw')) / mean(falls));
  return { value, interval: difference(parts, 1, 0.05).interval };
}
