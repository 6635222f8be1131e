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

/**
 * Covariance of the labels of two different tasks over x ~ N(0, 1)^d, given alpha and beta, when their weights have
 * cosine `p`. All terms are moments of jointly normal z and z' with variance c^2 and covariance p c^2. E[sin(a z + b)]
 * = exp(-a^2 c^2 / 2) sin b,  E[z' sin(a z + b)] = a p c^2 exp(-a^2 c^2 / 2) cos b,  and sin s sin t = (cos(s - t) -
 * cos(s + t)) / 2 with E[cos(N(m, v))] = exp(-v / 2) cos m.
 */
function responseCovariance({ alpha, beta, scale }: SyntheticProcess, p: number): number {
  const variance = scale * scale;
  const expectedCosine = (mean: number, spread: number) => Math.exp((-spread * variance) / 2) * Math.cos(mean);
  let covariance = p * variance;
  let mean = 0;
  for (let i = 0; i < alpha.length; i++) {
    const a = alpha[i] ?? 0;
    const b = beta[i] ?? 0;
    covariance += 2 * a * p * variance * expectedCosine(b, a * a);
    mean += expectedCosine(b - Math.PI / 2, a * a);
    for (let j = 0; j < alpha.length; j++) {
      const a2 = alpha[j] ?? 0;
      const b2 = beta[j] ?? 0;
      const squares = a * a + a2 * a2;
      const cross = 2 * p * a * a2;
      covariance += (expectedCosine(b - b2, squares - cross) - expectedCosine(b + b2, squares + cross)) / 2;
    }
  }
  return covariance - mean * mean;
}

/** Variance of every task's labels. @param noise Variance of their noise. */
export function labelVariance(process: SyntheticProcess, noise: number): number {
  return responseCovariance(process, 1) + noise;
}

/**
 * Correlation of the labels of two different tasks whose weights have cosine `p`. It differs from `p` because the
 * labels are not linear.
 */
export function labelCorrelation(process: SyntheticProcess, p: number, noise: number): number {
  return responseCovariance(process, p) / labelVariance(process, noise);
}
