import type { ColumnGuess } from './column-guess.js';
import { flow } from './config-text.js';

/** Of a label with so few rows of the rarer class, or so small a share of them, a plain draw may leave a split with hardly any. */
const [fewRows, fewShare] = [1000, 0.01];
/** Values of a column that is cut value by value. */
const mostStrata = 20;

export interface SplitGuess {
  readonly split: object;
  /** Why, and other ways. */
  readonly remark: string;
}

/**
 * How rows are split: drawn, with the same share of a rare label in each split. The remark has the split by time, and that by users.
 * @param tasks `rarer`: of a binary one the rows of the rarer class.
 * @param hasTest The test split has a file of its own.
 */
export function splitGuess(
  tasks: readonly { readonly column: ColumnGuess; readonly rarer?: number | undefined }[],
  columns: readonly ColumnGuess[],
  hasTest: boolean,
): SplitGuess {
  const shares = { validation: 0.1, ...(hasTest ? {} : { test: 0.1 }) };
  const [rarest] = tasks
    .filter(({ column, rarer = 0 }) => rarer > 0 && column.facts.different <= mostStrata)
    .toSorted((a, b) => (a.rarer ?? 0) - (b.rarer ?? 0));
  const { column, rarer = 0 } = rarest ?? {};
  const isRare = column && (rarer < fewRows || rarer < fewShare * column.facts.present);
  const [time] = columns.filter((other) => other.canSplit()).toSorted((a, b) => b.facts.different - a.facts.different);
  const user = columns.find((other) => other.isUserWithRows());
  const remarks = [
    isRare ? `each split has its share of the ${rarer} rows of the rarer class of ${column.name}` : '',
    time ? `or, the last rows as the test: ${flow({ time: time.name, ...shares })}` : '',
    user ? `or, all rows of a user in one split: ${flow({ fraction: shares, group: user.name })}` : '',
  ];
  return {
    split: { fraction: shares, ...(isRare ? { stratify: column.name } : {}) },
    remark: remarks.filter((remark) => remark !== '').join('; '),
  };
}
