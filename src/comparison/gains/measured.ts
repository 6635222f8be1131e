import { createHash } from 'node:crypto';
import type { ContrastSide } from '../../config/contrasts.js';
import { metrics } from '../../metrics/catalogue.js';
import type { Metric } from '../../metrics/metric.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import { joined } from '../../support/text.js';
import { type Ended, worstEnd } from '../../training/ended.js';
import { type EvaluatedRun, type FinishedRun, isTrained, withTestMetrics } from '../../training/finished-run.js';
import { servedFiles } from '../../training/folder/run-folder.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { ComparedModel } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import { type Entry, type EntryRun, hasTask } from '../stored/entry.js';

/** A task, and what its gains are measured in. */
export interface JudgedTask {
  readonly name: string;
  readonly metric: Metric;
  /** Gains are in log points, 100 ln(reference / model): of errors, where the config asks for it. */
  readonly inLogPoints: boolean;
}

/** A model at one point of the axes, and the numbers that statistics take. */
export interface MeasuredModel extends Omit<Entry, 'runs'> {
  /** Where its runs are. */
  readonly folders: readonly EntryRun[];
  /** Of each seed that has finished. */
  readonly runs: readonly MeasuredRun[];
  /** Labels: it is a weighted sum of these models. */
  readonly sumOf?: readonly string[];
  /** The sum of the weights. Absent: 1. */
  readonly total?: number;
}

type Parameters = NonNullable<ComparedModel['parameters']>;

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
  /** By task: the judging metric on the test split, `turned`. Null: undefined. */
  readonly values: readonly (number | null)[];
  /** `values` by the metric that has one scale for all tasks of its type. */
  readonly scores: readonly (number | null)[];
  /** `values` at the epoch that is best for all tasks together. Null where tasks are taken from several runs. */
  readonly oneEpoch: readonly (number | null)[];
  /** Null: made elsewhere. */
  readonly parameters: Parameters | null;
  /** That it serves: `ComparedModel.networks`. */
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
  errorGains?: 'difference' | 'log',
): JudgedTask {
  const metric = metrics.all.find((candidate) =>
    chosen[name] === undefined ? candidate.usual && candidate.type === type : candidate.name === chosen[name],
  );
  if (!metric || metric.better === null)
    throw new ConfigError(
      `There is no metric '${chosen[name]}', by which the ${type} task '${name}' is judged: name the plugin that has it (--plugin FILE).`,
    );
  return { name, metric, inLogPoints: errorGains === 'log' && metric.better === 'lower' && metric.range === 'error' };
}

/** A metric, turned so that higher is better: a difference is a gain. Null: undefined, or an error of 0 in log points. */
function turned({ metric, inLogPoints }: Omit<JudgedTask, 'name'>, value: number | null): number | null {
  if (value === null || (inLogPoints && value <= 0)) return null;
  if (inLogPoints) return -100 * Math.log(value);
  return metric.better === 'lower' ? -value : value;
}

/** Turned back. */
export function turnedBack({ metric, inLogPoints }: JudgedTask, value: number): number {
  if (inLogPoints) return Math.exp(value / -100);
  return metric.better === 'lower' ? -value : value;
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
    models.push({ ...entry, folders, runs: ofSeeds.flatMap((ofSeed) => measuredRun(ofSeed, tasks, read) ?? []) });
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
  return {
    seed: folders[0].seed,
    testSet: testSetKey(run),
    overlap: testOverlap(run),
    values: taken.map((task) => turned(task, testValue(task.run, task.name, task.metric))),
    scores: taken.map((task) =>
      score ? turned({ metric: score, inLogPoints: false }, testValue(task.run, task.name, score)) : null,
    ),
    oneEpoch: taken.map((task) => {
      const value = isOne && isTrained(run) ? run.result.oneEpoch?.tasks[task.name]?.test[task.metric.name] : null;
      return turned(task, typeof value === 'number' ? value : null);
    }),
    parameters: isOne ? run.result.parameters : summedParameters(taken),
    networks: isTrained(run) ? servedFiles(run.result).length : 1,
    trained: isTrained(run) ? trainedFor(run) : null,
    ends: taken.flatMap(taskEnd),
    influences: () => read(taken),
  };
}

