import type { DuckDBConnection } from '@duckdb/node-api';
import { type SourceColumn, splitNames } from '../data/dataset.js';
import { numbersBy, queryNumbers } from '../data/store/database.js';
import { aloneScores } from './alone.js';
import type { Implication, InspectedColumn, TaskSummary } from './inspection.js';
import { type SeenRows, splitSql } from './seen-rows.js';
import { type Batch, batches, entriesSql, groupValues, ofTasks } from './value-groups.js';

/** Inspects columns by the numbers of rows and of labels that each of their distinct values has. */
export async function inspectColumns(
  seen: SeenRows,
  columns: readonly SourceColumn[],
  tasks: readonly TaskSummary[],
  onColumn: (done: number) => void,
): Promise<readonly InspectedColumn[]> {
  const { database, kept } = seen;
  const inspected: InspectedColumn[] = [];
  for (const batch of batches(columns, kept.train + kept.validation + kept.test)) {
    await groupValues(database, batch, tasks.length);
    const counts = await valueCounts(seen, batch);
    const alone = await aloneScores(database, batch, tasks);
    const rules = await implications(database, batch, tasks);
    for (const [k, { index, name, kind }] of batch.entries())
      inspected[index] = { name, kind, ...counts(k), alone: alone(k), implications: rules(k) };
    onColumn((batch.at(-1)?.index ?? 0) + 1);
  }
  return inspected;
}

/** Distinct numbers of a column are counted up to this limit. */
export const mostValues = 1000;

async function valueCounts({ database, kept }: SeenRows, batch: Batch) {
  const { train, validation, test } = splitSql;
  const rowsWhere = (condition: string) => `coalesce(sum(rows) FILTER (${condition}), 0)`;
  const found = await numbersBy(
    database,
    1,
    `SELECT input, count(value) FILTER (${train}), any_value(least), any_value(most), ${rowsWhere(`${train} AND NOT is_missing`)},
      ${splitNames.map((split) => rowsWhere(`${splitSql[split]} AND is_missing`)).join(', ')},
      ${[validation, test].map((split) => rowsWhere(`${split} AND is_new`)).join(', ')}
    FROM (SELECT groups.*, CASE WHEN is_numeric THEN value NOT BETWEEN least AND most ELSE is_known IS NULL END AS is_new, least, most
      FROM groups
        LEFT JOIN (SELECT input, min(value) AS least, max(value) AS most FROM groups WHERE ${train} GROUP BY input) USING (input)
        LEFT JOIN (SELECT input AS column, value AS known, true AS is_known FROM groups WHERE ${train} AND NOT is_numeric)
          ON "column" = input AND known IS NOT DISTINCT FROM value)
    GROUP BY input`,
  );
  const [list] = batch.filter(({ kind }) => kind === 'list');
  const newEntries = list
    ? await queryNumbers(
        database,
        [validation, test].map((split) => `count(DISTINCT "row") FILTER (${split})`),
        `${entriesSql(list)} WHERE value NOT IN (SELECT value FROM groups WHERE ${train} AND value IS NOT NULL)`,
      )
    : undefined;
  return (k: number) => {
    const [values = 0, least = 0, most = 0, entries = 0, missing = 0, ...counts] = found(k);
    const [missingInValidation = 0, missingInTest = 0, newInValidation = 0, newInTest = 0] = counts;
    const [validation = 0, test = 0] = newEntries ?? [newInValidation, newInTest];
    const kind = batch[k]?.kind;
    const different = kind === 'numeric' ? values + Math.sign(missing) : values;
    return {
      values: kind === 'numeric' ? Math.min(values, mostValues) : values,
      range: kind === 'numeric' && values > 0 ? ([least, most] as const) : null,
      entries: kind === 'list' && kept.train > 0 ? entries / kept.train : null,
      missing: { train: missing, validation: missingInValidation, test: missingInTest },
      unseen: { validation, test },
      constant: kept.train > 0 && (kind === 'list' ? missing === kept.train : different === 1),
    };
  };
}

/**
 * A rule needs ten rows that could break it. The probability that none does must be below one in a million if column
 * and label are independent (share^rows). So 100 columns and 10 tasks give a false rule once in a thousand data sets.
 */
const [fewestRows, mostByChance] = [10, 1e-6];

/** Of two values, the one that means "absent". That positives never have the other value is not a rule here. */
const no = /^\s*(0(\.0*)?|false|n|no)\s*$/i;

/** The rules between a column and each binary task: none or one. */
async function implications(database: DuckDBConnection, batch: Batch, tasks: readonly TaskSummary[]) {
  const found = await numbersBy(
    database,
    2,
    `SELECT input, task, coalesce(sum(n) FILTER (is_missing), 0), coalesce(sum(s) FILTER (is_missing), 0),
      count(*) FILTER (NOT is_missing), count(*) FILTER (is_numeric AND value NOT IN (0, 1)), count(*) FILTER (s > 0),
      arg_max(value, s), arg_max(n, s)
    FROM (SELECT input, value, is_numeric, is_missing, ${ofTasks(tasks, { n: 'n', s: 's' })} FROM groups WHERE ${splitSql.train})
    WHERE n > 0 GROUP BY input, task`,
  );
  return (k: number) =>
    tasks.flatMap(({ name: task, type, splits }, t): readonly Implication[] => {
      const { rows, positives } = splits.train;
      const [absent = 0, absentPositives = 0, values = 0, others = 0, ofPositives = 0, common = 0, withValue = 0] =
        found(k, t);
      if (type !== 'binary' || positives === null) return [];
      const rule = { task, rows, positives };
      const filled = rows - absent;
      if (filled === positives - absentPositives && isRule(positives / rows, filled))
        return [{ ...rule, value: null, withValue: filled }];
      const { kind, dictionary } = batch[k] ?? {};
      if (kind === 'list' || values > 2 || others > 0 || ofPositives !== 1 || absentPositives > 0) return [];
      const value = dictionary?.[common] ?? String(common);
      return no.test(value) || !isRule(withValue / rows, positives) ? [] : [{ ...rule, value, withValue }];
    });
}

export function isRule(share: number, rows: number): boolean {
  return rows >= fewestRows && rows * Math.log(share) < Math.log(mostByChance);
}
