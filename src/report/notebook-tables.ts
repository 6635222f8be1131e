import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ComparisonRow } from '../comparison/comparison.js';
import { reportedRun } from '../comparison/stored/reported-run.js';
import { identifier, literal, withDatabase } from '../data/store/database.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import type { FinishedRun } from '../training/finished-run.js';
import type { EpochRecord } from '../training/trainer.js';
import { gainTables } from './gain-table.js';
import { axisCell, type FileColumn, gainColumns, gainLines } from './gains-csv.js';
import type { ReportData } from './report-data.js';

/** A Parquet file of a table with one type per column. */
interface NotebookTable {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A task of a finished run. */
interface RunTask {
  readonly model: ComparisonRow;
  readonly path: string;
  readonly run: FinishedRun;
  readonly task: string;
}

interface EpochTask extends RunTask {
  readonly record: EpochRecord;
}

/**
 * The tables of a comparison for notebooks, as Parquet files: gains.parquet (a row per point of the axes, model and
 * task), runs.parquet (a row per finished run and task) and epochs.parquet (a row per finished run, task and epoch).
 * Numbers are unrounded; undefined values are null. Equal results give equal bytes.
 */
export async function notebookTables(data: ReportData): Promise<readonly NotebookTable[]> {
  const { comparison } = data;
  const axes = Object.entries(comparison.axes).map(([key, values]): FileColumn<{ readonly model: ComparisonRow }> => {
    const type = values.every((value) => typeof value === 'number') ? 'DOUBLE' : 'VARCHAR';
    return [key, type, ({ model }) => axisCell(model.axis[key])];
  });
  const gains = gainTables(comparison).flatMap(({ models }) => gainLines(comparison, models));
  const runs = runTasks(data);
  const epochs = runs.flatMap((one) =>
    one.run.epochs.flatMap((record) => (one.task in record.validation ? [{ ...one, record }] : [])),
  );
  const tests = metricColumns(runs, ({ run, task }) => run.result.tasks[task]?.test);
  const validations = metricColumns(epochs, ({ record, task }) => record.validation[task]);
  return [
    { name: 'gains.parquet', bytes: await parquet(gains, [...axes, ...gainColumns]) },
    { name: 'runs.parquet', bytes: await parquet(runs, [...axes, ...identity, ...ofRun, ...tests]) },
    { name: 'epochs.parquet', bytes: await parquet(epochs, [...axes, ...identity, ...ofEpoch, ...validations]) },
  ];
}

function runTasks({ comparison, runs }: ReportData): readonly RunTask[] {
  return comparison.rows.flatMap((model) =>
    model.runs.flatMap((reference) => {
      const run = reference.status === 'done' ? reportedRun(reference, runs) : undefined;
      return run ? comparison.tasks.map((task) => ({ model, path: reference.path, run, task })) : [];
    }),
  );
}

const identity: readonly FileColumn<RunTask>[] = [
  ['label', 'VARCHAR', ({ model }) => model.label],
  ['type', 'VARCHAR', ({ model }) => model.type],
  ['seed', 'BIGINT', ({ run }) => run.result.seed],
  ['path', 'VARCHAR', ({ path }) => path],
  ['task', 'VARCHAR', ({ task }) => task],
];

const ofRun: readonly FileColumn<RunTask>[] = [
  ['taskType', 'VARCHAR', ({ run, task }) => run.result.tasks[task]?.type],
  ['embedding', 'BIGINT', ({ run }) => run.result.parameters.embedding],
  ['network', 'BIGINT', ({ run }) => run.result.parameters.network],
  ['epochs', 'BIGINT', ({ run }) => run.result.epochs],
  ['bestEpoch', 'BIGINT', ({ run, task }) => byTask(run.result.bestEpoch, task)],
  ['ended', 'VARCHAR', ({ run }) => run.result.ended],
];

const ofEpoch: readonly FileColumn<EpochTask>[] = [
  ['epoch', 'BIGINT', ({ record }) => record.epoch],
  ['trainLoss', 'DOUBLE', ({ record, task }) => record.train.tasks[task]],
  ['weight', 'DOUBLE', ({ record, task }) => record.weights[task]],
  ['learningRate', 'DOUBLE', ({ record, task }) => byTask(record.learningRate, task)],
];

function byTask(value: number | Readonly<Record<string, number>> | undefined, task: string): number | undefined {
  return typeof value === 'object' ? value[task] : value;
}

/** A column per metric that a row has; two for an interval, `<name>Low` and `<name>High`. */
function metricColumns<Line>(
  lines: readonly Line[],
  metricsOf: (line: Line) => TaskMetrics | undefined,
): readonly FileColumn<Line>[] {
  const names = new Set(lines.flatMap((line) => Object.keys(metricsOf(line) ?? {})));
  return [...names].flatMap((name) => {
    const ends = /interval$/i.test(name) ? ['Low', 'High'] : [''];
    return ends.map((end, at): FileColumn<Line> => {
      const of = (line: Line) => [metricsOf(line)?.[name] ?? null].flat()[at];
      return [name + end, 'DOUBLE', of];
    });
  });
}

/** DuckDB writes the file from lines of JSON. */
async function parquet<Line>(lines: readonly Line[], columns: readonly FileColumn<Line>[]): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'ple-table-'));
  const [from, to] = [join(folder, 'rows.json'), join(folder, 'rows.parquet')];
  const types = columns.map(([name, type]) => `${identifier(name)}: ${literal(type)}`);
  try {
    const rows = lines.map((line) => Object.fromEntries(columns.map(([name, , of]) => [name, of(line)])));
    await writeFile(from, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await withDatabase(async (database) => {
      await database.run('SET threads = 1'); // so that equal rows give equal bytes
      const read = `read_json(${literal(from)}, format = 'newline_delimited', columns = {${types.join(', ')}})`;
      await database.run(`COPY (FROM ${read}) TO ${literal(to)} (FORMAT parquet)`);
    });
    return await readFile(to);
  } finally {
    await rm(folder, { recursive: true });
  }
}
