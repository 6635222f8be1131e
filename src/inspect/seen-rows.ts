import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Source, type SourceBlock, type SourceSplit, type SplitName, splitNames } from '../data/dataset.js';
import { firstSpellings } from '../data/encode/vocabulary.js';
import { appendColumns, appendedColumns } from '../data/store/append-columns.js';
import { limitMemory, openDatabase, queryNumbers, queryRows, whileOpen } from '../data/store/database.js';

/** The inspected rows: the view `seen`. */
export interface SeenRows {
  readonly database: DuckDBConnection;
  /** Rows read of each split. */
  readonly read: PerSplit<number>;
  /** Number of rows in the view. */
  readonly kept: PerSplit<number>;
}

type PerSplit<Value> = Readonly<Record<SplitName, Value>>;

/** SQL of a split in the view. */
export const splitSql: PerSplit<string> = { train: 'split = 0', validation: 'split = 1', test: 'split = 2' };

export function perSplit<Value>(make: (split: SplitName) => Value): PerSplit<Value> {
  return { train: make('train'), validation: make('validation'), test: make('test') };
}

/** A number as SQL, without loss. NULL and NaN become NULL. */
export function double(value: number | null): string {
  return value === null || Number.isNaN(value) ? 'NULL::DOUBLE' : `'${value}'::DOUBLE`;
}

/**
 * Runs `use` on the rows of a source in a temporary database. Its view `seen` has the rows that count: in a task's
 * sample space, with a weight above 0. Its columns: `row`, the row's number; `split`, 0 for train, 1 for validation, 2
 * for test; input `c` as `i<c>`, NULL where it is missing, with a list's weights as `w<c>`; the label of `tasks[t]` as
 * `l<t>`, NULL where there is none.
 * @param tasks Indexes of the source.
 * @param mostValues Of a split with more values, evenly spaced blocks are read, at least one.
 */
export async function withSeenRows<Result>(
  source: Source,
  tasks: readonly number[],
  mostValues: number,
  signal: AbortSignal | undefined,
  use: (seen: SeenRows) => Promise<Result>,
): Promise<Result> {
  const spill = join(tmpdir(), `ple-inspect-${randomUUID()}`); // DuckDB makes it where memory is short
  const database = await openDatabase(':memory:', { threads: 1, spill });
  return whileOpen(database, signal, async () => {
    await limitMemory(database, source.columns.length, 1);
    await createTables(database, source, tasks);
    const width = await rowWidth(source);
    const read = { train: 0, validation: 0, test: 0 };
    for (const [place, split] of splitNames.entries())
      for (const index of chosenBlocks(source.splits[split], mostValues / width)) {
        const block = await source.splits[split].read(index);
        await append(database, block, place, tasks);
        read[split] += block.rows;
        await setImmediate(); // for signals
        signal?.throwIfAborted();
      }
    await mergeSpellings(database, source);
    const [train = 0, validation = 0, test = 0] = await queryNumbers(
      database,
      splitNames.map((split) => `count(*) FILTER (${splitSql[split]})`),
      'seen',
    );
    return use({ database, read, kept: { train, validation, test } });
  }).finally(() => existsSync(spill) && rm(spill, { recursive: true, force: true }));
}

/** Values of a row: 1, inputs, and the mean number of entries and weights of lists. */
async function rowWidth({ columns, splits: { train } }: Source): Promise<number> {
  if (train.rows === 0 || columns.every(({ kind }) => kind !== 'list')) return 1 + columns.length;
  const block = await train.read(0);
  const entries = block.columns.map((values) => {
    if (!('begins' in values)) return 0;
    return 2 * values.ends.reduce((sum, end, row) => sum + end - (values.begins[row] ?? 0), 0);
  });
  return 1 + columns.length + entries.reduce((sum, count) => sum + count, 0) / block.rows;
}

function chosenBlocks({ rows, blockRows }: SourceSplit, mostRows: number): readonly number[] {
  const all = Math.ceil(rows / blockRows);
  const count = rows <= mostRows ? all : Math.min(all, Math.max(1, Math.floor(mostRows / blockRows)));
  return Array.from({ length: count }, (_, i) => Math.floor((i * all) / count));
}

async function createTables(database: DuckDBConnection, { columns }: Source, tasks: readonly number[]): Promise<void> {
  const types = { categorical: 'INTEGER', numeric: 'FLOAT', list: 'INTEGER[]' };
  const stored = columns.flatMap(({ kind }, c) => [
    `i${c} ${types[kind]}`,
    ...(kind === 'list' ? [`w${c} FLOAT[]`] : []),
  ]);
  const labels = tasks.map((_, t) => `l${t} FLOAT`);
  await database.run(`CREATE TABLE read_rows (split INTEGER, weight FLOAT, ${[...stored, ...labels].join(', ')})`);
  const inputs = columns.flatMap(({ kind }, c) => {
    if (kind === 'list') return [`i${c}`, `w${c}`];
    return kind === 'numeric' ? [`nullif(i${c}, 'NaN') AS i${c}`] : [`i${c}`];
  });
  const known = tasks.map((_, t) => `nullif(l${t}, 'NaN') AS l${t}`);
  const counts = tasks.map((_, t) => `l${t} <> 'NaN'`).join(' OR ');
  await database.run(
    `CREATE VIEW seen AS SELECT rowid AS "row", split, ${[...inputs, ...known].join(', ')} FROM read_rows WHERE weight > 0 AND (${counts})`,
  );
}

async function append(
  database: DuckDBConnection,
  block: SourceBlock,
  split: number,
  tasks: readonly number[],
): Promise<void> {
  const { rows, columns, labels, weights } = block;
  const inputs = columns.flatMap((values) => appendedColumns(values, true));
  const ofTasks = tasks.map((task) => labels[task] ?? new Float32Array(rows).fill(Number.NaN));
  const all = [new Int32Array(rows).fill(split), weights ?? new Float32Array(rows).fill(1), ...inputs, ...ofTasks];
  await appendColumns(database, 'read_rows', all, rows);
}

/** Spellings of one number become one value, as where models are fed them. */
async function mergeSpellings(database: DuckDBConnection, { columns }: Source): Promise<void> {
  for (const [c, { kind, dictionary = [] }] of columns.entries()) {
    const isRespelled = kind === 'categorical' && firstSpellings(dictionary)?.some((first, index) => first !== index);
    if (!isRespelled) continue;
    const counts = new Uint32Array(dictionary.length);
    const found = await queryRows(database, `SELECT i${c}, count(*) FROM seen WHERE ${splitSql.train} GROUP BY 1`);
    for (const [index, count] of found) counts[Number(index)] = Number(count);
    const first = firstSpellings(dictionary, counts);
    if (!first) continue;
    await database.run('CREATE OR REPLACE TABLE spellings (index INTEGER, first INTEGER)');
    await appendColumns(database, 'spellings', [Int32Array.from(first.keys()), first], first.length);
    await database.run(`UPDATE read_rows SET i${c} = first FROM spellings WHERE i${c} = index AND index <> first`);
  }
}
