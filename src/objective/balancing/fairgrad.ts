import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { countUpTo } from '../../config/count.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';
import { diagonal, dotProduct, identity, leastSquare, linear, times } from './products.js';

/**
 * Ban and Ji, "Fair resource allocation in multi-task learning" (ICML 2024). The direction d maximises the sum of the
 * tasks' alpha-fair utilities (g_k . d)^(1 - alpha) / (1 - alpha). It is d = sum_k w_k g_k with w > 0 and
 *
 *     (G'G w)_k = w_k^(-1 / alpha)   (algorithm 1).
 *
 * alpha = 1 is Nash-MTL (Navon et al., ICML 2022). As in the authors' program the shared gradient is K d, and a task's
 * own parameters have its own gradient; K is the number of tasks with rows in the batch. The program also clips the
 * shared gradient at length 1; here `clipNorm` of the optimizer does that.
 *
 * The equation is solved by `fairShares`. It has no solution where some gradients cancel, and nearly none where they
 * nearly do: `ridge` bounds the weights.
 */
export const fairgrad = defineBalancing({
  name: 'fairgrad',
  summary: 'the direction whose gains are shared fairly among tasks; alpha 1: that of Nash-MTL',
  source: 'Ban and Ji 2024 (FairGrad), algorithm 1',
  options: z.strictObject({
    type: z.literal('fairgrad'),
    alpha: z
      .number()
      .min(0.5)
      .max(5)
      .default(1)
      .describe('α of α-fairness. 1: proportional, as Nash-MTL. Larger: favours the task that gains least.'),
    rounds: countUpTo(250, 'each round is part of the graph')
      .default(15)
      .describe('Rounds of Newton’s method; two tasks at `alpha: 1` need none.'),
  }),
  undoesWeights: ({ alpha }) => alpha === 1,
  build({ tasks }, { alpha, rounds }) {
    return {
      kind: 'gradients',
      noise: {},
      slots: () => ({}),
      combine({ products, present }) {
        const squares = diagonal(products);
        const here = present.mul(squares.greater(leastSquare).toFloat());
        const lengths = tf.where(here.greater(0), squares, tf.onesLike(squares)).sqrt();
        const directions = here.div(lengths);
        const cosines = products.mul(outer(directions, directions)).add(diagonalOf(tf.sub(1 + ridge, here)));
        const shares = fairShares(cosines, lengths.pow((1 - alpha) / (1 + alpha)), {
          alpha,
          rounds: tasks.length === 2 && alpha === 1 ? 0 : rounds,
        });
        const weights = shares
          .mul(lengths.pow((-2 * alpha) / (1 + alpha)))
          .mul(here)
          .mul(present.sum());
        return { mix: linear(weights), weights, slots: {} };
      },
    };
  },
});

/**
 * Is added to the diagonal of the cosines. At alpha 1 the weights of two opposite gradients are then a thousand times
 * those of orthogonal ones.
 */
const ridge = 1e-6;

/**
 * With lengths n_k = ||g_k||, cosines C, scales s_k = n_k^((1 - alpha) / (1 + alpha)) and w_k = z_k n_k^(-2 alpha / (1 +
 * alpha)), the equation is
 *
 *     (C (s z))_k = s_k z_k^(-1 / alpha),
 *
 * whose solution is z = 1 for orthogonal gradients. It starts at the best z that is equal for all, and takes Newton's
 * steps for log z: z_k grows by the factor 1 + x_k, or shrinks by 1 / (1 - x_k), so that it stays above 0.
 */
function fairShares(
  cosines: Tensor,
  scales: Tensor,
  { alpha, rounds }: { readonly alpha: number; readonly rounds: number },
): Tensor {
  const together = dotProduct(times(cosines, scales), scales).maximum(leastSquare);
  const start = dotProduct(scales, scales)
    .div(together)
    .pow(alpha / (1 + alpha));
  let shares = tf.onesLike(scales).mul(start);
  for (let round = 0; round < rounds; round++) {
    const wanted = shares.pow(-1 / alpha);
    const missing = scales.mul(wanted).sub(times(cosines, scales.mul(shares)));
    const matrix = cosines.mul(outer(shares, shares)).add(diagonalOf(shares.mul(wanted).div(alpha)));
    const move = solved(matrix, missing.mul(shares)).div(scales);
    shares = shares
      .mul(move.maximum(0).add(1))
      .div(tf.sub(1, move.minimum(0)))
      .clipByValue(1e-12, 1e12);
  }
  return shares;
}

/** The x of matrix x = right, for a positive definite matrix: Gauss-Jordan elimination, which needs no pivoting then. */
function solved(matrix: Tensor, right: Tensor): Tensor {
  const { size } = right;
  let rows = tf.concat([matrix, right.reshape([size, 1])], 1);
  for (const [pivot, unit] of identity(size).entries()) {
    const row = rows.slice([pivot, 0], [1, size + 1]);
    const column = rows.slice([0, pivot], [size, 1]).sub(tf.tensor2d(unit, [size, 1]));
    rows = rows.sub(column.mul(row.div(row.slice([0, pivot], [1, 1]))));
  }
  return rows.slice([0, size], [size, 1]).reshape([size]);
}

function outer(a: Tensor, b: Tensor): Tensor {
  return a.reshape([a.size, 1]).mul(b.reshape([1, b.size]));
}

function diagonalOf(values: Tensor): Tensor {
  return tf.tensor2d(identity(values.size)).mul(values.reshape([values.size, 1]));
}
