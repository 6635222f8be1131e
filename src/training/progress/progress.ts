import { z } from 'zod';
import { followedScoresSchema } from '../../optimizers/schedules/learning-rate-schedule.js';
import type { HostArrays } from '../../support/arrays.js';
import { waitSchema } from '../../support/patience.js';
import { recordOf } from '../../support/records.js';

/** Sums of a balancing method's outputs over the steps of an epoch so far. */
const balanceSumsSchema = z.object({
  steps: z.int(),
  /** By task: the weights in use. */
  weights: z.array(z.number()),
});
type BalanceSums = Readonly<z.infer<typeof balanceSumsSchema>>;

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

/** How the tasks were balanced in an epoch. */
interface EpochBalance {
  /**
   * A task's part of the weighted loss: its mean weight times its mean loss, over the sum of these. Null without rows.
   */
  readonly shares: Readonly<Record<string, number | null>>;
}

/** Adds the outputs of further steps. Undefined: the step has no method. */
export function addBalance(
  before: BalanceSums | undefined,
  outputs: HostArrays,
  tasks: number,
): BalanceSums | undefined {
  const { balancing } = outputs;
  if (!balancing) return undefined;
  const count = balancing.data.length / tasks;
  const steps = Array.from({ length: count }, (_, step) => step);
  const weights = Array.from({ length: tasks }, (_, task) =>
    steps.reduce((sum, step) => sum + (balancing.data[step * tasks + task] ?? 0), before?.weights[task] ?? 0),
  );
  return { steps: (before?.steps ?? 0) + count, weights };
}

/** @param losses mean losses of the epoch, by task */
export function epochBalance(
  { steps, weights }: BalanceSums,
  names: readonly string[],
  losses: readonly (number | null)[],
): { readonly weights: readonly number[]; readonly balance: EpochBalance } {
  const means = weights.map((sum) => sum / steps);
  const weighted = losses.map((loss, task) => (loss === null ? null : loss * (means[task] ?? 0)));
  const whole = weighted.reduce<number>((sum, loss) => sum + (loss ?? 0), 0);
  const shares = recordOf(names, (_, task) => {
    const loss = weighted[task] ?? null;
    return loss === null || whole === 0 ? null : loss / whole;
  });
  return { weights: means, balance: { shares } };
}
