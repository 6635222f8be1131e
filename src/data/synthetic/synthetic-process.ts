import { ConfigError } from '../../support/errors.js';
import type { Random } from '../../support/random.js';
import { correlatedVectors, correlationMatrix } from './correlated-vectors.js';

/** Everything that a synthetic data set is drawn from, except the rows. */
export interface SyntheticProcess {
  /** Correlation of the tasks' weight vectors (their cosines), [K, K]. */
  readonly correlation: readonly (readonly number[])[];
  /** Weight vectors, K of length d; the norm of each is `scale`. */
  readonly weights: readonly Float64Array[];
  /** Frequencies and phases of the m sines, shared by all tasks. */
  readonly alpha: Float64Array;
  readonly beta: Float64Array;
  readonly scale: number; // c
}

export interface ProcessOptions {
  readonly dimension: number;
  readonly tasks: number;
  /** One correlation for all pairs, or [K, K]. */
  readonly correlation: number | readonly (readonly number[])[];
  readonly sines: number;
  readonly scale: number;
}

/**
 * MMoE section 3.2, equations 2 to 4, for any number of tasks: w_k = c sum_j L_kj u_j with orthonormal u and L L^T the
 * wanted correlation. So w_1 = c u_1 and w_2 = c (p u_1 + sqrt(1 - p^2) u_2). alpha, beta ~ N(0, 1). Fails with a
 * `ConfigError` if `correlation` is impossible for `tasks` vectors in `dimension` dimensions.
 */
export function drawProcess(options: ProcessOptions, random: Random): SyntheticProcess {
  const { dimension, tasks, sines, scale } = options;
  if (dimension < tasks) {
    throw new ConfigError(`dataset.dimension: ${tasks} tasks need at least ${tasks} dimensions, not ${dimension}.`);
  }
  const correlation = correlationMatrix(options.correlation, tasks);
  const weights = correlatedVectors(correlation, { dimension, norm: scale }, random.stream('units'));
  const alpha = new Float64Array(sines);
  const beta = new Float64Array(sines);
  random.stream('alpha').fillNormal(alpha);
  random.stream('beta').fillNormal(beta);
  return { correlation, weights, alpha, beta, scale };
}

/** A label without noise: z + sum_i sin(alpha_i z + beta_i), where z = w.x. */
export function response({ alpha, beta }: Pick<SyntheticProcess, 'alpha' | 'beta'>, z: number): number {
  let sum = z;
  for (let i = 0; i < alpha.length; i++) sum += Math.sin((alpha[i] ?? 0) * z + (beta[i] ?? 0));
  return sum;
}
