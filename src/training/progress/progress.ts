import { z } from 'zod';
import { followedScoresSchema } from '../../optimizers/schedules/learning-rate-schedule.js';
import { waitSchema } from '../../support/patience.js';
import { balanceSumsSchema } from './epoch-balance.js';

/** Sums over the steps of an epoch so far, in double precision and in the order of the steps. */
const sumsSchema = z.strictObject({
  steps: z.int(),
  loss: z.number(),
  /** By task: sum of the steps' losses, each times the weight of its rows in the task's sample space. */
  tasks: z.array(z.number()),
  /** By task: the weight of the rows in its sample space; without weights, their number. */
  counts: z.array(z.number()),
  /** Only in runs with a balancing method. */
  balance: balanceSumsSchema.optional(),
});
export type EpochSums = z.infer<typeof sumsSchema>;

const bestSchema = z.strictObject({
  /** The score of `bestEpoch`; null before the first epoch has ended, and without a validation row to judge by. */
  bestScore: z.number().nullable(),
  bestEpoch: z.int(),
});
export type Best = Readonly<z.infer<typeof bestSchema>>;

/** The epochs' scores of a task. Early stopping and the learning rate wait for it each by its own `minDelta`. */
const taskSchema = bestSchema.extend({ patience: waitSchema });
const unitSchema = z.strictObject({ stopped: z.boolean(), learningRate: followedScoresSchema });

/** A run's progress: plain data, kept in checkpoints. */
export const progressSchema = z.strictObject({
  /** The current epoch, from 1. */
  epoch: z.int(),
  /** Steps done in it. */
  step: z.int(),
  /** Steps done in all. */
  totalSteps: z.int(),
  sums: sumsSchema,
  /** Time and rows of training steps, reading included; compilation and evaluation left out. */
  epochSeconds: z.number(),
  seconds: z.number(),
  samples: z.int(),
  tasks: z.array(taskSchema),
  /** One epoch for all tasks. */
  choice: bestSchema,
  units: z.array(unitSchema),
});
export type Progress = Readonly<z.infer<typeof progressSchema>>;

/** What selection has found so far. */
export type Selected = Pick<Progress, 'tasks' | 'units' | 'choice'>;

export function emptySums(tasks: number): EpochSums {
  return { steps: 0, loss: 0, tasks: Array(tasks).fill(0), counts: Array(tasks).fill(0) };
}

export function freshProgress(selected: Selected): Progress {
  return {
    epoch: 1,
    step: 0,
    totalSteps: 0,
    sums: emptySums(selected.tasks.length),
    epochSeconds: 0,
    seconds: 0,
    samples: 0,
    ...selected,
  };
}
