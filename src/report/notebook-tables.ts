import { parquetWriteBuffer } from 'hyparquet-writer';
import type { ComparisonRow } from '../comparison/comparison.js';
import { reportedRun } from '../comparison/stored/reported-run.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import type { FinishedRun } from '../training/finished-run.js';
import type { EpochRecord } from '../training/trainer.js';
import { axisCell, type Cell, gainColumns, gainLines } from './gains-csv.js';
import { pointsOf } from './points.js';
import type { ReportData } from './report-data.js';

/** A file of a table with one type per column. */
interface NotebookTable {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Column<Row> {
  readonly name: string;
  readonly type: 'STRING' | 'DOUBLE' | 'INT64';
  readonly of: (row: Row) => Cell | undefined;
}

/** A task of a finished run. */
interface RunTask {
  readonly row: ComparisonRow;
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
export function notebookTables(data: ReportData): readonly NotebookTable[] {
  const { comparison } = data;
  const axes = <Row extends { readonly row: ComparisonRow }>() =>
    Object.entries(comparison.axes).map(
      ([key, values]): Column<Row> => ({
        name: key,
        type: values.every((value) => typeof value === 'number') ? 'DOUBLE' : 'STRING',
        of: ({ row }) => axisCell(row.axis[key]),
      }),
    );
  const gains = pointsOf(comparison).flatMap((point) => gainLines(comparison, point));
  const runs = runTasks(data);
  const epochs = runs.flatMap((one) =>
    one.run.epochs.flatMap((record) => (one.task in record.validation ? [{ ...one, record }] : [])),
  );
  const ofGains = Object.entries(gainColumns).map(([name, of]) => ({ name, type: typeOfGain(name), of }));
  return [
    { name: 'gains.parquet', bytes: parquet(gains, [...axes(), ...ofGains]) },
    {
      name: 'runs.parquet',
      bytes: parquet(runs, [...axes(), ...ofRun, ...ofMetrics(runs, ({ run, task }) => run.result.tasks[task]?.test)]),
    },
    {
      name: 'epochs.parquet',
      bytes: parquet(epochs, [
        ...axes(),
        ...identity,
        ...ofEpoch,
        ...ofMetrics(epochs, ({ record, task }) => record.validation[task]),
      ]),
    },
  ];
}

function runTasks({ comparison, runs }: ReportData): readonly RunTask[] {
  return comparison.rows.flatMap((row) =>
    row.runs.flatMap((reference) => {
      const run = reference.status === 'done' ? reportedRun(reference, runs) : undefined;
      return run ? comparison.tasks.map((task) => ({ row, path: reference.path, run, task })) : [];
    }),
  );
}

const texts = ['label', 'type', 'task', 'metric', 'reference', 'gains', 'aggregateGains'];
const wholes = [
  'embedding',
  'network',
  'runs',
  'seedsToDecide',
  'rowsToDecide',
  'timesToDecide',
  'atLimit',
  'searched',
];

function typeOfGain(name: string): Column<unknown>['type'] {
  if (texts.includes(name) || /verdict$/i.test(name)) return 'STRING';
  return wholes.includes(name) ? 'INT64' : 'DOUBLE';
}

const identity: readonly Column<RunTask>[] = [
  { name: 'label', type: 'STRING', of: ({ row }) => row.label },
  { name: 'type', type: 'STRING', of: ({ row }) => row.type },
  { name: 'seed', type: 'INT64', of: ({ run }) => run.result.seed },
  { name: 'path', type: 'STRING', of: ({ path }) => path },
  { name: 'task', type: 'STRING', of: ({ task }) => task },
];

const ofRun: readonly Column<RunTask>[] = [
  ...identity,
  { name: 'taskType', type: 'STRING', of: ({ run, task }) => run.result.tasks[task]?.type },
  { name: 'embedding', type: 'INT64', of: ({ run }) => run.result.parameters.embedding },
  { name: 'network', type: 'INT64', of: ({ run }) => run.result.parameters.network },
  { name: 'epochs', type: 'INT64', of: ({ run }) => run.result.epochs },
  { name: 'bestEpoch', type: 'INT64', of: ({ run, task }) => byTask(run.result.bestEpoch, task) },
  { name: 'ended', type: 'STRING', of: ({ run }) => run.result.ended },
];

const ofEpoch: readonly Column<EpochTask>[] = [
  { name: 'epoch', type: 'INT64', of: ({ record }) => record.epoch },
  { name: 'trainLoss', type: 'DOUBLE', of: ({ record, task }) => record.train.tasks[task] },
  { name: 'weight', type: 'DOUBLE', of: ({ record, task }) => record.weights[task] },
  { name: 'learningRate', type: 'DOUBLE', of: ({ record, task }) => byTask(record.learningRate, task) },
];

function byTask(value: number | Readonly<Record<string, number>> | undefined, task: string): number | undefined {
  return typeof value === 'object' ? value[task] : value;
}

/** A column per metric that a row has; two for an interval, `<name>Low` and `<name>High`. */
function ofMetrics<Row>(
  rows: readonly Row[],
  metricsOf: (row: Row) => TaskMetrics | undefined,
): readonly Column<Row>[] {
  const names = new Set(rows.flatMap((row) => Object.keys(metricsOf(row) ?? {})));
  return [...names].flatMap((name): Column<Row>[] => {
    const end = (at: number) => (row: Row) => {
      const value = metricsOf(row)?.[name];
      return typeof value === 'object' ? value?.[at] : value;
    };
    return /interval$/i.test(name)
      ? ['Low', 'High'].map((word, at) => ({ name: name + word, type: 'DOUBLE', of: end(at) }))
      : [{ name, type: 'DOUBLE', of: end(0) }];
  });
}

function parquet<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Uint8Array {
  const columnData = columns.map(({ name, type, of }) => ({
    name,
    type,
    data: rows.map((row) => {
      const value = of(row) ?? null;
      return type === 'INT64' && typeof value === 'number' ? BigInt(value) : value;
    }),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
