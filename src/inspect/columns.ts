import type { DuckDBConnection } from '@duckdb/node-api';
import type { SourceColumn } from '../data/dataset.js';
import { profile } from '../data/profile.js';
import { numbersBy, queryNumbers } from '../data/store/database.js';
import type { AloneScore, InspectedColumn, TaskSummary } from './inspection.js';
import { double, type SeenRows, splitSql } from './seen-rows.js';

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

/** Columns that are inspected at once: many of single values, or one list. */
type Batch = readonly (SourceColumn & { readonly index: number })[];

/** Values at once. A statement for many columns costs little more than one for a single column. */
const valuesAtOnce = 2 ** 23;

/** Lists come last. */
function* batches(columns: readonly SourceColumn[], rows: number): Generator<Batch> {
  const indexed = columns.map((column, index) => ({ ...column, index }));
  const singles = indexed.filter(({ kind }) => kind !== 'list');
  const size = Math.max(1, Math.floor(valuesAtOnce / Math.max(1, rows)));
  for (let first = 0; first < singles.length; first += size) yield singles.slice(first, first + size);
  for (const column of indexed) if (column.kind === 'list') yield [column];
}

/** SQL of `seen` with a row for each entry of a list, as `value`, or one with NULL. */
function entriesSql({ index }: SourceColumn & { readonly index: number }): string {
  const entries = `CASE WHEN len(i${index}) = 0 THEN [NULL] ELSE i${index} END`;
  return `(SELECT *, unnest(${entries})::DOUBLE AS value FROM seen)`;
}

/** Makes `groups`: the profile of a batch, with `is_numeric`. Splits and labels are those of `seen`. */
async function groupValues(database: DuckDBConnection, batch: Batch, rows: number, tasks: number): Promise<void> {
  const labels = Array.from({ length: tasks }, (_, t) => `l${t}`);
  const [list] = batch.filter(({ kind }) => kind === 'list');
  const columns = list ? ['value'] : batch.map(({ index }) => `i${index}::DOUBLE`);
  await profile(database, list ? entriesSql(list) : 'seen', rows, columns, 'split', labels);
  const numeric = batch.flatMap(({ kind }, k) => (kind === 'numeric' ? [k] : []));
  await database.run(`CREATE OR REPLACE TEMP VIEW groups AS SELECT *,
    input IN (-1, ${numeric.join(', ')}) AS is_numeric FROM profile`);
}

/** SQL that makes a row for each task: `task`, and the columns `<prefix><t>` under one name each. */
function ofTasks(tasks: readonly unknown[], prefixes: Readonly<Record<string, string>>): string {
  const columns = Object.entries(prefixes).map(
    ([name, prefix]) => `unnest([${tasks.map((_, t) => `${prefix}${t}`).join(', ')}]) AS ${name}`,
  );
  return [`unnest(range(${tasks.length})) AS task`, ...columns].join(', ');
}

/**
 * How well each column alone predicts each task. A value's mean label is learned from the training rows (for numbers:
 * a bucket's), smoothed as if the value had one more row with the overall mean. On validation rows these means are the
 * scores. So a column of values that occur only once does not score well. A list's score is that of the entry whose
 * mean is farthest from the overall mean. For a regression task, a numeric column is also tried as a straight line.
 */
async function aloneScores(database: DuckDBConnection, batch: Batch, tasks: readonly TaskSummary[]) {
  const lines = await correlations(database, batch, tasks);
  const [list] = batch.filter(({ kind }) => kind === 'list');
  const mean = (split: 'train' | 'validation') =>
    `([${tasks.map(({ splits }) => double(splits[split].mean ?? 0)).join(', ')}])[task + 1]`;
  const means = `SELECT *, (s + ${mean('train')}) / (n + 1) AS score FROM cells`;
  const found = await numbersBy(
    database,
    2,
    `WITH ${cellsSql(tasks)}, means AS (${means}),
      scored AS (${list ? scoredLists(entriesSql(list), tasks, mean('train')) : scoredCells}),
      ranked AS (
        SELECT *, labels - total AS negatives, total / labels AS mean,
          sum(labels - total) OVER (PARTITION BY input, task ORDER BY score ROWS UNBOUNDED PRECEDING) AS below
        FROM scored)
    SELECT input, task, sum(total * (below - negatives / 2)) / (sum(total) * sum(negatives)),
      sum(labels * ((mean - ${mean('validation')}) ** 2 - (score - mean) ** 2))
    FROM ranked GROUP BY input, task`,
  );
  return (k: number) =>
    tasks.map(({ name: task, type, splits }, t): AloneScore => {
      const { rows, positives, mean, deviation } = splits.validation;
      const [area = Number.NaN, explained = Number.NaN] = found(k, t);
      if (type === 'binary') {
        const rarer = Math.min(positives ?? 0, rows - (positives ?? 0));
        return { task, score: rarer > 0 ? area : null, rows, rarer };
      }
      const varies = deviation !== null && deviation > 1e-6 * Math.abs(mean ?? 0);
      const share = varies ? explained / (rows * deviation ** 2) : null;
      const line = lines(k, t) ** 2;
      return { task, score: share !== null && line > share ? line : share, rows, rarer: null };
    });
}

