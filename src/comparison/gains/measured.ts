import { metrics } from '../../metrics/catalogue.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import type { Ended } from '../../training/ended.js';
import { type EvaluatedRun, type FinishedRun, isTrained, withTestMetrics } from '../../training/finished-run.js';
import { servedFiles } from '../../training/folder/run-folder.js';
import type { ComparedModel } from '../comparison.js';
import { type Entry, type EntryRun, hasTask } from '../stored/entry.js';
import { type Influences, influencesReader, type TakenTask, testSetKey } from './influences.js';
import { asGain, type JudgedTask, testValue } from './judged-task.js';
import { checkSameData } from './same-data.js';

/** A model at one point of the axes, and the numbers that statistics take. */
export interface MeasuredModel extends Omit<Entry, 'runs'> {
  /** Where its runs are. */
  readonly folders: readonly EntryRun[];
  /** One for each seed that has finished. */
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
  /** If one file is split anew for each seed: test rows over the rows that they are drawn from, too. Else null. */
  readonly overlap: number | null;
  /** By task: the judging metric on the test split, as `asGain` turns it. Null: undefined. */
  readonly values: readonly (number | null)[];
  /** `values` by the metric that has one scale for all tasks of its type. */
  readonly scores: readonly (number | null)[];
  /** `values` at the epoch that is best for all tasks together. Null where tasks are taken from several runs. */
  readonly oneEpoch: readonly (number | null)[];
  /** Null: made elsewhere. */
  readonly parameters: Parameters | null;
  /** How many networks the run serves. */
  readonly networks: number;
  /** Training rows, and how often they were read. Null: the run keeps its best epoch. */
  readonly trained: { readonly rows: number; readonly passes: number } | null;
  /** How training ended for each task. Empty: made elsewhere. */
  readonly ends: readonly Ended[];
  /** @throws DataError without predictions, or if its rows are not those of its test set. */
  influences(): Promise<Influences>;
}

/** Runs that ended at the limit of epochs, still improving: on this task, or on any. */
export function runsAtLimit({ runs }: MeasuredModel, task?: number): number {
  return runs.filter(({ ends }) => (task === undefined ? ends.includes('limit') : ends[task] === 'limit')).length;
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
  return {
    seed: folders[0].seed,
    testSet: testSetKey(run),
    overlap: testOverlap(run),
    ...valuesOf(taken),
    parameters: isOne ? run.result.parameters : summedParameters(taken),
    networks: isTrained(run) ? servedFiles(run.result).length : 1,
    trained: isTrained(run) ? trainedFor(run) : null,
    ends: taken.flatMap(taskEnd),
    influences: () => read(taken),
  };
}

function valuesOf(taken: readonly TakenTask[]): Pick<MeasuredRun, 'values' | 'scores' | 'oneEpoch'> {
  const isOne = new Set(taken.map(({ run }) => run)).size === 1;
  const score = metrics.all.find(({ type, score }) => score && taken.some(({ metric }) => metric.type === type));
  const oneEpochValue = ({ run, name, metric }: TakenTask) => {
    const value = isOne && isTrained(run) ? run.result.oneEpoch?.tasks[name]?.test[metric.name] : null;
    return typeof value === 'number' ? value : null;
  };
  return {
    values: taken.map((task) => asGain(task, testValue(task.run, task.name, task.metric))),
    scores: taken.map(({ run, name }) =>
      score ? asGain({ metric: score, inLogPoints: false }, testValue(run, name, score)) : null,
    ),
    oneEpoch: taken.map((task) => asGain(task, oneEpochValue(task))),
  };
}

/** The counts of tasks whose networks share nothing, added up. */
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

function testOverlap(run: EvaluatedRun): number | null {
  if (!isTrained(run) || run.experiment.dataset.splitSeed !== 'run') return null;
  const { train, validation, test } = run.result.dataset.rows;
  return test / (sharesFileWithTest(run.experiment.dataset) ? validation : train);
}

/** Whether validation and test rows are drawn from one file, beside the training file: a split anew leaves training rows as they are. */
function sharesFileWithTest({ validation, split }: Readonly<Record<string, unknown>>): boolean {
  return validation === 'test-half' || (split instanceof Object && 'of' in split);
}
