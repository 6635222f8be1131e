import type { Tensor } from '@tensorflow/tfjs';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';

/** Divides by the square of a gradient that is 0. */
export const leastSquare = 1e-30;

/** A matrix [n, n] of inner products -> the squared lengths [n]. */
export function diagonal(products: Tensor): Tensor {
  return products.mul(tf.tensor2d(identity(side(products)))).sum(1);
}

/** The rows of a unit matrix. */
export function identity(size: number): number[][] {
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_, column) => Number(row === column)));
}

/** A matrix [n, n] times a vector [n], as a sum: a product this small needs no kernel of its own. */
export function times(matrix: Tensor, vector: Tensor): Tensor {
  return matrix.mul(vector.reshape([1, vector.size])).sum(1);
}

/** The inner product of two vectors, a scalar. */
export function dotProduct(a: Tensor, b: Tensor): Tensor {
  return a.mul(b).sum();
}

/** Sums arrays, each times its entry of the vector. */
export function linear(coefficients: Tensor): (arrays: readonly Tensor[]) => Tensor {
  return (arrays) => {
    const terms = arrays.map((array, index) => array.mul(coefficients.slice([index], [1]).asScalar()));
    return terms.slice(1).reduce((sum, term) => sum.add(term), must(terms[0], 'array'));
  };
}

function side(matrix: Tensor): number {
  return must(matrix.shape[0], 'side of the matrix');
}

/** All pairs of tasks: 0 and 1, 0 and 2, …, 1 and 2, … */
export function taskPairs(tasks: number): readonly (readonly [number, number])[] {
  return Array.from({ length: tasks }, (_, a) =>
    Array.from({ length: tasks - a - 1 }, (_, more) => [a, a + 1 + more] as const),
  ).flat();
}
