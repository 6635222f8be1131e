import type { MetricValue } from './metric.js';

const normalQuantile = 1.959963984540054; // of 0.975

/**
 * 95 % interval by the normal distribution, from a standard error.
 * @param isShare The value lies between 0 and 1, and so does the interval: it is normal on the logit scale, by the delta method. That scale has no
 * point for 0 and 1, so they have none.
 */
export function interval(value: number, error: number, isShare: boolean): readonly [number, number] | null {
  if (!isShare) return [value - normalQuantile * error, value + normalQuantile * error];
  if (value === 0 || value === 1) return null;
  const centre = Math.log(value / (1 - value));
  const half = (normalQuantile * error) / (value * (1 - value));
  return [expit(centre - half), expit(centre + half)];
}

function expit(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * The standard error over draws of the rows, from their influences (`row-influence.ts`). With groups, these are drawn: the influences of a group's
 * rows are summed before they are squared. Null for fewer than two groups.
 * @param groups Each row's group. [rows]
 * @param mask Rows outside the task's sample space have 0. [rows]
 */
export function errorOverRows(
  influence: Float64Array,
  groups: Int32Array | undefined,
  mask: Float32Array | Float64Array,
): number | null {
  let variance = 0;
  if (!groups) {
    for (const value of influence) variance += value ** 2;
    return Math.sqrt(variance);
  }
  const sums = new Map<number, number>();
  const drawn = new Set<number>();
  for (const [row, group] of groups.entries()) {
    sums.set(group, (sums.get(group) ?? 0) + (influence[row] ?? 0));
    if ((mask[row] ?? 0) > 0) drawn.add(group);
  }
  if (drawn.size < 2) return null;
  for (const sum of sums.values()) variance += sum ** 2;
  return Math.sqrt(variance);
}

/** Null where the value or its error is not defined. */
export function intervalOf(
  value: MetricValue | undefined,
  error: number | null,
  isShare: boolean,
): readonly [number, number] | null {
  return typeof value === 'number' && error !== null ? interval(value, error, isShare) : null;
}
