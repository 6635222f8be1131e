import type { DuckDBConnection } from '@duckdb/node-api';
import { type SourceColumn, splitNames } from '../data/dataset.js';
import { rowsOf } from '../data/store/database.js';
import { splitSql } from './seen-rows.js';

/** Columns that are inspected at once: many of single values, or one list. */
export type Batch = readonly (SourceColumn & { readonly index: number })[];

/** Values at once. A statement for many columns costs little more than one for a single column. */
const mostAtOnce = 2 ** 23;

/** Lists come last. */
export function* batches(columns: readonly SourceColumn[], rows: number): Generator<Batch> {
  const indexed = columns.map((column, index) => ({ ...column, index }));
  const singles = indexed.filter(({ kind }) => kind !== 'list');
  const size = Math.max(1, Math.floor(mostAtOnce / Math.max(1, rows)));
  for (let first = 0; first < singles.length; first += size) yield singles.slice(first, first + size);
  for (const column of indexed) if (column.kind === 'list') yield [column];
}

/**
 * SQL of `seen` with the values of a batch: `input`, the column's place in the batch, and `value`. A list has a row for
 * each entry, or one with NULL.
 */
export function valuesSql(batch: Batch): string {
  const [{ kind, index } = { kind: 'numeric', index: 0 }] = batch;
  if (kind === 'list') {
    const entries = `CASE WHEN len(i${index}) = 0 THEN [NULL] ELSE i${index} END`;
    return `(SELECT *, 0 AS input, unnest(${entries})::DOUBLE AS value FROM seen)`;
  }
  const values = batch.map(({ index }) => `i${index}::DOUBLE`);
  return `(SELECT *, unnest(range(${batch.length})) AS input, unnest([${values.join(', ')}]) AS value FROM seen)`;
}

/**
 * Makes the table `groups`, with a row for each distinct value of each input. Its columns: `train`, `validation` and
 * `test`, numbers of rows; for task `t`, `n<t>` and `s<t>`, the number and the sum of its training labels, `vn<t>` and
 * `vs<t>`, those of its validation labels; `is_numeric` and `is_missing`.
 */
export async function groupValues(database: DuckDBConnection, batch: Batch, tasks: number): Promise<void> {
  const rows = splitNames.map((split) => `count(*) FILTER (${splitSql[split]}) AS ${split}`);
  const { train, validation } = splitSql;
  const labels = Array.from({ length: tasks }, (_, t) => [
    `count(l${t}) FILTER (${train}) AS n${t}`,
    `coalesce(sum(l${t}) FILTER (${train}), 0) AS s${t}`,
    `count(l${t}) FILTER (${validation}) AS vn${t}`,
    `coalesce(sum(l${t}) FILTER (${validation}), 0) AS vs${t}`,
  ]).flat();
  const numeric = batch.flatMap(({ kind }, k) => (kind === 'numeric' ? [k] : []));
  await database.run(`CREATE OR REPLACE TEMP TABLE groups AS
    SELECT input, value, input IN (-1, ${numeric.join(', ')}) AS is_numeric, ${missingSql(batch)} AS is_missing,
      ${[...rows, ...labels].join(', ')} FROM ${valuesSql(batch)} GROUP BY input, value`);
}

/** Texts of categorical columns that count as missing here. For a model they are ordinary categories. */
const missingTexts: readonly string[] = ['', '?', 'NA', 'N/A', 'NaN', 'nan', 'NULL', 'null'];

function missingSql(batch: Batch): string {
  const texts = batch.flatMap(({ kind, dictionary = [] }, k) => {
    const indexes = dictionary.flatMap((text, index) => (missingTexts.includes(text.trim()) ? [index] : []));
    return kind === 'categorical' && indexes.length > 0 ? [`(input = ${k} AND value IN (${indexes.join(', ')}))`] : [];
  });
  return ['value IS NULL', ...texts].join(' OR ');
}

/** SQL that makes a row for each task: `task`, and the columns `<prefix><t>` of `groups` under one name each. */
export function ofTasks(tasks: readonly unknown[], prefixes: Readonly<Record<string, string>>): string {
  const columns = Object.entries(prefixes).map(
    ([name, prefix]) => `unnest([${tasks.map((_, t) => `${prefix}${t}`).join(', ')}]) AS ${name}`,
  );
  return [`unnest(range(${tasks.length})) AS task`, ...columns].join(', ');
}

/** Reads rows of numbers by their first columns. NULL becomes NaN. */
export async function numbersBy(
  database: DuckDBConnection,
  keys: number,
  sql: string,
): Promise<(...key: readonly number[]) => readonly number[]> {
  const rows = new Map<string, readonly number[]>();
  for (const row of await rowsOf(database, sql)) {
    const numbers = row.map((value) => (value === null ? Number.NaN : Number(value)));
    rows.set(numbers.slice(0, keys).join(), numbers.slice(keys));
  }
  return (...key) => rows.get(key.join()) ?? [];
}
