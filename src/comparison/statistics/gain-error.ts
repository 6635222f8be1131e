/** The sampling error of a mean gain. */
export interface GainError {
  /** Squared standard error. */
  readonly variance: number;
  /** Degrees of freedom of the t distribution of gain / error. Infinite: normal. */
  readonly degreesOfFreedom: number;
}

/** The error of the mean of n independent differences: sd^2 / n with n - 1 degrees of freedom. Null if n < 2. */
export function seedError(differences: readonly number[], magnitude: number): GainError | null {
  const pairs = differences.length;
  if (pairs < 2) return null;
  const variance = isConstant(differences, magnitude) ? 0 : standardDeviation(differences) ** 2 / pairs;
  return { variance, degreesOfFreedom: pairs - 1 };
}

/** Whether the differences are equal up to rounding, for values of this magnitude. */
export function isConstant(differences: readonly number[], magnitude: number): boolean {
  return Math.max(...differences) - Math.min(...differences) <= 4 * Number.EPSILON * magnitude;
}

/**
 * The error of the sum of two independent errors. The degrees of freedom are by Welch (1938) and Satterthwaite (1946):
 * v^2 / sum of v_i^2 / df_i.
 */
export function addErrors(one: GainError, other: GainError): GainError {
  const variance = one.variance + other.variance;
  const spread = one.variance ** 2 / one.degreesOfFreedom + other.variance ** 2 / other.degreesOfFreedom;
  return { variance, degreesOfFreedom: spread === 0 ? Number.POSITIVE_INFINITY : variance ** 2 / spread };
}

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

/** The error of one gain, and its parts. */
export interface ErrorOfGain {
  /** Null if a requested part is not available. */
  readonly whole: GainError | null;
  readonly seeds: GainError | null;
  /** Null: not requested, or already included in the seeds' error. */
  readonly rows: GainError | null;
}
