import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Experiment } from '../config/experiment.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { selectionScore } from '../metrics/score.js';
import { countByTask, countParameters, type ParameterCounts, type TrainingSetup } from './setup.js';
import { readStored } from './stored-file.js';
import { metricsOf, type Trained } from './trainer.js';

/** result.json */
export interface Result {
  readonly schema: 1;
  readonly name: string;
  readonly model: string;
  readonly seed: number;
  readonly parameters: ParameterCounts;
  /** Of each task's own network; absent where tasks share parameters. */
  readonly parametersByTask?: Readonly<Record<string, ParameterCounts>>;
  readonly epochs: number;
  readonly bestEpoch: Trained['bestEpoch'];
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
  readonly tasks: Readonly<
    Record<string, { readonly type: string; readonly validation: TaskMetrics; readonly test: TaskMetrics }>
  >;
}

export function resultOf(experiment: Experiment, setup: TrainingSetup, trained: Trained): Result {
  const { dataset, engine, batchSize } = setup;
  const { progress, bestEpoch } = trained;
  const { train, validation, test } = dataset.splits;
  const parametersByTask = countByTask(setup.model.parameters);
  const metrics = { validation: metricsOf(dataset, trained.validation), test: metricsOf(dataset, trained.test) };
  return {
    schema: 1,
    name: experiment.name,
    model: experiment.model.type,
    seed: experiment.seed,
    parameters: countParameters(setup.model.parameters),
    ...(parametersByTask ? { parametersByTask } : {}),
    epochs: progress.epoch - 1,
    bestEpoch,
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
    tasks: Object.fromEntries(
      dataset.tasks.map(({ name, type }) => [
        name,
        { type, validation: metrics.validation[name] ?? {}, test: metrics.test[name] ?? {} },
      ]),
    ),
  };
}

const splitShape = z.record(z.string(), z.unknown());
const resultShape = z.looseObject({
  model: z.string(),
  seed: z.number(),
  dataset: z.looseObject({ checksum: z.string() }),
  tasks: z.record(z.string(), z.looseObject({ type: z.string(), validation: splitShape, test: splitShape })),
});

/** The result of a finished run in this folder. */
export function readResult(path: string): Result | undefined {
  const file = join(path, 'result.json');
  if (!existsSync(file)) return undefined;
  return readStored(file, resultShape, (text): Result => JSON.parse(text)); // written whole, by `resultOf`
}

type Judged = Pick<Result, 'tasks' | 'bestEpoch'>;

/** What a reader of the result should know. */
export function notesOn(result: Judged, mostEpochs: number): string[] {
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
  if (notFinishedLearning(result, mostEpochs)) {
    notes.push(`The last epoch (${mostEpochs}) was the best: the model may still be improving. Raise train.epochs.`);
  }
  return notes;
}

/** Whether the best epoch is the last that was allowed, of those that validation rows chose. */
export function notFinishedLearning({ bestEpoch, tasks }: Judged, mostEpochs: number): boolean {
  const judged = Object.keys(tasks).filter((name) => hasValidationRow(tasks[name]));
  return judged.some((name) => (typeof bestEpoch === 'number' ? bestEpoch : bestEpoch[name]) === mostEpochs);
}

/** What an epoch was selected by where there is no score. */
function withoutScore({ tasks, bestEpoch }: Judged): string[] {
  const missing = Object.entries(tasks).filter(([, task]) => selectionScore(task, task.validation) === null);
  if (typeof bestEpoch !== 'number')
    return missing.map(([name, { validation }]) =>
      hasValidationRow({ validation })
        ? `Task '${name}' has no score on validation: its best epoch is that of its loss there.`
        : `Task '${name}' has no validation row: its last epoch is kept.`,
    );
  if (missing.length < Object.keys(tasks).length) return [];
  return [
    missing.some(([, task]) => hasValidationRow(task))
      ? 'No task has a score on validation: the best epoch is that of the joint loss there.'
      : 'No task has a validation row: the last epoch is kept.',
  ];
}

function hasValidationRow(task: { readonly validation: TaskMetrics } | undefined): boolean {
  return task !== undefined && task.validation.samples !== 0;
}
