import { ConfigError } from '../../support/errors.js';
import type { Random } from '../../support/random.js';

/** How labels follow from inputs, without noise. */
export interface Process {
  /** Values of the column `context`. 0: there is no such column. */
  readonly contexts: number;
  /** @param columns [d][row] @param context [row] @param labels [task][row], overwritten. */
  fill(columns: readonly Float32Array[], context: Int32Array, labels: readonly Float64Array[]): void;
}

interface ProcessOptions {
  readonly dimension: number;
  readonly tasks: number;
  /** One correlation for all pairs, or [K, K]. */
  readonly correlation: number | readonly (readonly number[])[];
  readonly sines: number;
  /** Norm of the weight vectors, c. */
  readonly scale: number;
}

/**
 * MMoE section 3.2, equations 2 to 4, for any number of tasks: w_k = c sum_j L_kj u_j with orthonormal u and L L^T the
 * wanted correlation. So w_1 = c u_1 and w_2 = c (p u_1 + sqrt(1 - p^2) u_2). The label of task k is z + sum_i
 * sin(alpha_i z + beta_i), where z = w_k.x; alpha, beta ~ N(0, 1) are the same for all tasks.
 * @throws ConfigError if `correlation` is impossible for `tasks` vectors in `dimension` dimensions.
 */
export function drawProcess({ dimension, tasks, sines, scale, correlation }: ProcessOptions, random: Random) {
  if (dimension < tasks)
    throw new ConfigError(`dataset.dimension: ${tasks} tasks need at least ${tasks} dimensions, not ${dimension}.`);
  const cosine = correlationMatrix(correlation, tasks);
  const weights = correlatedVectors(cosine, { dimension, norm: scale }, random.stream('units')); // [K][d]
  const [alpha, beta] = [new Float64Array(sines), new Float64Array(sines)];
  random.stream('alpha').fillNormal(alpha);
  random.stream('beta').fillNormal(beta);
  const process: Process = {
    contexts: 0,
    fill(columns, _, labels) {
      for (const [k, target] of labels.entries()) {
        target.fill(0);
        for (const [i, column] of columns.entries()) addScaled(target, column, weights[k]?.[i] ?? 0);
        for (let r = 0; r < target.length; r++) {
          const z = target[r] ?? 0;
          let sum = z;
          for (let i = 0; i < sines; i++) sum += Math.sin((alpha[i] ?? 0) * z + (beta[i] ?? 0));
          target[r] = sum;
        }
      }
    },
  };
  return { ...process, cosine, weights, alpha, beta };
}

/**
 * Regression tasks whose relation changes with the sample, as section 3.1 of PLE describes it: a context c, which the
 * model sees, gives each task a sign s_k(c). Without noise
 *
 *     y_k = sqrt(rho) g_0(x) + s_k(c) (sqrt(q) g_1(x) + sqrt(1 - rho - q) h_k(x))
 *
 * All functions have mean 0 and variance 1 over x ~ N(0, 1)^d and are independent: each is (sum over j of
 * sin(w_j.x + beta_j) - mean) / deviation, and all w_j are orthogonal, of norm `scale`. So two tasks have the
 * correlation rho + q s_j(c) s_k(c) in context c. The first task's signs are all 1; another's are -1 in half of the
 * contexts.
 * @throws ConfigError if the functions have not enough dimensions, or their variances add up to more than 1.
 */
export function drawContextProcess(
  options: ProcessOptions,
  { values: contexts, opposed }: ContextOptions,
  random: Random,
): Process {
  const { tasks } = options;
  const rho = checkedCorrelation(options, opposed);
  const functions = drawFunctions(options, random);
  const amplitude = (task: number, f: number) =>
    Math.sqrt(Math.max(0, [rho, opposed][f] ?? (f === task + 2 ? 1 - rho - opposed : 0)));
  const signs = Array.from({ length: tasks }, (_, k) => drawSigns(k, contexts, random)); // [task][context]
  return {
    contexts,
    fill(columns, context, labels) {
      for (const target of labels) target.fill(0);
      const values = new Float64Array(context.length);
      for (const [f, summed] of functions.entries()) {
        evaluate(summed, columns, values);
        for (const [k, target] of labels.entries()) {
          const factor = amplitude(k, f) / summed.deviation;
          if (factor === 0) continue;
          for (let r = 0; r < target.length; r++) {
            const sign = f === 0 ? 1 : (signs[k]?.[context[r] ?? 0] ?? 1);
            target[r] = (target[r] ?? 0) + sign * factor * (values[r] ?? 0);
          }
        }
      }
    },
  };
}