/** Of tasks whose networks share nothing. */
function summedParameters(taken: readonly TakenTask[]): Parameters {
  const counts = taken.map(({ run, name }) =>
    must(isTrained(run) ? run.result.parametersByTask?.[name] : undefined, `parameters of task '${name}'`),
  );
  const sum = (of: keyof Parameters) => counts.reduce((total, count) => total + count[of], 0);
  return { embedding: sum('embedding'), network: sum('network') };
}

function trainedFor({ experiment, result }: FinishedRun): MeasuredRun['trained'] {
  const { keep, epochs, passes = epochs } = experiment.train;
  return keep === 'last' ? { rows: result.dataset.rows.train, passes } : null;
}

function taskEnd({ run, name }: TakenTask): Ended | readonly never[] {
  return isTrained(run) ? (run.result.tasks[name]?.ended ?? run.result.ended) : [];
}

/** A run's value on the test split. Null if undefined. */
export function testValue({ path, result }: EvaluatedRun, task: string, metric: Metric): number | null {
  const values = result.tasks[task];
  if (!values) throw new DataError(`${path} has no task '${task}': compare runs of the same tasks.`);
  const value = values.test[metric.name];
  return typeof value === 'number' ? value : null;
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
  const firsts = new Map<string, { readonly path: string; readonly rows: string }>();
  const checkRows = ({ run, name }: TakenTask, task: TaskPredictions) => {
    const key = JSON.stringify([name, testSetKey(run)]);
    const rows = labelHash(task);
    const first = firsts.get(key) ?? { path: run.path, rows };
    firsts.set(key, first);
    if (rows !== first.rows)
      throw new DataError(
        `${first.path} and ${run.path} were tested on different rows of task '${name}': errors over test rows need the same rows in the same order.`,
      );
  };
  return async (taken) => {
    const read = new Map<EvaluatedRun, readonly TaskPredictions[]>();
    for (const { run } of taken) {
      if (!run.hasPredictions)
        throw new DataError(
          `${run.path} has no predictions.arrow, which errors over test rows need: delete the folder and train it again with predictions, or use uncertainty seeds.`,
        );
      read.set(run, read.get(run) ?? (await run.predictions()));
    }
    const predictions = taken.map(({ run, name }) =>
      must(
        read.get(run)?.find(({ task }) => task.name === name),
        `task '${name}'`,
      ),
    );
    const ofTasks = taken.map(({ run, ...judged }, index) => {
      const predicted = must(predictions[index], 'predictions');
      checkRows({ run, ...judged }, predicted);
      const { task, scores } = predicted;
      const rows = hasOneGroup(scores) ? null : judged.metric.influence?.(task, scores);
      const slope = slopeAt(judged, testValue(run, judged.name, judged.metric));
      return rows ? ofGroups(rows, scores.groups).map((value) => slope * value) : null;
    });
    return { ofTasks, drawn: predictions[0]?.scores.groups ? 'groups' : 'rows' };
  };
}

/** Of `turned`, at the run's value. */
function slopeAt({ metric, inLogPoints }: JudgedTask, value: number | null): number {
  return (inLogPoints ? 100 / (value ?? 1) : 1) * (metric.better === 'lower' ? -1 : 1);
}

