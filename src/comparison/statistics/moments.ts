export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation over n - 1. Exactly 0 for equal values, NaN for fewer than two. */
export function standardDeviation(values: readonly number[]): number {
  const [first = 0] = values;
  const shifted = values.map((value) => value - first);
  const centre = mean(shifted);
  return Math.sqrt(shifted.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** Whether values are equal up to rounding, for numbers of this magnitude. */
export function isConstant(values: readonly number[], magnitude = Math.max(...values.map(Math.abs))): boolean {
  return Math.max(...values) - Math.min(...values) <= 4 * Number.EPSILON * magnitude;
}