interface ContextOptions {
  /** How many contexts there are. */
  readonly values: number;
  /** q */
  readonly opposed: number;
}

/** @returns rho. @throws ConfigError for variances of more than 1 together, and for more functions than dimensions. */
function checkedCorrelation({ dimension, tasks, sines, correlation: rho }: ProcessOptions, opposed: number): number {
  if (typeof rho !== 'number' || rho < 0)
    throw new ConfigError('dataset.correlation: with dataset.context it is one number from 0 to 1, for all tasks.');
  if (1 - rho - opposed < -1e-9)
    throw new ConfigError(
      `dataset.context.opposed: with correlation ${rho} it can be ${1 - rho} at most, not ${opposed}: together they are parts of a variance of 1.`,
    );
  const count = (tasks + 2) * sines;
  if (sines < 1 || dimension < count)
    throw new ConfigError(
      `dataset.dimension: ${tasks} tasks with a context need at least one sine, and (tasks + 2) * sines = ${count} dimensions, not ${dimension}.`,
    );
  return rho;
}

/** The sum over j of sin(w_j.x + beta_j), and its mean and deviation over x ~ N(0, 1)^d. */
interface SineSum {
  readonly weights: readonly Float64Array[]; // w_j
  readonly phases: readonly number[]; // beta_j
  readonly mean: number;
  readonly deviation: number;
}

/** g_0, g_1, then h_1 … h_K. */
function drawFunctions({ dimension, tasks, sines, scale }: ProcessOptions, random: Random): readonly SineSum[] {
  const independent = correlationMatrix(0, (tasks + 2) * sines);
  const vectors = correlatedVectors(independent, { dimension, norm: scale }, random.stream('units'));
  const phaseStream = random.stream('phases');
  return Array.from({ length: tasks + 2 }, (_, f) => {
    const weights = vectors.slice(f * sines, (f + 1) * sines);
    const phases = weights.map(() => 2 * Math.PI * phaseStream.uniform());
    return { weights, phases, ...sineMoments(phases, scale * scale) };
  });
}

/** A task's sign in each context: the first task's are all 1, another's are -1 in half of the contexts. */
function drawSigns(task: number, contexts: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: contexts }, (_, c) => c);
  random.stream('signs').stream(String(task)).shuffle(order);
  return order.map((rank) => (task > 0 && rank < contexts / 2 ? -1 : 1));
}

/** Writes the function's values less their mean. @param columns [d][row] */
function evaluate({ weights, phases, mean }: SineSum, columns: readonly Float32Array[], values: Float64Array): void {
  const z = new Float64Array(values.length);
  values.fill(-mean);
  for (const [j, weight] of weights.entries()) {
    z.fill(phases[j] ?? 0);
    for (const [i, column] of columns.entries()) addScaled(z, column, weight[i] ?? 0);
    for (let r = 0; r < z.length; r++) values[r] = (values[r] ?? 0) + Math.sin(z[r] ?? 0);
  }
}

/**
 * Mean and deviation of the sum of sin(z_j + b_j) for independent z_j ~ N(0, v): the mean of one is e^(-v/2) sin b, its
 * variance (1 - e^(-2v) cos 2b) / 2 less the mean's square.
 */
function sineMoments(phases: readonly number[], variance: number) {
  const means = phases.map((phase) => Math.exp(-variance / 2) * Math.sin(phase));
  const variances = phases.map(
    (phase, j) => (1 - Math.exp(-2 * variance) * Math.cos(2 * phase)) / 2 - (means[j] ?? 0) ** 2,
  );
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { mean: sum(means), deviation: Math.sqrt(sum(variances)) };
}

/** target += factor * values */
function addScaled(target: Float64Array, values: Float32Array, factor: number): void {
  for (let r = 0; r < target.length; r++) target[r] = (target[r] ?? 0) + factor * (values[r] ?? 0);
}

/**
 * Vectors of equal norm with the cosines `correlation`, P, in a uniformly random orientation: w_k = norm * sum_j L_kj
 * u_j with orthonormal u and L L^T = P. [K, dimension]
 * @throws ConfigError if P is not positive semidefinite.
 */
