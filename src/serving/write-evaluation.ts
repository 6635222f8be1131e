import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../data/store/database.js';
import { writeTable } from '../data/write/write-file.js';
import type { Evaluated, Measured, SliceMeasured } from './evaluate-rows.js';

/** Columns of the file, before its counts. */
const fields = {
  ...{
    by: 'VARCHAR',
    slice: 'VARCHAR',
    kind: 'VARCHAR',
    low: 'DOUBLE',
    high: 'DOUBLE',
    task: 'VARCHAR',
    metric: 'VARCHAR',
  },
  ...{ value: 'DOUBLE', intervalLow: 'DOUBLE', intervalHigh: 'DOUBLE' },
  ...{ difference: 'DOUBLE', differenceLow: 'DOUBLE', differenceHigh: 'DOUBLE' },
};

/** A row of the file: texts, numbers and counts. A missing one is an empty field. */
interface Line {
  readonly values: Partial<Record<keyof typeof fields, string | number | null | undefined>>;
  readonly rows: number;
  readonly samples: number;
}

/**
 * Writes a table with a row per slice, task and metric. Rows of the kind `all`, over all data, come first.
 * `aucInterval` is left out, because each metric has `intervalLow` and `intervalHigh`.
 * @param path a .csv, .parquet or .arrow file
 */
export async function writeEvaluation(path: string, { rows, tasks, slices }: Evaluated): Promise<void> {
  const lines = [
    ...linesOf(rows, { kind: 'all' }, tasks),
    ...slices.flatMap(({ by, kind, name, low, high, rows, tasks }) =>
      linesOf(rows, { by, slice: name, kind, low, high }, tasks),
    ),
  ];
  const folder = await mkdtemp(join(tmpdir(), 'ple-evaluation-'));
  try {
    const file = join(folder, 'lines.duckdb');
    await writeKept(file, lines);
    const counts = ['rows', 'samples'] as const;
    const columns = counts.map((name) => ({ name, kind: 'integer' as const }));
    const values = counts.map((name) => Int32Array.from(lines, (line) => line[name]));
    await writeTable(path, columns, blocks(), file);

    async function* blocks() {
      yield { rows: lines.length, columns: values };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function linesOf(
  rows: number,
  slice: Line['values'],
  tasks: Readonly<Record<string, Measured | SliceMeasured>>,
): readonly Line[] {
  return Object.entries(tasks).flatMap(([task, measured]) => {
    const { samples, ...metrics } = measured.metrics;
    return Object.entries(metrics).flatMap(([metric, value]): Line[] => {
      if (typeof value !== 'number' && value !== null) return [];
      const difference = 'differences' in measured ? measured.differences[metric] : undefined;
      const [intervalLow, intervalHigh] = measured.intervals[metric] ?? [];
      const [differenceLow, differenceHigh] = difference?.interval ?? [];
      const interval = { intervalLow, intervalHigh };
      const between = { difference: difference?.value, differenceLow, differenceHigh };
      return [{ values: { ...slice, task, metric, value, ...interval, ...between }, rows, samples: Number(samples) }];
    });
  });
}

/** The table `kept` of a new DuckDB file. */
async function writeKept(file: string, lines: readonly Line[]): Promise<void> {
  const database = await openDatabase(file);
  try {
    const columns = Object.entries(fields).map(([name, type]) => `"${name}" ${type}`);
    await database.run(`CREATE TABLE kept (${columns.join(', ')})`);
    const appender = await database.createAppender('kept');
    for (const { values } of lines) {
      const given: Readonly<Record<string, string | number | null | undefined>> = values;
      for (const name of Object.keys(fields)) {
        const value = given[name];
        if (value === undefined || value === null) appender.appendNull();
        else if (typeof value === 'string') appender.appendVarchar(value);
        else appender.appendDouble(value);
      }
      appender.endRow();
    }
    appender.closeSync();
  } finally {
    database.closeSync();
  }
}
