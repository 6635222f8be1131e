import type { AxisPoint } from '../../config/comparison.js';
import { metrics } from '../../metrics/catalogue.js';
import type { Metric } from '../../metrics/metric.js';
import { ConfigError, DataError } from '../../support/errors.js';
import type { EvaluatedRun, FinishedRun } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { ComparisonRow, Contrast, RunReference, TaskGain } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import { mean, standardDeviation } from '../statistics/gain-error.js';
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

/** The pairs in which both runs have the metric, and how much better the model is in each. */
export interface Differences {
  readonly pairs: readonly Pair[];
  /** Above 0: the model is better, whatever the metric's direction. */
  readonly values: readonly number[];
  /** Largest absolute value before subtraction: the scale of rounding errors. */
  readonly magnitude: number;
  /** Mean of the reference over these pairs. Null without pairs, and for the aggregate. */
  readonly reference: number | null;
}

export function differencesOf(pairs: readonly Pair[], task: JudgedTask): Differences {
  const sign = signOf(task.metric);
  const defined = pairs.flatMap((pair) => {
    const [model, reference] = [testValue(pair.model, task), testValue(pair.reference, task)];
    return model === null || reference === null ? [] : [{ pair, model, reference }];
  });
  return {
    pairs: defined.map(({ pair }) => pair),
    values: defined.map(({ model, reference }) => sign * (model - reference)),
    magnitude: Math.max(...defined.flatMap(({ model, reference }) => [Math.abs(model), Math.abs(reference)]), 0),
    reference: defined.length > 0 ? mean(defined.map(({ reference }) => reference)) : null,
  };
}

/**
 * The weighted mean over tasks of the relative gain in percent, for each pair that all tasks have. Each task's gain is
 * relative to the reference's mean over that task's own pairs. No pairs if a task has no relative gain.
 */
function aggregateOf(
  ofTasks: readonly Differences[],
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): Differences {
  const factors = aggregateFactors(ofTasks, tasks, weights);
  const pairs =
    factors === null
      ? []
      : (ofTasks[0]?.pairs ?? []).filter((pair) => ofTasks.every((own) => own.pairs.includes(pair)));
  const sum = (of: (own: Differences) => number) =>
    ofTasks.reduce((total, own, task) => total + (factors?.[task] ?? 0) * of(own), 0);
  return {
    pairs,
    values: pairs.map((pair) => sum((own) => own.values[own.pairs.indexOf(pair)] ?? 0)),
    magnitude: sum((own) => own.magnitude),
    reference: null,
  };
}

/** The factor of each task's gain in the aggregate. Null if a task's gain is relative to nothing. */
export function aggregateFactors(
  ofTasks: readonly Differences[],
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): readonly number[] | null {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const factors = tasks.map(({ metric }, task) => {
    const weight = weights[task] ?? 0;
    const one = weight === 0 ? 0 : relativeGain(1, ofTasks[task]?.reference ?? 0, metric);
    return one === null ? null : (one * weight) / total;
  });
  return factors.every((factor) => factor !== null) ? factors : null;
}

/** 1 if higher values are better, -1 if lower ones are. */
export function signOf({ better }: Metric): number {
  return better === 'lower' ? -1 : 1;
}

/** Percent of the value that the metric's gains are relative to. Null if that value is not above 0. */
export function relativeGain(gain: number, reference: number, { relativeTo }: Metric): number | null {
  const whole = relativeTo?.(reference) ?? 0;
  return whole > 0 ? (100 * gain) / whole : null;
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
  readonly runs: readonly (RunReference & { readonly run?: EvaluatedRun })[];
}

/** Two finished runs with the same seed, on the same data. */
export interface Pair {
  readonly seed: number;
  readonly model: EvaluatedRun;
  readonly reference: EvaluatedRun;
}

/** Sorts runs by the order of `seeds`. Runs of other seeds come last. */
export function inOrder(runs: Entry['runs'], seeds: readonly number[]): Entry['runs'] {
  const place = ({ seed }: RunReference) => (seeds.includes(seed) ? seeds.indexOf(seed) : seeds.length);
  return runs.toSorted((a, b) => place(a) - place(b) || a.seed - b.seed);
}

/**
 * The pairs of a model and the reference at the same point, in the order of the model's runs.
 * @throws DataError if two runs with one seed differ in their data or test rows, or if a label has two runs of a seed.
 */
function pairRuns(model: Entry, reference: Entry): readonly Pair[] {
  for (const { runs } of [model, reference]) refuseTwice(runs);
  return model.runs.flatMap(({ seed, run }) => {
    const other = reference.runs.find((candidate) => candidate.seed === seed)?.run;
    if (!run || !other) return [];
    checkPair(run, other);
    return [{ seed, model: run, reference: other }];
  });
}

function refuseTwice(runs: Entry['runs']): void {
  for (const [index, { seed, path }] of runs.entries()) {
    const earlier = runs.slice(0, index).find((candidate) => candidate.seed === seed);
    if (earlier)
      throw new DataError(`${earlier.path} and ${path} are two runs of one model under seed ${seed}: leave one out.`);
  }
}

/**
 * A model at a point, and how its runs differ from those of the reference: the baseline, or another model in a
 * contrast.
 */
export interface Compared {
  readonly entry: Entry;
  /** Undefined: no reference at this point. */
  readonly reference: Entry | undefined;
  /** Empty for the reference itself. */
  readonly pairs: readonly Pair[];
  /** Task by task, then the aggregate over tasks. */
  readonly differences: readonly Differences[];
}

/** All models at one point of the axes, entry by entry. */
export interface PointTable {
  readonly compared: readonly Compared[];
  readonly rows: readonly ComparisonRow[];
  readonly contrasts: readonly Contrast[];
}

export function compareModel(
  entry: Entry,
  reference: Entry | undefined,
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): Compared {
  const pairs = reference === undefined || entry === reference ? [] : pairRuns(entry, reference);
  const ofTasks = tasks.map((task) => differencesOf(pairs, task));
  return { entry, reference, pairs, differences: [...ofTasks, aggregateOf(ofTasks, tasks, weights)] };
}

/** True if every pair was tested on its own rows, because data or splits are drawn per seed. */
export function hasOwnRows({ pairs }: Differences): boolean {
  return pairs.length > 1 && new Set(pairs.map(({ reference }) => testSetOf(reference))).size === pairs.length;
}