/** A digest of labels, masks and weights. A label outside the sample space may be anything. */
function labelHash({ scores: { labels, mask } }: TaskPredictions): string {
  const labelled = Float64Array.from(labels, (label, row) => ((mask[row] ?? 0) === 0 ? 0 : label));
  return createHash('sha256').update(labelled).update(Float64Array.from(mask)).digest('hex');
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
 * A weighted sum of models, as one side of a contrast: its run of a seed has the sums of their runs of the seed. So runs
 * of different seeds are a sample as those of one model are, and what the models of a seed share stays in it.
 * @returns undefined if a model is not there
 */
export function sideModel(
  { label, terms, divisor }: ContrastSide,
  named: (label: string) => MeasuredModel | undefined,
): MeasuredModel | undefined {
  const models = terms.flatMap(({ label: of, count }) => {
    const model = named(of);
    return model ? [{ model, count }] : [];
  });
  const [first] = models;
  if (!first || models.length < terms.length) return undefined;
  if (models.length === 1 && first.model.label === label) return first.model;
  const runs = first.model.runs.flatMap(({ seed }): MeasuredRun[] => {
    const ofSeed = models.flatMap(({ model, count }) => {
      const run = model.runs.find((other) => other.seed === seed);
      return run ? [{ run, count }] : [];
    });
    return ofSeed.length < models.length ? [] : [summedRun(ofSeed, divisor)];
  });
  const decided = models.map(({ model }) => model.decided);
  return {
    ...first.model,
    label,
    sumOf: terms.map((term) => term.label),
    total: terms.reduce((sum, { count }) => sum + count, 0) / divisor,
    decided: {
      mixed: decided.flatMap((one) => one?.mixed ?? []),
      atEdge: decided.flatMap((one) => one?.atEdge ?? []),
    },
    folders: models.flatMap(({ model }) => model.folders),
    runs,
  };
}

/** Each run times its count, over the divisor. */
function summedRun(
  terms: readonly { readonly run: MeasuredRun; readonly count: number }[],
  divisor: number,
): MeasuredRun {
  const { run: first } = must(terms[0], 'run');
  const sum = (of: (run: MeasuredRun) => readonly (number | null)[]) =>
    first.values.map((_, task) => {
      const values = terms.flatMap(({ run, count }) => {
        const value = of(run)[task] ?? null;
        return value === null ? [] : [count * value];
      });
      return values.length < terms.length ? null : values.reduce((total, value) => total + value, 0) / divisor;
    });
  return {
    ...first,
    values: sum(({ values }) => values),
    scores: sum(({ scores }) => scores),
    oneEpoch: sum(({ oneEpoch }) => oneEpoch),
    parameters: null,
    // As the worst of its models; one that was made elsewhere has none, and counts as trained for as long as it was to be.
    ends: first.values.map((_, task) => worstEnd(['budget', ...terms.flatMap(({ run }) => run.ends[task] ?? [])])),
    async influences() {
      const read: (Influences & { readonly count: number })[] = [];
      // one after the other: they are large
      for (const { run, count } of terms) read.push({ ...(await run.influences()), count });
      const { drawn, ofTasks } = must(read[0], 'influences');
      return {
        drawn,
        ofTasks: ofTasks.map((firstRows, task) => {
          const rows = read.flatMap(({ ofTasks: { [task]: values }, count }) => (values ? [{ values, count }] : []));
          if (!firstRows || rows.length < read.length) return null;
          return firstRows.map(
            (_, row) => rows.reduce((total, { values, count }) => total + count * (values[row] ?? 0), 0) / divisor,
          );
        }),
      };
    },
  };
}

/**
 * Checks that the runs of a point and seed have the same data, test rows and tasks.
 * @throws DataError that names two runs.
 */
function checkSameData(entries: readonly Entry[]): void {
  const firsts = new Map<string, EvaluatedRun>();
  for (const { point, runs } of entries) {
    for (const { seed, run } of runs) {
      if (!run) continue;
      const key = JSON.stringify([pointKey(point), seed]);
      const first = firsts.get(key) ?? run;
      firsts.set(key, first);
      const [data, others] = [dataText(first), dataText(run)];
      if (data !== others)
        throw new DataError(
          `${first.path} and ${run.path} cannot be compared, since their data or tasks differ: ${data}; ${others}.`,
        );
    }
  }
}

/**
 * `checksum c0ffee00, 30 + 10 + 10 rows, click: binary (10 samples)`. One file can be split in several ways that the
 * checksum does not distinguish, so counts that depend on the rows are a part of it.
 */
function dataText({ result: { dataset, tasks } }: EvaluatedRun): string {
  const { train, validation, test } = dataset.rows;
  const ofTasks = Object.entries(tasks).map(([name, { type, test: metrics }]) => {
    const counts = ['samples', 'positives', 'labelVariance'].flatMap((count) =>
      count in metrics ? `${count} ${metrics[count]}` : [],
    );
    return joined(' ', `${name}: ${type}`, counts.length > 0 ? `(${counts.join(', ')})` : '');
  });
  const rows = `${train} + ${validation} + ${test} rows`;
  return [`checksum ${dataset.checksum.slice(0, 8)}`, rows, ...ofTasks.toSorted()].join(', ');
}
