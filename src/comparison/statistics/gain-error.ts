/** How far a mean gain may be off by chance. */
export interface GainError {
  /** Squared standard error. */
  readonly variance: number;
  /** Of the t distribution that gain / error is held against; infinite: normal. */
  readonly degreesOfFreedom: number;
}

/**
 * Of the mean of n independent differences: sd^2 / n, n - 1 degrees of freedom. Null for fewer than two.
 */
export function seedError(differences: readonly number[], magnitude: number): GainError | null {
  const pairs = differences.length;
  if (pairs < 2) return null;
  const variance = isConstant(differences, magnitude) ? 0 : standardDeviation(differences) ** 2 / pairs;
  return { variance, degreesOfFreedom: pairs - 1 };
}

/** Whether differences of values of this magnitude are equal but for rounding. */
export function isConstant(differences: readonly number[], magnitude: number): boolean {
  return Math.max(...differences) - Math.min(...differences) <= 4 * Number.EPSILON * magnitude;
}

/**
 * Of the sum of two independent errors. The degrees of freedom are those by which the sum has the variance that its parts have
 * (Welch 1938, Satterthwaite 1946): v^2 / sum of v_i^2 / df_i.
 */
export function addErrors(one: GainError, other: GainError): GainError {
  const variance = one.variance + other.variance;
  const spread = one.variance ** 2 / one.degreesOfFreedom + other.variance ** 2 / other.degreesOfFreedom;
  return { variance, degreesOfFreedom: spread === 0 ? Number.POSITIVE_INFINITY : variance ** 2 / spread };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Over n - 1. Exactly 0 for equal values. NaN for fewer than two. */
export function standardDeviation(values: readonly number[]): number {
  const [first = 0] = values;
  const shifted = values.map((value) => value - first);
  const centre = mean(shifted);
  return Math.sqrt(shifted.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** The error of one gain, and its parts. */
export interface ErrorOfGain {
  /** Null where a part that is asked for is not to be had. */
  readonly whole: GainError | null;
  readonly seeds: GainError | null;
  /** Null: not asked for, or in the seeds' error already. */
  readonly rows: GainError | null;
}
