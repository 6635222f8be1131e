import type { DuckDBConnection } from '@duckdb/node-api';
import type { SourceColumn } from '../data/dataset.js';
import { profile } from '../data/profile.js';

/** Columns that are inspected at once: many of single values, or one list. */
export type Batch = readonly (SourceColumn & { readonly index: number })[];

/** Values at once. A statement for many columns costs little more than one for a single column. */
const valuesAtOnce = 2 ** 23;

/** Lists come last. */
export function* batches(columns: readonly SourceColumn[], rows: number): Generator<Batch> {
  const indexed = columns.map((column, index) => ({ ...column, index }));
  const singles = indexed.filter(({ kind }) => kind !== 'list');
  const size = Math.max(1, Math.floor(valuesAtOnce / Math.max(1, rows)));
  for (let first = 0; first < singles.length; first += size) yield singles.slice(first, first + size);
  for (const column of indexed) if (column.kind === 'list') yield [column];
}

/** SQL of `seen` with a row for each entry of a list, as `value`, or one with NULL. */
export function entriesSql({ index }: SourceColumn & { readonly index: number }): string {
  const entries = `CASE WHEN len(i${index}) = 0 THEN [NULL] ELSE i${index} END`;
  return `(SELECT *, unnest(${entries})::DOUBLE AS value FROM seen)`;
}

/** Makes `groups`: the profile of a batch, with `is_numeric`. Splits and labels are those of `seen`. */
export async function groupValues(
  database: DuckDBConnection,
  batch: Batch,
  rows: number,
  tasks: number,
): Promise<void> {
  const labels = Array.from({ length: tasks }, (_, t) => `l${t}`);
  const [list] = batch.filter(({ kind }) => kind === 'list');
  const columns = list ? ['value'] : batch.map(({ index }) => `i${index}::DOUBLE`);
  await profile(database, list ? entriesSql(list) : 'seen', rows, columns, 'split', labels);
  const numeric = batch.flatMap(({ kind }, k) => (kind === 'numeric' ? [k] : []));
  await database.run(`CREATE OR REPLACE TEMP VIEW groups AS SELECT *,
    input IN (-1, ${numeric.join(', ')}) AS is_numeric FROM profile`);
}

/** SQL that makes a row for each task: `task`, and the columns `<prefix><t>` under one name each. */
export function ofTasks(tasks: readonly unknown[], prefixes: Readonly<Record<string, string>>): string {
  const columns = Object.entries(prefixes).map(
    ([name, prefix]) => `unnest([${tasks.map((_, t) => `${prefix}${t}`).join(', ')}]) AS ${name}`,
  );
  return [`unnest(range(${tasks.length})) AS task`, ...columns].join(', ');
}
