import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { independentTasks } from '../models/model.js';
import { recordOf } from '../support/records.js';
import type { Diagnosis } from './diagnostics.js';
import { metricsShape } from './evaluation.js';
import { readStored } from './folder/run-folder.js';
import { epochBalance, type Progress } from './progress/progress.js';
import type { TrainingSetup } from './setup.js';

/** Null replaces NaN. */
const numberOrNull = z.number().nullable();
const numberByTask = z.record(z.string(), z.number()).readonly();

const cosinesShape = z
  .array(z.object({ tasks: z.tuple([z.string(), z.string()]).readonly(), cosine: numberOrNull }).readonly())
  .readonly();

/** A line of epochs.jsonl. */
const epochShape = z
  .object({
    epoch: z.int().positive(),
    steps: z.int(),
    train: z.object({ loss: z.number(), tasks: z.record(z.string(), numberOrNull).readonly() }).readonly(),
    validation: z.record(z.string(), metricsShape).readonly(),
    /** Loss weights at the epoch's first step; with a balancing method, the mean over steps of those in use. */
    weights: numberByTask,
    /** Only with a balancing method: see `EpochBalance`. */
    balance: z
      .object({ shares: z.record(z.string(), numberOrNull).readonly() })
      .readonly()
      .optional(),
    diagnostics: z.object({ cosines: cosinesShape.optional() }).readonly().optional(),
    /** At the epoch's first step; by task where each has its own. */
    learningRate: z.union([z.number(), numberByTask]),
    /** Time of training, without compilation and evaluation. */
    seconds: z.number(),
  })
  .readonly();
export type EpochRecord = z.infer<typeof epochShape>;

/** The record of the epoch that `progress` has ended. */
export function epochRecord(
  setup: TrainingSetup,
  progress: Progress,
  validation: Readonly<Record<string, TaskMetrics>>,
  diagnosis?: Diagnosis,
): EpochRecord {
  const { epoch, step, totalSteps, sums, epochSeconds } = progress;
  const names = setup.dataset.tasks.map(({ name }) => name);
  const byTask = <Value>(values: readonly Value[], other: Value): Record<string, Value> =>
    recordOf(names, (_, index) => values[index] ?? other);
  // A task without a row in its sample space has no loss.
  const losses = names.map((_, index) => (sums.counts[index] ? (sums.tasks[index] ?? 0) / sums.counts[index] : null));
  const balance = sums.balance && epochBalance(sums.balance, names, losses);
  const rates = setup.learningRatesAt(progress, totalSteps - step);
  const [rate = 0, ...others] = rates;
  return {
    epoch,
    steps: step,
    train: { loss: sums.loss / sums.steps, tasks: byTask<number | null>(losses, null) },
    validation,
    weights: byTask(balance?.weights ?? setup.lossWeightsAt(epoch - 1, totalSteps - step), 1),
    balance: balance?.balance,
    diagnostics: diagnosis,
    learningRate:
      others.length === 0
        ? rate
        : Object.fromEntries(independentTasks(setup.parameters).map((owner, index) => [owner, rates[index] ?? 0])),
    seconds: epochSeconds,
  };
}

/** The lines of epochs.jsonl: every epoch, except those lost by a crash. */
export function readEpochs(path: string): readonly EpochRecord[] {
  return readStored(join(path, 'epochs.jsonl'), z.array(epochShape), (text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): EpochRecord => JSON.parse(line)),
  );
}

/** The epochs in an epochs.jsonl that a run may be writing, from a line on. An incomplete line is left out. */
export function epochsSoFar(file: string, from: number): readonly EpochRecord[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(from)
    .flatMap((line) => {
      try {
        const record: EpochRecord = JSON.parse(line);
        return epochShape.safeParse(record).success ? record : [];
      } catch {
        return [];
      }
    });
}
