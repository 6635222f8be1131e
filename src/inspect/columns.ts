import type { SourceColumn } from '../data/dataset.js';
import { numbersBy } from '../data/store/database.js';
import { aloneScores } from './alone.js';
import type { InspectedColumn, TaskSummary } from './inspection.js';
import { type SeenRows, splitSql } from './seen-rows.js';
import { type Batch, batches, groupValues } from './value-groups.js';

/** Inspects columns by the numbers of rows and of labels that each of their distinct values has. */
export async function inspectColumns(
  seen: SeenRows,
  columns: readonly SourceColumn[],
  tasks: readonly TaskSummary[],
  onColumn: (done: number) => void,
): Promise<readonly InspectedColumn[]> {
  const { database, kept } = seen;
  const inspected: InspectedColumn[] = [];
  const rows = kept.train + kept.validation + kept.test;
  for (const batch of batches(columns, rows)) {
    await groupValues(database, batch, rows, tasks.length);
    const counts = await valueCounts(seen, batch);
    const alone = await aloneScores(database, batch, tasks);
    for (const [k, { index, name }] of batch.entries()) inspected[index] = { name, ...counts(k), alone: alone(k) };
    onColumn((batch.at(-1)?.index ?? 0) + 1);
  }
  return inspected;
}

async function valueCounts({ database, kept }: SeenRows, batch: Batch) {
  const { train, validation, test } = splitSql;
  const newIn = (split: string) => `coalesce(sum(rows) FILTER (${split} AND known IS NULL), 0)`;
  const found = await numbersBy(
    database,
    1,
    `SELECT input, count(*) FILTER (${train}), count(value) FILTER (${train}), ${newIn(validation)}, ${newIn(test)}
    FROM groups LEFT JOIN (SELECT input AS "column", value AS known FROM groups WHERE ${train} AND NOT is_numeric)
      ON "column" = input AND known = value
    GROUP BY input`,
  );
  return (k: number) => {
    const [different = 0, values = 0, validation = 0, test = 0] = found(k);
    const kind = batch[k]?.kind;
    return {
      unseen: kind === 'categorical' ? { validation, test } : { validation: 0, test: 0 },
      constant: kept.train > 0 && (kind === 'list' ? values === 0 : different === 1),
    };
  };
}
