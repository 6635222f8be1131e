import { createHash } from 'node:crypto';
import { metrics } from '../../metrics/catalogue.js';
import type { Metric } from '../../metrics/metric.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { type EvaluatedRun, isTrained } from '../../training/finished-run.js';
import { withTestMetrics } from '../../training/later-metrics.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { RunReference } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import { type Entry, trainedRuns } from '../stored/reported-run.js';

/** A task, and the metric by which it is judged. */
export interface JudgedTask {
  readonly name: string;
  readonly metric: Metric;
}

/** The numbers that statistics take of a model: no runs, no folders. */
export interface MeasuredModel {
  readonly label: string;
  /** Finished ones. */
  readonly runs: readonly MeasuredRun[];
}

export interface MeasuredRun {
  readonly seed: number;
  /** Equal for runs tested on the same rows. */
  readonly testSet: string;
  readonly testRows: number;
  /**
   * Of one file that is split anew for each seed: test rows over the rows that they are drawn from, too. Null: it is
   * not.
   */
  readonly overlap: number | null;
  /** By task: the judging metric on the test split, turned so that higher is better. Null: undefined. */
  readonly values: readonly (number | null)[];
  /** `values` by the metric that has one scale for all tasks of its type. */
  readonly scores: readonly (number | null)[];
  /** `values` at the epoch that is best for all tasks together. */
  readonly oneEpoch: readonly (number | null)[];
  /**
   * By task, how far the test predictions are from a constant one: 1 - nmse, or AUC - .5, whatever metric judges it. Null:
   * undefined.
   */
  readonly learnt: readonly (number | null)[];
  /** Training rows, and how often they were read; 0 of predictions made elsewhere. */
  readonly trainedRows: number;
  readonly passes: number;
  /** Whether it ended at the limit of epochs, still improving. */
  readonly isLate: boolean;
  /** @throws DataError without predictions, or if its rows are not those of its test set. */
  influences(): Promise<Influences>;
}

/** Of a run's test rows on `values`. */
export interface Influences {
  /**
   * Of each row; where the data name groups, the sum over each group at its first row. Null: the metric has none for
   * these rows.
   */
  readonly ofTasks: readonly (Float64Array | null)[];
  readonly drawn: 'rows' | 'groups';
}