/** The largest number of buckets. Rare numbers have a bucket each. */
const mostBuckets = 256;

/**
 * The tables `placed`, `groups` with a cell each, and `cells`. There is a cell for each value. Numbers have a cell for
 * each bucket, with about equally many training rows, and one for missing values. `labels` and `total` are of
 * validation rows.
 */
function cellsSql(tasks: readonly TaskSummary[]): string {
  const { train, validation } = splitSql;
  const sumWhere = (sum: string, split: string) => `coalesce(sum(${sum}) FILTER (${split}), 0)::DOUBLE`;
  const sums = tasks.flatMap((_, t) => [
    ...['n', 's'].map((of) => `${sumWhere(`${of}${t}`, train)} AS ${of}${t}`),
    ...['n', 's'].map((of) => `${sumWhere(`${of}${t}`, validation)} AS v${of}${t}`),
  ]);
  return `training AS (
      SELECT input, count(*) AS different, sum(rows) AS "all", arg_min(rows, value) AS "first"
      FROM groups WHERE is_numeric AND ${train} AND value IS NOT NULL GROUP BY input),
    counted AS (
      SELECT *, sum(rows) FILTER (${train}) OVER (PARTITION BY input ORDER BY value) AS count
      FROM groups WHERE is_numeric AND value IS NOT NULL),
    placed AS (
      SELECT *, value AS cell FROM groups WHERE NOT is_numeric OR value IS NULL
      UNION ALL BY NAME
      SELECT counted.*, CASE WHEN different <= ${mostBuckets} THEN greatest(count, "first")
        ELSE ceil(${mostBuckets} * greatest(count, "first") / "all") END AS cell
      FROM counted LEFT JOIN training USING (input)),
    summed AS (SELECT input, cell, ${sums.join(', ')} FROM placed GROUP BY input, cell),
    cells AS (SELECT input, cell, ${ofTasks(tasks, { n: 'n', s: 's', labels: 'vn', total: 'vs' })} FROM summed)`;
}

const scoredCells = `SELECT input, task, score, sum(labels) AS labels, sum(total) AS total
  FROM means WHERE labels > 0 GROUP BY input, task, score`;

function scoredLists(list: string, tasks: readonly TaskSummary[], mean: string): string {
  const entries = `SELECT "row", value, ${ofTasks(tasks, { label: 'l' })} FROM ${list} WHERE ${splitSql.validation}`;
  return `SELECT input, task, score, count(*)::DOUBLE AS labels, sum(label) AS total FROM (
      SELECT input, task, arg_max(score, abs(score - ${mean})) AS score, any_value(label) AS label
      FROM (${entries}) AS entries JOIN means USING (task)
      WHERE label IS NOT NULL AND value IS NOT DISTINCT FROM cell GROUP BY input, task, "row")
    GROUP BY input, task, score`;
}

/** Correlations of numbers and labels on the validation rows, by column and task; NaN for others. */
async function correlations(database: DuckDBConnection, batch: Batch, tasks: readonly TaskSummary[]) {
  const pairs = batch.flatMap(({ kind, index }, k) =>
    tasks.flatMap(({ type }, t) => (kind === 'numeric' && type === 'regression' ? [{ k, t, index }] : [])),
  );
  const found = await queryNumbers(
    database,
    pairs.map(({ t, index: i }) => `corr(i${i}::DOUBLE, l${t}) FILTER (isfinite(i${i}) AND isfinite(l${t}))`),
    `seen WHERE ${splitSql.validation}`,
  );
  return (k: number, t: number) => found[pairs.findIndex((pair) => pair.k === k && pair.t === t)] ?? Number.NaN;
}
