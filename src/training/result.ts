import { join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import type { Dataset, Task } from '../data/dataset.js';
import { selectionScore, type TaskMetrics } from '../metrics/evaluate.js';
import { classScores, rowsOfClasses } from '../metrics/multiclass.js';
import { must } from '../support/must.js';
import { counted, wholeNumber } from '../support/text.js';
import { type Ended, howEnded, worstEnd } from './ended.js';
import type { EpochRecord } from './epoch-record.js';
import { type Evaluation, splitMetrics } from './evaluation.js';
import { type FileHashes, isFinished, readSealed, servedFiles } from './folder/run-folder.js';
import { isJoint, servedEpochs } from './progress/selection.js';
import { countByTask, countParameters, type ParameterCounts, type TrainingSetup } from './setup.js';
import type { Trained } from './trainer.js';

interface TaskResult {
  readonly type: string;
  /** Rows of each class of a multiclass task, whatever their weights. */
  readonly classes?: readonly { readonly name: string; readonly validation: number; readonly test: number }[];
  /** Metrics at `bestEpoch`. */
  readonly validation: TaskMetrics;
  readonly test: TaskMetrics;
  /** How training ended for it. Absent: it has no validation row, or is not watched. */
  readonly ended?: Ended | undefined;
}

/** result.json without its checksum. */
export interface Result {
  readonly schema: 2;
  readonly name: string;
  readonly model: string;
  readonly seed: number;
  readonly parameters: ParameterCounts;
  /** Counts of each task's own network; absent where tasks share parameters. */
  readonly parametersByTask?: Readonly<Record<string, ParameterCounts>> | undefined;
  /** Embedding tables of which a step moves only the rows that it reads; absent: none. */
  readonly lazy?: readonly string[] | undefined;
  readonly epochs: number;
  /**
   * By task: the epoch at which the task is judged and served. It is the best for the task; with `train.keep: one` the
   * best for its network; with `last` the last one.
   */
  readonly bestEpoch: Readonly<Record<string, number>>;
  /** How training ended for the task that ended worst. */
  readonly ended: Ended;
  readonly dataset: {
    readonly checksum: string;
    readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
  };
  readonly engine: { readonly name: string; readonly device: string };
  readonly throughput: {
    readonly samplesPerSecond: number;
    readonly stepMilliseconds: number;
    readonly batchSize: number;
  };
  readonly tasks: Readonly<Record<string, TaskResult>>;
  /** With `train.keep: best`: all tasks at the epoch that is best for them together. */
  readonly oneEpoch?:
    | { readonly epoch: number; readonly tasks: Readonly<Record<string, Pick<TaskResult, 'validation' | 'test'>>> }
    | undefined;
  /** SHA-256 of the run's files. */
  readonly files: FileHashes;
}

/** @param epochs the lines of epochs.jsonl */
export function measuredResult(
  experiment: Experiment,
  setup: TrainingSetup,
  trained: Trained,
  epochs: readonly EpochRecord[],
): Omit<Result, 'files'> {
  const { dataset, engine, batchSize, selection, model, optimizer } = setup;
  const { progress, choice } = trained;
  const { train, validation, test } = dataset.splits;
  const served = servedEpochs(selection, progress);
  const ended = howEnded(epochs, experiment, !isJoint(selection));
  return {
    schema: 2,
    name: experiment.name,
    model: experiment.model.type,
    seed: experiment.seed,
    parameters: countParameters(model.parameters),
    parametersByTask: countByTask(model.parameters),
    lazy: optimizer.lazy.length > 0 ? optimizer.lazy : undefined,
    epochs: progress.epoch - 1,
    bestEpoch: byTask(dataset, (_, index) => served[index] ?? 0),
    ended: worstEnd(Object.values(ended)),
    dataset: {
      checksum: dataset.checksum,
      rows: { train: train.rows, validation: validation.rows, test: test.rows },
    },
    engine: { name: engine.name, device: engine.device },
    throughput: {
      samplesPerSecond: progress.samples / progress.seconds,
      stepMilliseconds: (1000 * progress.seconds) / progress.totalSteps,
      batchSize,
    },
    tasks: taskResults(dataset, trained.own, ended),
    oneEpoch: choice && { epoch: progress.choice.bestEpoch, tasks: bothSplits(dataset, choice) },
  };
}

function byTask<Value>(
  { tasks }: Dataset,
  make: (task: Task, index: number) => Value,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(tasks.map((task, index) => [task.name, make(task, index)]));
}

function taskResults(
  dataset: Dataset,
  evaluations: Trained['own'],
  ended: Readonly<Record<string, Ended>>,
): Result['tasks'] {
  const metrics = bothSplits(dataset, evaluations);
  return byTask(dataset, (task, index) => ({
    type: task.type,
    ...classCounts(task, index, evaluations),
    ...must(metrics[task.name], `metrics of task '${task.name}'`),
    ended: ended[task.name],
  }));
}

function bothSplits(
  dataset: Dataset,
  evaluations: Trained['own'],
): Readonly<Record<string, Pick<TaskResult, 'validation' | 'test'>>> {
  const { validation, test } = splitMetrics(dataset, evaluations);
  return byTask(dataset, ({ name }) => ({
    validation: must(validation[name], `validation metrics of task '${name}'`),
    test: must(test[name], `test metrics of task '${name}'`),
  }));
}

function classCounts(task: Task, index: number, evaluations: Trained['own']): Pick<TaskResult, 'classes'> {
  if (!task.classes) return {};
  const rowsIn = ({ tasks }: Evaluation) => rowsOfClasses(classScores(task, must(tasks[index], 'scores')));
  const [validation, test] = [rowsIn(evaluations.validation), rowsIn(evaluations.test)];
  return {
    classes: task.classes.map((name, label) => ({
      name,
      validation: must(validation[label], 'count'),
      test: must(test[label], 'count'),
    })),
  };
}

type EndedResult = Pick<Result, 'tasks' | 'ended'>;

/** Notes for the user on a result. */
export function resultNotes(result: EndedResult, mostEpochs: number): string[] {
  const notes: string[] = [];
  for (const [task, splits] of Object.entries(result.tasks)) {
    for (const split of ['validation', 'test'] as const) {
      const missing = Object.entries(splits[split]).filter(([, value]) => value === null);
      if (missing.length === 0) continue;
      const counts = Object.entries(splits[split]).filter(([name]) => name === 'samples' || name === 'positives');
      notes.push(
        `${split} of task '${task}': ${missing.map(([name]) => name).join(', ')} not defined (${counts
          .map(([name, value]) => `${value} ${name}`)
          .join(', ')}).`,
      );
    }
  }
  notes.push(...withoutScore(result));
  if (result.ended === 'limit' && Object.values(result.tasks).some(hasValidationRow)) {
    const limit = mostEpochs === 1 ? '1 epoch' : `${mostEpochs} epochs and was still improving`;
    notes.push(`The run ended at its limit of ${limit}: raise train.epochs.`);
  }
  return notes;
}

/** The reason why a run ended, as a sentence; undefined at its limit, which `resultNotes` reports. */
export function endedBy(
  { ended, epochs, dataset }: Pick<Result, 'ended' | 'epochs' | 'dataset'>,
  { epochs: limit, passes = limit, earlyStopping: { patience } }: Experiment['train'],
): string | undefined {
  if (ended === 'limit') return undefined;
  if (ended === 'budget') {
    const read = passes === 1 ? 'one pass' : `${passes} passes`;
    return `The run ended at its budget: ${read} over ${wholeNumber(dataset.rows.train)} training rows.`;
  }
  const still = epochs < limit ? `in ${counted(patience ?? 0, 'epoch')}` : 'in the last fifth of its epochs';
  const rate =
    ended === 'plateau'
      ? 'on a plateau, at a learning rate that had fallen'
      : 'by patience, at the learning rate where it began: a rate that falls (train.optimizer.schedule) may improve it';
  return `The run ended in epoch ${epochs} of ${limit}, ${rate}; no task improved ${still}.`;
}

/** With which epochs a joint model's tasks are served, if they differ. */
export function servedBy(result: Pick<Result, 'bestEpoch' | 'parametersByTask'>): string | undefined {
  const files = servedFiles(result);
  if (files.length === 1) return undefined;
  const sets = files.map(({ tasks }) => `${tasks.join(', ')} of epoch ${result.bestEpoch[tasks[0] ?? '']}`);
  return `The run serves ${files.length} networks: ${sets.join('; ')} (train.keep: one makes it one).`;
}

/** Notes on how a task's epoch was selected without a score. */
function withoutScore({ tasks }: EndedResult): string[] {
  const missing = Object.entries(tasks).filter(([, task]) => selectionScore(task, task.validation) === null);
  return missing.map(([name, { validation }]) =>
    hasValidationRow({ validation })
      ? `Task '${name}' has no score on validation: its best epoch is that of its loss there.`
      : `Task '${name}' has no validation row: its last epoch is kept.`,
  );
}

function hasValidationRow({ validation }: Pick<TaskResult, 'validation'>): boolean {
  return validation.samples !== 0;
}

/** The result of a finished run in this folder. */
export function readResult(path: string): Result | undefined {
  return isFinished(path) ? readSealed<Result>(join(path, 'result.json'), 2) : undefined;
}