export function correlatedVectors(
  correlation: readonly (readonly number[])[],
  { dimension, norm }: { readonly dimension: number; readonly norm: number },
  random: Random,
): Float64Array[] {
  const factor = factorize(correlation);
  const units = orthonormal(correlation.length, dimension, random);
  return factor.map((row) => {
    const vector = new Float64Array(dimension);
    for (const [j, unit] of units.entries()) {
      const share = norm * (row[j] ?? 0);
      for (let i = 0; i < dimension; i++) vector[i] = (vector[i] ?? 0) + share * (unit[i] ?? 0);
    }
    return vector;
  });
}

/**
 * The matrix of a `correlation` key: one number for all pairs, or the matrix itself.
 * @throws ConfigError if it is no matrix of `count` vectors. `correlatedVectors` checks that it is positive semidefinite.
 */
export function correlationMatrix(correlation: number | readonly (readonly number[])[], count: number): number[][] {
  const each = { length: count };
  const cosine = (k: number, l: number) => {
    return typeof correlation === 'number' ? (k === l ? 1 : correlation) : (correlation[k]?.[l] ?? Number.NaN);
  };
  const matrix = Array.from(each, (_, k) => Array.from(each, (_, l) => cosine(k, l)));
  const hasSize = typeof correlation === 'number' || correlation.flat().length === count ** 2;
  if (hasSize && matrix.every((row, k) => row.every((value, l) => value === (k === l ? 1 : cosine(l, k)))))
    return matrix;
  throw new ConfigError(
    `dataset.correlation: it must be a number or a symmetric matrix, ${count} lists of ${count} numbers with 1 in the diagonal.`,
  );
}

/**
 * Lower triangular L with L L^T = P, for a P that may be singular (p = 1, p = -1). A pivot that is 0 up to rounding
 * gives a column of zeros. A plain Cholesky would take the root of -1e-17 or divide by it. If the product equals P
 * again, P was positive semidefinite.
 */
function factorize(matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length;
  const factor = matrix.map((row) => row.map(() => 0));
  const product = (k: number, l: number) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (factor[k]?.[j] ?? 0) * (factor[l]?.[j] ?? 0);
    return sum;
  };
  for (let j = 0; j < size; j++) {
    const pivot = (matrix[j]?.[j] ?? 0) - product(j, j);
    if (pivot < 1e-14) continue;
    for (let k = j; k < size; k++) {
      const row = factor[k];
      if (row) row[j] = ((matrix[k]?.[j] ?? 0) - product(k, j)) / Math.sqrt(pivot);
    }
  }
  for (let k = 0; k < size; k++) {
    for (let l = 0; l <= k; l++) {
      if (Math.abs(product(k, l) - (matrix[k]?.[l] ?? 0)) < 1e-6) continue;
      throw new ConfigError(
        'dataset.correlation: no vectors have these correlations. One number must be at least -1 / (K - 1) for K vectors, a matrix positive semidefinite.',
      );
    }
  }
  return factor;
}

/** `count` orthonormal vectors in a uniformly random orientation. */
function orthonormal(count: number, dimension: number, random: Random): Float64Array[] {
  const vectors = Array.from({ length: count }, (_, k) => {
    const vector = new Float64Array(dimension);
    random.stream(String(k)).fillNormal(vector);
    return vector;
  });
  return orthonormalized(vectors);
}

/**
 * Makes vectors orthogonal to `others` and to one another, and of norm 1 (Gram-Schmidt, each step twice against
 * rounding).
 * @param weights of the dimensions in every product. Absent: 1 each.
 */
export function orthonormalized(
  vectors: readonly Float64Array[],
  others: readonly Float64Array[] = [],
  weights?: Float64Array,
): Float64Array[] {
  const product = (a: Float64Array, b: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += (weights?.[i] ?? 1) * (a[i] ?? 0) * (b[i] ?? 0);
    return sum;
  };
  const units: Float64Array[] = [];
  for (const vector of vectors) {
    const before = [...others, ...units];
    for (const unit of [...before, ...before]) {
      const along = product(vector, unit);
      for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) - along * (unit[i] ?? 0);
    }
    const norm = Math.sqrt(product(vector, vector));
    units.push(vector.map((value) => value / norm));
  }
  return units;
}
