import { ConfigError } from '../../support/errors.js';
import type { Random } from '../../support/random.js';

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
  const given = (k: number, l: number) => {
    return typeof correlation === 'number' ? (k === l ? 1 : correlation) : (correlation[k]?.[l] ?? Number.NaN);
  };
  const matrix = Array.from(each, (_, k) => Array.from(each, (_, l) => given(k, l)));
  const hasSize = typeof correlation === 'number' || correlation.flat().length === count ** 2;
  if (hasSize && matrix.every((row, k) => row.every((value, l) => value === (k === l ? 1 : given(l, k)))))
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

/** `count` orthonormal vectors in a uniformly random orientation (Gram-Schmidt, each step twice against rounding). */
function orthonormal(count: number, dimension: number, random: Random): Float64Array[] {
  const units: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const vector = new Float64Array(dimension);
    random.stream(String(k)).fillNormal(vector);
    for (const unit of [...units, ...units]) {
      const along = dot(unit, vector);
      for (let i = 0; i < dimension; i++) vector[i] = (vector[i] ?? 0) - along * (unit[i] ?? 0);
    }
    const norm = Math.sqrt(dot(vector, vector));
    units.push(vector.map((value) => value / norm));
  }
  return units;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
