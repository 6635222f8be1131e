import { createHash } from 'node:crypto';
import { metrics } from '../../metrics/catalogue.js';
import type { Metric } from '../../metrics/metric.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/grouped-by.js';
import { must } from '../../support/must.js';
import type { Ended } from '../../training/ended.js';
import { type EvaluatedRun, type FinishedRun, isTrained } from '../../training/finished-run.js';
import { servedFiles } from '../../training/folder/run-manifest.js';
import { withTestMetrics } from '../../training/later-metrics.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { ComparisonRow } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import { type Entry, type EntryRun, hasTask } from '../stored/entry.js';

/** A task, and the metric by which it is judged. */
export interface JudgedTask {
  readonly name: string;
  readonly metric: Metric;
}

/** A model at one point of the axes, and the numbers that statistics take. */
export interface MeasuredModel extends Omit<Entry, 'runs'> {
  /** Where its runs are. */
  readonly folders: readonly EntryRun[];
  /** Of each seed that has finished. */
  readonly runs: readonly MeasuredRun[];
  /** Labels: it is the mean of these models. */
  readonly meanOf?: readonly string[];
}

type Parameters = NonNullable<ComparisonRow['parameters']>;

/** The numbers of a model under a seed: each task's from the run that has them. */
export interface MeasuredRun {
  readonly seed: number;
  /** Equal for runs tested on the same rows. */
  readonly testSet: string;
  /**
   * Of one file that is split anew for each seed: test rows over the rows that they are drawn from, too. Null: it is
   * not.
   */
  readonly overlap: number | null;
  /** By task: the judging metric on the test split, turned so that higher is better. Null: undefined. */
  readonly values: readonly (number | null)[];
  /** `values` by the metric that has one scale for all tasks of its type. */
  readonly scores: readonly (number | null)[];
  /** `values` at the epoch that is best for all tasks together. Null where tasks are taken from several runs. */
  readonly oneEpoch: readonly (number | null)[];
  /** Null: made elsewhere. */
  readonly parameters: Parameters | null;
  /** That it serves: `ComparisonRow.networks`. */
  readonly networks: number;
  /** Of a run that keeps its last epoch: training rows, and how often they were read. */
  readonly trained: { readonly rows: number; readonly passes: number } | null;
  /** How training ended for each task. Empty: made elsewhere. */
  readonly ends: readonly Ended[];
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

/** Runs that ended at the limit of epochs, still improving: on this task, or on any. */
export function lateRuns({ runs }: MeasuredModel, task?: number): number {
  return runs.filter(({ ends }) => (task === undefined ? ends.includes('limit') : ends[task] === 'limit')).length;
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
 * The numbers of each entry, with metrics that a run's result lacks. Runs are sorted by seed: sums have the same bits in
 * whatever order a config names seeds.
 * @throws DataError if runs of one point and seed differ in their data or test rows.
 */
export async function measured(
  entries: readonly Entry[],
  tasks: readonly JudgedTask[],
): Promise<readonly MeasuredModel[]> {
  checkSameData(entries);
  const wanted = Object.fromEntries(
    tasks.map(({ name, metric }) => [
      name,
      [metric, ...metrics.all.filter(({ type, score }) => type === metric.type && score)].map((metric) => metric.name),
    ]),
  );
  const read = influencesReader();
  const models: MeasuredModel[] = [];
  for (const { runs, ...entry } of entries) {
    const folders: EntryRun[] = [];
    // one at a time: predictions are large
    for (const { run, ...folder } of runs.toSorted((a, b) => a.seed - b.seed))
      folders.push(run ? { ...folder, run: await withTestMetrics(run, wanted) } : folder);
    const ofSeeds = groupedBy(folders, ({ seed }) => seed);
    models.push({ ...entry, folders, runs: ofSeeds.flatMap((own) => measuredRun(own, tasks, read) ?? []) });
  }
  return models;
}

/** A task, and the run that its numbers are taken from. */
interface TakenTask extends JudgedTask {
  readonly run: EvaluatedRun;
}

/** The numbers of a seed. Undefined if one of its runs has not finished. */
function measuredRun(
  folders: readonly [EntryRun, ...EntryRun[]],
  tasks: readonly JudgedTask[],
  read: (taken: readonly TakenTask[]) => Promise<Influences>,
): MeasuredRun | undefined {
  const taken = tasks.flatMap((task): TakenTask[] => {
    const { run } = folders.find((folder) => hasTask(folder, task.name)) ?? {};
    return run ? [{ ...task, run }] : [];
  });
  const [first] = taken;
  if (!first || taken.length < tasks.length) return undefined;
  const { run } = first;
  const isOne = taken.every((task) => task.run === run);
  const score = metrics.all.find(({ type, score }) => score && tasks.some(({ metric }) => metric.type === type));
  const signedValue = ({ run, name }: TakenTask, metric: Metric | undefined) =>
    metric ? signed(metric, testValue(run, { name, metric })) : null;
  return {
    seed: folders[0].seed,
    testSet: testSetKey(run),
    overlap: testOverlap(run),
    values: taken.map((task) => signedValue(task, task.metric)),
    scores: taken.map((task) => signedValue(task, score)),
    oneEpoch: taken.map(({ name, metric }) => {
      const value = isOne && isTrained(run) ? run.result.oneEpoch?.tasks[name]?.test[metric.name] : undefined;
      return signed(metric, typeof value === 'number' ? value : null);
    }),
    parameters: isOne ? run.result.parameters : summed(taken.map(parametersOfTask)),
    networks: isTrained(run) ? servedFiles(run.result).length : 1,
    trained: isTrained(run) ? trainedFor(run) : null,
    ends: taken.flatMap(taskEnd),
    influences: () => read(taken),
  };
}

/** Of a task whose network shares nothing with those of other tasks. */
function parametersOfTask({ run, name }: TakenTask): Parameters {
  return must(isTrained(run) ? run.result.parametersByTask?.[name] : undefined, `parameters of task '${name}'`);
}

function summed(all: readonly Parameters[]): Parameters {
  const sum = (read: (one: Parameters) => number) => all.reduce((total, one) => total + read(one), 0);
  return { embedding: sum(({ embedding }) => embedding), network: sum(({ network }) => network) };
}

function trainedFor({ experiment, result }: FinishedRun): MeasuredRun['trained'] {
  const { keep, epochs, passes = epochs } = experiment.train;
  return keep === 'last' ? { rows: result.dataset.rows.train, passes } : null;
}

function taskEnd({ run, name }: TakenTask): Ended | readonly never[] {
  return isTrained(run) ? (run.result.tasks[name]?.ended ?? run.result.ended) : [];
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

function testSetKey({ result: { dataset } }: EvaluatedRun): string {
  return `${dataset.checksum} ${Object.values(dataset.rows).join(' ')}`;
}

function testOverlap(run: EvaluatedRun): number | null {
  if (!isTrained(run) || run.experiment.dataset.splitSeed !== 'run') return null;
  const { train, validation, test } = run.result.dataset.rows;
  return test / (isOfTest(run.experiment.dataset) ? validation : train);
}

/** Whether validation and test rows are drawn from the same file. */
function isOfTest({ validation, split }: Readonly<Record<string, unknown>>): boolean {
  return validation === 'test-half' || (split instanceof Object && 'of' in split);
}

/**
 * Reads predictions, which are large: those of one seed at a time. Of each test set, the rows of the first seed that is
 * read are those that all others must have.
 */
function influencesReader(): (taken: readonly TakenTask[]) => Promise<Influences> {
  const firsts = new Map<string, readonly { readonly path: string; readonly rows: string }[]>();
  return async (taken) => {
    const without = taken.find(({ run }) => !run.hasPredictions);
    if (without)
      throw new DataError(
        `${without.run.path} has no predictions.arrow, which errors over test rows need: delete the folder and train it again with predictions, or use uncertainty seeds.`,
      );
    const read = new Map<EvaluatedRun, readonly TaskPredictions[]>();
    for (const { run } of taken) read.set(run, read.get(run) ?? (await run.predictions()));
    const found = taken.map(({ run, name }) =>
      must(
        read.get(run)?.find(({ task }) => task.name === name),
        `task '${name}'`,
      ),
    );
    const set = testSetKey(must(taken[0], 'task').run);
    const own = found.map((task, index) => ({ path: must(taken[index], 'task').run.path, rows: labelHash(task) }));
    const first = firsts.get(set) ?? own;
    firsts.set(set, first);
    for (const [index, { path, rows }] of own.entries()) {
      const known = must(first[index], 'task');
      if (rows !== known.rows)
        throw new DataError(
          `${known.path} and ${path} were tested on different rows of task '${taken[index]?.name}': errors over test rows need the same rows in the same order.`,
        );
    }
    const ofTasks = found.map(({ task, scores }, index) => {
      const metric = taken[index]?.metric;
      const rows = hasOneGroup(scores) ? null : metric?.influence?.(task, scores);
      return rows && metric ? ofGroups(rows, scores.groups).map((value) => signed(metric, value)) : null;
    });
    return { ofTasks, drawn: found[0]?.scores.groups ? 'groups' : 'rows' };
  };
}

/** A digest of labels, masks and weights. A label outside the sample space may be anything. */
function labelHash({ scores: { labels, mask } }: TaskPredictions): string {
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
    for (const { seed, run } of runs) {
      if (!run) continue;
      first ??= run;
      const [tasks, others] = [taskTypes(first), taskTypes(run)];
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
function checkPair(left: EvaluatedRun, right: EvaluatedRun): void {
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

function taskTypes({ result }: EvaluatedRun): string[] {
  return Object.entries(result.tasks).map(([name, { type }]) => `${name}: ${type}`);
}
