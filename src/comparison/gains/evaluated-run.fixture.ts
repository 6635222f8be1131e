import { evaluateTask, type TaskMetrics } from '../../metrics/evaluate.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { Entry } from '../stored/entry.js';
import type { SummaryOptions } from './summarize.js';

interface Data {
  readonly checksum?: string;
  /** Test rows. */
  readonly rows?: number;
}

/** A run that was never trained, with these metrics on the test split. */
export function evaluatedRun(
  path: string,
  tasks: Readonly<Record<string, { readonly type: string; readonly test: TaskMetrics }>>,
  { checksum = 'c0ffee00', rows = 10 }: Data = {},
): EvaluatedRun {
  const dataset = { checksum, rows: { train: 30, validation: 10, test: rows } };
  const result = { parameters: { embedding: 1, network: 2 }, dataset, tasks };
  return { path, result, hasPredictions: false, predictions: () => Promise.reject(new Error('There are none.')) };
}

/** A run that was never trained, with these predictions and their metrics. */
export function predictedRun(path: string, predictions: readonly TaskPredictions[], data: Data = {}): EvaluatedRun {
  const tasks = Object.fromEntries(
    predictions.map(({ task, scores }) => [task.name, { type: task.type, test: evaluateTask(task, scores) }]),
  );
  return {
    ...evaluatedRun(path, tasks, { rows: predictions[0]?.scores.labels.length ?? 0, ...data }),
    hasPredictions: true,
    predictions: async () => predictions,
  };
}

/** A model whose runs have the seeds 1, 2, …; a run that is undefined failed. */
export function buildEntry(
  label: string,
  runs: readonly (EvaluatedRun | undefined)[],
  point: Entry['point'] = {},
): Entry {
  return {
    label,
    type: label,
    point,
    runs: runs.map((run, index) => {
      const seed = index + 1;
      return run ? { seed, path: run.path, status: 'done', run } : { seed, path: `${label}-${seed}`, status: 'failed' };
    }),
  };
}

/** The entry with configs of its runs. @param result What is added to the results. */
export function configured(entry: Entry, dataset: object, result = (_: number): object => ({})): Entry {
  return {
    ...entry,
    runs: entry.runs.map(({ run, ...reference }, index) => {
      if (!run) return reference;
      const trained = { experiment: { dataset, train: { epochs: 1 } }, environment: {}, epochs: [], notes: [] };
      return {
        ...reference,
        run: {
          ...run,
          ...trained,
          result: { ...run.result, ended: 'plateau', bestEpoch: { click: 1 }, ...result(index) },
        },
      };
    }),
  };
}

/** Seeds 1 to `count`, without margins, contrasts or axes. */
export function plainOptions(count: number): Omit<SummaryOptions, 'name' | 'baseline' | 'tasks' | 'uncertainty'> {
  return {
    metrics: {},
    margins: { auc: null, mse: null, nmse: null },
    taskWeights: {},
    contrasts: [],
    axes: {},
    timing: {},
    seeds: Array.from({ length: count }, (_, index) => index + 1),
    seedsBefore: [],
  };
}
