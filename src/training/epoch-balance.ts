import { z } from 'zod';
import { pairsOf } from '../objective/balancing/products.js';
import type { HostArrays } from '../support/arrays.js';

/** Sums of a balancing method's outputs over the steps of an epoch so far. */
export const balanceSumsSchema = z.strictObject({
  steps: z.int(),
  /** By task: the weights in use. */
  weights: z.array(z.number()),
  /** By pair of tasks, over the steps in which both have rows; absent where the method reads no gradients. */
  cosines: z.array(z.strictObject({ sum: z.number(), steps: z.int() })).optional(),
});
export type BalanceSums = Readonly<z.infer<typeof balanceSumsSchema>>;

/** How the tasks were balanced in an epoch. */
export interface EpochBalance {
  /**
   * A task's part of the weighted loss: its mean weight times its mean loss, over the sum of these. Null without rows.
   */
  readonly shares: Readonly<Record<string, number | null>>;
  /** Mean cosine between two tasks' gradients of shared parameters; null if no batch had rows of both. */
  readonly cosines?: readonly { readonly tasks: readonly [string, string]; readonly cosine: number | null }[];
}

/** Adds the outputs of further steps. Undefined: the step has no method. */
export function addBalance(
  before: BalanceSums | undefined,
  outputs: HostArrays,
  tasks: number,
): BalanceSums | undefined {
  const { balancing, cosines, tasks: losses } = outputs;
  if (!balancing || !losses) return undefined;
  const count = balancing.data.length / tasks;
  const steps = Array.from({ length: count }, (_, step) => step);
  const weights = Array.from({ length: tasks }, (_, task) =>
    steps.reduce((sum, step) => sum + (balancing.data[step * tasks + task] ?? 0), before?.weights[task] ?? 0),
  );
  const pairs = pairsOf(tasks);
  // As in the step, a loss of 0 means that the task has no rows.
  const hasRows = (step: number, task: number) => losses.data[step * tasks + task] !== 0;
  const ofPairs = pairs.map(([a, b], pair) => {
    const { sum, steps: known } = before?.cosines?.[pair] ?? { sum: 0, steps: 0 };
    const both = steps.filter((step) => hasRows(step, a) && hasRows(step, b));
    const more = both.map((step) => cosines?.data[step * pairs.length + pair] ?? 0);
    return { sum: more.reduce((total, value) => total + value, sum), steps: known + both.length };
  });
  return { steps: (before?.steps ?? 0) + count, weights, ...(cosines ? { cosines: ofPairs } : {}) };
}

/** @param losses mean losses of the epoch, by task */
export function balanceOf(
  { steps, weights, cosines }: BalanceSums,
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
  const ofPairs = pairsOf(names.length).map(([a, b], pair) => {
    const { sum, steps: known } = cosines?.[pair] ?? { sum: 0, steps: 0 };
    return { tasks: [names[a] ?? '', names[b] ?? ''] as const, cosine: known === 0 ? null : sum / known };
  });
  return { weights: means, balance: { shares, ...(cosines ? { cosines: ofPairs } : {}) } };
}
