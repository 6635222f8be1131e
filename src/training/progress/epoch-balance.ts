import { z } from 'zod';
import type { HostArrays } from '../../support/arrays.js';

/** Sums of a balancing method's outputs over the steps of an epoch so far. */
export const balanceSumsSchema = z.object({
  steps: z.int(),
  /** By task: the weights in use. */
  weights: z.array(z.number()),
});
export type BalanceSums = Readonly<z.infer<typeof balanceSumsSchema>>;

/** How the tasks were balanced in an epoch. */
export interface EpochBalance {
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
  const parts = losses.map((loss, task) => (loss === null ? null : loss * (means[task] ?? 0)));
  const whole = parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
  const shares = Object.fromEntries(
    names.map((name, task) => {
      const part = parts[task] ?? null;
      return [name, part === null || whole === 0 ? null : part / whole];
    }),
  );
  return { weights: means, balance: { shares } };
}