/** Runs that ended at the limit of epochs, still improving. */
export function lateRuns({ runs }: MeasuredModel): number {
  return runs.filter(({ isLate }) => isLate).length;
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

/**
 * Adds the values that tables read from each run: the judged metric of each task, and the metrics of the mean over
 * tasks. Runs are sorted by the order of `seeds`; those of other seeds come last.
 */
export async function withMetrics(
  entries: readonly Entry[],
  tasks: readonly JudgedTask[],
  seeds: readonly number[],
): Promise<readonly Entry[]> {
  const wanted = Object.fromEntries(
    tasks.map(({ name, metric }) => [
      name,
      [metric, ...metrics.all.filter(({ type, score }) => type === metric.type && score)].map((metric) => metric.name),
    ]),
  );
  const place = ({ seed }: RunReference) => (seeds.includes(seed) ? seeds.indexOf(seed) : seeds.length);
  const complete: Entry[] = [];
  for (const entry of entries) {
    const runs: Entry['runs'][number][] = [];
    // one at a time: predictions are large
    for (const { run, ...reference } of entry.runs.toSorted((a, b) => place(a) - place(b) || a.seed - b.seed))
      runs.push(run ? { ...reference, run: await withTestMetrics(run, wanted) } : reference);
    complete.push({ ...entry, runs });
  }
  return complete;
}

/**
 * The numbers of each entry.
 * @throws DataError for two runs of a label and seed, and if runs of one point and seed differ in their data or test
 * rows.
 */
export function measured(entries: readonly Entry[], tasks: readonly JudgedTask[]): readonly MeasuredModel[] {
  for (const { runs } of entries) checkSeeds(runs);
  checkSameData(entries);
  const types = new Set(tasks.map(({ metric }) => metric.type));
  const score = metrics.all.find((metric) => types.has(metric.type) && metric.score);
  const read = influencesReader(tasks);
  return entries.map(({ label, runs }) => {
    const finished = runs.flatMap(({ seed, run }) => (run ? [{ seed, run }] : []));
    return {
      label,
      runs: finished.map(({ seed, run }) => ({
        seed,
        testSet: testSetOf(run),
        testRows: run.result.dataset.rows.test,
        overlap: overlapOf(run),
        values: tasks.map((task) => signed(task.metric, testValue(run, task))),
        scores: tasks.map(({ name }) => (score ? signed(score, testValue(run, { name, metric: score })) : null)),
        oneEpoch: tasks.map(({ name, metric }) => {
          const value = isTrained(run) ? run.result.oneEpoch?.tasks[name]?.test[metric.name] : undefined;
          return signed(metric, typeof value === 'number' ? value : null);
        }),
        learnt: tasks.map(({ name, metric: { type } }) => {
          const metric = metrics.all.find((one) => one.type === type && one.score);
          const value = metric ? testValue(run, { name, metric }) : null;
          return metric && value !== null ? signed(metric, value) - signed(metric, metric.ofConstant ?? 0) : null;
        }),
        trainedRows: run.result.dataset.rows.train,
        passes: isTrained(run) ? (run.experiment.train.passes ?? run.experiment.train.epochs) : 0,
        isLate: isTrained(run) && run.result.ended === 'limit',
        influences: () => read(run),
      })),
    };
  });
}

function checkSeeds(runs: Entry['runs']): void {
  for (const [index, { seed, path }] of runs.entries()) {
    const earlier = runs.slice(0, index).find((candidate) => candidate.seed === seed);
    if (earlier)
      throw new DataError(`${earlier.path} and ${path} are two runs of one model under seed ${seed}: leave one out.`);
  }
}

/** A run's value on the test split. Null if undefined. */
export function testValue({ path, result }: EvaluatedRun, { name, metric }: JudgedTask): number | null {
  const values = result.tasks[name];
  if (!values) throw new DataError(`${path} has no task '${name}': compare runs of the same tasks.`);
  const value = values.test[metric.name];
  return typeof value === 'number' ? value : null;
}

/** Turned so that higher is better, or back. */
export function signed<Value extends number | null>({ better }: Metric, value: Value): Value | number {
  return value !== null && better === 'lower' ? -value : value;
}

function testSetOf({ result: { dataset } }: EvaluatedRun): string {
  return `${dataset.checksum} ${Object.values(dataset.rows).join(' ')}`;
}

function overlapOf(run: EvaluatedRun): number | null {
  if (!isTrained(run) || run.experiment.dataset.splitSeed !== 'run') return null;
  const { train, validation, test } = run.result.dataset.rows;
  return test / (isOfTest(run.experiment.dataset) ? validation : train);
}

/** Whether validation and test rows are drawn from the same file. */
function isOfTest({ validation, split }: Readonly<Record<string, unknown>>): boolean {
  return validation === 'test-half' || (split instanceof Object && 'of' in split);
}

/**
 * Reads predictions, which are large: one run's at a time. Of each test set, the first run's rows are those that all
 * others must have.
 */
function influencesReader(tasks: readonly JudgedTask[]): (run: EvaluatedRun) => Promise<Influences> {
  const firsts = new Map<string, { readonly path: string; readonly rows: readonly string[] }>();
  return async (run) => {
    const without = trainedRuns(run).find(({ hasPredictions }) => !hasPredictions);
    if (without)
      throw new DataError(
        `${without.path} has no predictions.arrow, which errors over test rows need: delete the folder and train it again with predictions, or use uncertainty seeds.`,
      );
    const predictions = await run.predictions();
    const found = tasks.map(({ name }) =>
      must(
        predictions.find(({ task }) => task.name === name),
        `task '${name}'`,
      ),
    );
    const set = testSetOf(run);
    const first = firsts.get(set) ?? { path: run.path, rows: found.map(rowsOf) };
    firsts.set(set, first);
    const other = found.find((own, task) => first.path !== run.path && rowsOf(own) !== first.rows[task]);
    if (other)
      throw new DataError(
        `${first.path} and ${run.path} were tested on different rows of task '${other.task.name}': errors over test rows need the same rows in the same order.`,
      );
    const ofTasks = found.map(({ task, scores }, index) => {
      const metric = tasks[index]?.metric;
      const rows = hasOneGroup(scores) ? null : metric?.influence?.(task, scores);
      return rows && metric ? ofGroups(rows, scores.groups).map((value) => signed(metric, value)) : null;
    });
    return { ofTasks, drawn: predictions[0]?.scores.groups ? 'groups' : 'rows' };
  };
}

/** A digest of labels, masks and weights. A label outside the sample space may be anything. */
function rowsOf({ scores: { labels, mask } }: TaskPredictions): string {
  const known = Float64Array.from(labels, (label, row) => ((mask[row] ?? 0) === 0 ? 0 : label));
  return createHash('sha256').update(known).update(Float64Array.from(mask)).digest('hex');
}

/** One group says nothing of others. */
function hasOneGroup({ groups, mask }: TaskPredictions['scores']): boolean {
  return groups !== undefined && new Set(groups.filter((_, row) => (mask[row] ?? 0) > 0)).size < 2;
}

/** If the data name groups (users), these are drawn instead of rows: the sum over each, at its first row. */
function ofGroups(rows: Float64Array, groups: Int32Array | undefined): Float64Array {
  if (!groups) return rows;
  const sums = new Float64Array(rows.length);
  const firsts = new Map<number, number>(); // first row by group
  for (const [row, value] of rows.entries()) {
    const group = groups[row] ?? 0;
    const first = firsts.get(group) ?? row;
    if (first === row) firsts.set(group, row);
    sums[first] = (sums[first] ?? 0) + value;
  }
  return sums;
}

/**
 * Checks that all runs have the same tasks, and at each point and seed the same data and test rows.
 * @throws DataError that names two runs.
 */
function checkSameData(entries: readonly Entry[]): void {
  const firsts = new Map<string, EvaluatedRun>();
  let first: EvaluatedRun | undefined;
  for (const { point, runs } of entries) {
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

function tasksOf({ result }: EvaluatedRun): string[] {
  return Object.entries(result.tasks).map(([name, { type }]) => `${name}: ${type}`);
}
