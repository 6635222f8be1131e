import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { queryNumbers } from '../store/database.js';
import type { ColumnRoles, LabelColumn } from './column-roles.js';
import { labelSql } from './labels.js';
import type { RowSplits } from './row-splits.js';
import { entryWeight, listEntries, numberSql } from './staged-columns.js';
import type { StagedRows } from './staged-rows.js';
import type { About, KnownRows } from './write-rows.js';

/** Rows for which this SQL is true are refused. */
interface Fault {
  readonly sql: string;
  readonly column: string;
  /** Behind `file:line: column 'x' is 'text'`. */
  readonly what: string;
}

export function findFaults(
  { staged, inputs }: KnownRows,
  { labels, weight }: ColumnRoles,
  { faults }: RowSplits,
  { fixed }: About,
): Fault[] {
  const found: Fault[] = faults.map((fault) => ({ ...fault, sql: `NOT given AND ${fault.sql}` }));
  const weights = weight === undefined ? undefined : staged.columns.get(weight);
  if (weights) {
    const number = numberSql(weights);
    const what = '; a weight is a finite number of at least 0, and every row has one.';
    found.push({ sql: `${number} IS NULL OR ${number} < 0`, column: weights.name, what });
  }
  const notComparable = ', which cannot be compared with a number.';
  for (const label of labels) {
    const { name, task, positive } = label;
    const { value, present, inside, comparable, mask } = labelSql(label, staged);
    if (mask && label.mask) {
      const sql = `${present} AND ${mask.sql} IS NOT NULL AND NOT ${mask.comparable}`;
      found.push({ sql, column: label.mask.name, what: notComparable });
    }
    const wrong =
      task.type === 'regression'
        ? `, which is no number: task '${task.name}' is a regression.`
        : task.type === 'multiclass'
          ? otherClass(label)
          : `, which is neither 0 nor 1${fixed ? '' : `; say which labels are 1: tasks: { ${task.name}: { positive: … } }, or regression: true`}.`;
    if (positive === undefined) found.push({ sql: `${inside} AND ${value} IS NULL`, column: name, what: wrong });
    else found.push({ sql: `${inside} AND NOT ${comparable}`, column: name, what: notComparable });
  }
  for (const { kind, column, number, lenient, faulty, time, part, weights, separator } of inputs) {
    const { name } = column;
    if ((kind === 'numeric' || part !== undefined) && !lenient && faulty) {
      const advice = fixed ? '' : `; if it has categories: columns: { ${name}: categorical }`;
      const what = `, which is no ${time === undefined ? 'number' : 'date as those of the column'}${advice}.`;
      found.push({ sql: `${column.sql} IS NOT NULL AND ${number} IS NULL`, column: name, what });
    }
    if (kind === 'list' && weights !== undefined) {
      // The mean over a list divides by the sum of its weights, which negative ones can bring near 0.
      const weight = entryWeight('e', weights);
      const odd = `list_filter(${listEntries(column, separator)}, e -> ${weight} IS NULL OR ${weight} < 0)`;
      found.push({
        sql: `len(${odd}) > 0`,
        column: name,
        what: ', where the weight of an entry is no number of at least 0.',
      });
    }
  }
  return found;
}

/** What a label is that is none of the classes. */
function otherClass({ task: { name }, classes }: LabelColumn): string {
  if (classes === 'of training')
    return `, a class that no training row has: list the classes of task '${name}' (multiclass: […]) to keep the row, or leave it out by a mask.`;
  return `, which is not listed in dataset.tasks.${name}.multiclass.`;
}

/** @throws DataError for the first row that has a fault. */
export async function refuseFaults(
  database: DuckDBConnection,
  { looked }: RowSplits,
  faults: readonly Fault[],
  staged: StagedRows,
): Promise<void> {
  const first = faults.map(({ sql }) => `min(row) FILTER (${sql})`);
  const rows = await queryNumbers(database, first, `${looked} WHERE split IS NOT NULL OR NOT given`);
  const earliest = Math.min(...rows.filter((row) => !Number.isNaN(row)));
  const fault = faults[rows.indexOf(earliest)];
  if (!fault) return;
  throw new DataError(`${await staged.where(earliest, fault.column)}${fault.what}`);
}
