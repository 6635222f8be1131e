import type { AxisPoint } from '../../config/comparison.js';
import { metrics } from '../../metrics/catalogue.js';
import type { Metric } from '../../metrics/metric.js';
import { ConfigError, DataError } from '../../support/errors.js';
import type { EvaluatedRun, FinishedRun } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { RunReference, TaskGain } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import { mean, standardDeviation } from '../statistics/moments.js';
import { type StoredRow, trainedRuns } from '../stored/reported-run.js';

/** A task, and the metric by which it is judged. */
export interface JudgedTask {
  readonly name: string;
  readonly metric: Metric;
}

/** The metric chosen by the config, else the default metric of the task's type. */
export function judge(
  { name, type }: { readonly name: string; readonly type: string },
  chosen: Readonly<Record<string, string>>,
): JudgedTask {
  const metric = metrics.all.find((candidate) =>
    chosen[name] === undefined ? candidate.usual && candidate.type === type : candidate.name === chosen[name],
  );
  if (!metric || metric.better === null)
    throw new ConfigError(
      `There is no metric '${chosen[name]}', by which the ${type} task '${name}' is judged: name the plugin that has it (--plugin FILE).`,
    );
  return { name, metric };
}

/** A run's value on the test split. Null if undefined. */
export function testValue({ path, result }: EvaluatedRun, { name, metric }: JudgedTask): number | null {
  const values = result.tasks[name];
  if (!values) throw new DataError(`${path} has no task '${name}': compare runs of the same tasks.`);
  const value = values.test[metric.name];
  return typeof value === 'number' ? value : null;
}

/** Mean and standard deviation (over n - 1) of a model's runs. */
export function levelOf({ runs }: Entry, task: JudgedTask): Pick<TaskGain, 'mean' | 'sd'> {
  const values = runs.flatMap(({ run }) => (run ? (testValue(run, task) ?? []) : []));
  return {
    mean: values.length > 0 ? mean(values) : null,
    sd: values.length > 1 ? standardDeviation(values) : null,
  };
}

/** 1 if higher values are better, -1 if lower ones are. */
export function signOf({ better }: Metric): number {
  return better === 'lower' ? -1 : 1;
}

/** Percent of the reference's metric (Maninis et al. 2019, eq. 4). Null if that is not above 0. */
export function relativeGain(gain: number, reference: number): number | null {
  return reference > 0 ? (100 * gain) / reference : null;
}

/** A key that is equal for runs tested on the same rows. */
export function testSetOf({ result: { dataset } }: EvaluatedRun): string {
  return `${dataset.checksum} ${Object.values(dataset.rows).join(' ')}`;
}

/**
 * A run's predictions of the test split, by task.
 * @throws DataError if they were not kept.
 */
export async function predictionsByTask(run: EvaluatedRun): Promise<ReadonlyMap<string, TaskPredictions>> {
  const without = trainedRuns(run).find(({ hasPredictions }) => !hasPredictions);
  if (without)
    throw new DataError(
      `${without.path} has no predictions.arrow, which errors over test rows need: delete the folder and train it again with predictions, or use uncertainty seeds.`,
    );
  return new Map((await run.predictions()).map((predictions) => [predictions.task.name, predictions]));
}

/** @throws DataError if a task's labels, masks or weights differ in any row. */
export function refuseOtherRows(
  [one, ofOne]: readonly [EvaluatedRun, TaskPredictions],
  [other, ofOther]: readonly [EvaluatedRun, TaskPredictions],
): void {
  const [a, b] = [ofOne.scores, ofOther.scores];
  let same = a.labels.length === b.labels.length;
  for (let row = 0; same && row < a.labels.length; row++) {
    const weight = a.mask[row] ?? 0;
    same = weight === b.mask[row] && (weight === 0 || a.labels[row] === b.labels[row]);
  }
  if (!same)
    throw new DataError(
      `${one.path} and ${other.path} were tested on different rows of task '${ofOne.task.name}': errors over test rows need the same rows in the same order.`,
    );
}

/**
 * Checks that all runs have the same tasks, and at each point and seed the same data and test rows.
 * @throws DataError that names two runs.
 */
export function checkSameData(rows: readonly StoredRow[]): void {
  const firsts = new Map<string, FinishedRun>();
  let first: FinishedRun | undefined;
  for (const { point, runs } of rows) {
    const trained = runs.flatMap(({ seed, run }) => (run ? trainedRuns(run).map((run) => ({ seed, run })) : []));
    for (const { seed, run } of trained) {
      first ??= run;
      const [tasks, others] = [tasksOf(first), tasksOf(run)];
      if (tasks.toSorted().join() !== others.toSorted().join())
        throw new DataError(
          `${first.path} and ${run.path} have other tasks (${tasks.join(', ')}; ${others.join(', ')}): a table has the same ones for all.`,
        );
      const key = JSON.stringify([pointKey(point), seed]);
      const pair = firsts.get(key);
      if (!pair) firsts.set(key, run);
      else checkPair(pair, run);
    }
  }
}

/** Checks two runs that will be compared. A task missing in one of them is reported where its metrics are read. */
export function checkPair(left: EvaluatedRun, right: EvaluatedRun): void {
  const [a, b] = [left.result, right.result];
  const both = `${left.path} and ${right.path}`;
  if (a.dataset.checksum !== b.dataset.checksum)
    throw new DataError(
      `${both} were trained on different data (checksums ${a.dataset.checksum.slice(0, 8)} and ${b.dataset.checksum.slice(0, 8)}).`,
    );
  // One file can be split in several ways that the checksum does not distinguish, so values that depend on the rows are
  // compared.
  const rows = ({ train, validation, test }: typeof a.dataset.rows) => `${train} + ${validation} + ${test}`;
  if (rows(a.dataset.rows) !== rows(b.dataset.rows))
    throw new DataError(`${both} have other splits: ${rows(a.dataset.rows)} and ${rows(b.dataset.rows)} rows.`);
  for (const [task, { test }] of Object.entries(a.tasks)) {
    const other = b.tasks[task]?.test;
    for (const count of ['samples', 'positives', 'labelVariance']) {
      if (other && test[count] !== other[count])
        throw new DataError(`${both} were tested on different rows: task '${task}' has other ${count}.`);
    }
  }
}

function tasksOf({ result }: FinishedRun): string[] {
  return Object.entries(result.tasks).map(([name, { type }]) => `${name}: ${type}`);
}

/** A model at one point of the axes, and its runs. `run` is present if and only if the status is `done`. */
export interface Entry {
  readonly label: string;
  /** Name of the model in the config. */
  readonly type: string;
  readonly point: AxisPoint;
  /** A point of the model's front: the loss weight, by key. */
  readonly values?: AxisPoint;
  readonly runs: readonly (RunReference & { readonly run?: EvaluatedRun })[];
}

/** Sorts runs by the order of `seeds`. Runs of other seeds come last. */
export function inOrder(runs: Entry['runs'], seeds: readonly number[]): Entry['runs'] {
  const place = ({ seed }: RunReference) => (seeds.includes(seed) ? seeds.indexOf(seed) : seeds.length);
  return runs.toSorted((a, b) => place(a) - place(b) || a.seed - b.seed);
}
