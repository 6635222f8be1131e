import { metrics } from '../../metrics/catalogue.js';
import { groupedBy } from '../../support/json.js';
import type { Ended } from '../../training/ended.js';
import { type EvaluatedRun, type FinishedRun, isTrained, withTestMetrics } from '../../training/finished-run.js';
import { servedFiles } from '../../training/folder/run-folder.js';
import { fewestForBest } from '../statistics/best-settings.js';
import { type Entry, type EntryRun, hasTask } from '../stored/entry.js';
import { type ReadRun, runReaders } from './influences.js';
import { asGain, type JudgedTask, testValue } from './judged-task.js';
import { type KeptSettings, keptModels } from './kept-models.js';
import type { MeasuredModel, MeasuredRun } from './measured-model.js';
import { runsTogether } from './runs-together.js';
import { checkSameData } from './same-data.js';
import { summedParameters } from './summed-parameters.js';

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
  const readerOf = runReaders(tasks);
  const measuredModel = async ({ kept = [], runs, ...entry }: Entry): Promise<MeasuredModel> => {
    const folders: EntryRun[] = [];
    // one at a time: predictions are large
    for (const { run, ...folder } of runs.toSorted((a, b) => a.seed - b.seed))
      folders.push(run ? { ...folder, run: await withTestMetrics(run, wanted) } : folder);
    const ofSeeds = groupedBy(folders, ({ seed }) => seed);
    const { decided: _, ...undecided } = entry;
    const groups: KeptSettings[] = [];
    const bySetting = new Map<string, MeasuredModel>(); // tasks may keep the same one: its variance counts once
    for (const group of ofSeeds.length < fewestForBest ? [] : kept) {
      const settings: MeasuredModel[] = [];
      for (const ofSetting of group.settings) {
        const key = JSON.stringify(ofSetting.map(({ path }) => path));
        const setting = bySetting.get(key) ?? (await measuredModel({ ...undecided, runs: ofSetting }));
        bySetting.set(key, setting);
        settings.push(setting);
      }
      groups.push({ tasks: group.tasks, settings });
    }
    return {
      ...entry,
      folders,
      runs: ofSeeds.flatMap((ofSeed) => measuredRun(ofSeed, tasks, readerOf) ?? []),
      ...(groups.length > 0
        ? {
            kept: keptModels(
              groups,
              tasks.map(({ name }) => name),
            ),
          }
        : {}),
    };
  };
  const models: MeasuredModel[] = [];
  for (const entry of entries) {
    const model = await measuredModel(entry);
    models.push({ ...model, together: await runsTogether(model.runs, tasks) });
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
  readerOf: (run: EvaluatedRun) => ReadRun,
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
    testSet: readerOf(run).testSet,
    overlap: testOverlap(run),
    ...valuesOf(taken),
    parameters: isOne ? run.result.parameters : summedParameters(taken),
    networks: isOne && isTrained(run) ? servedFiles(run.result).length : 1,
    trained: isTrained(run) ? trainedFor(run) : null,
    ends: taken.flatMap(taskEnd),
    parts: (task) => {
      const taskRun = taken[task]?.run;
      return taskRun ? [{ run: readerOf(taskRun), weight: 1 }] : [];
    },
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
