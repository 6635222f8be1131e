import type { SourceColumn } from '../data/dataset.js';
import { queryNumbers } from '../data/store/database.js';
import type { Inspection, RowsInCommon } from './inspection.js';
import { type SeenRows, splitSql } from './seen-rows.js';

/**
 * Counts the rows of other splits that have the inputs of a training row, by a hash of 64 bits.
 *
 * The number expected by chance. If training rows and other rows are independent draws from one population, a new row
 * matches a training row as often as two training rows match. So the expected share is that of training rows with a
 * duplicate: 1 - (rows that occur once) / rows. This is Good and Turing's estimate (Good 1953). It needs no model of
 * the columns, and holds for few inputs as well as many.
 *
 * Rows come in groups of duplicates: a pair adds 4 to the variance, a group of n about n, so 2 per row bounds both. The
 * estimate has its own error too: error^2 = 2 expected (1 + rows / training rows).
 */
export async function rowsInCommon(
  { database, kept }: SeenRows,
  columns: readonly SourceColumn[],
): Promise<Inspection['inCommon']> {
  const inputs = columns.flatMap(({ kind }, c) => (kind === 'list' ? [`i${c}`, `w${c}`] : [`i${c}`]));
  const countSplit = (split: keyof typeof splitSql) => `count(*) FILTER (${splitSql[split]}) AS ${split}`;
  const rows = `SELECT ${countSplit('train')}, ${countSplit('validation')}, ${countSplit('test')}
    FROM (SELECT split, hash(${inputs.join(', ')}) AS inputs FROM seen) GROUP BY inputs`;
  const [once = 0, inValidation = 0, inTest = 0] = await queryNumbers(
    database,
    [
      'count(*) FILTER (train = 1)',
      ...['validation', 'test'].map((split) => `coalesce(sum(${split}) FILTER (train > 0), 0)`),
    ],
    `(${rows})`,
  );
  const inCommon = (rows: number, found: number): RowsInCommon => {
    const expected = kept.train === 0 ? 0 : rows * (1 - once / kept.train);
    const error = Math.sqrt(2 * expected * (1 + rows / Math.max(1, kept.train)));
    return { rows, found, expected, error };
  };
  return { validation: inCommon(kept.validation, inValidation), test: inCommon(kept.test, inTest) };
}
