import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { countUpTo } from '../../config/count.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';
import { diagonal, dotProduct, leastSquare, linear, times } from './products.js';
import { leastOfSquare, leastOnSimplex } from './simplex.js';

/**
 * Sener and Koltun, "Multi-task learning as multi-objective optimization" (NeurIPS 2018): the shortest convex
 * combination of the tasks' gradients,
 *
 *     min_a || sum_k a_k g_k ||^2,   a_k >= 0, sum_k a_k = 1   (equation 3),
 *
 * by Frank-Wolfe (algorithm 2) with a fixed number of rounds, in its pairwise variant; for two tasks in closed form
 * (algorithm 1). The paper's direction is sum a g. Here it is multiplied by the number of tasks with rows in the batch,
 * so that a learning rate means the same as with fixed weights. A task's own parameters have its own gradient, as in
 * algorithm 2. A task without rows in the batch is left out: its gradient 0 would be the shortest.
 */
export const mgda = defineBalancing({
  name: 'mgda',
  summary: 'the shortest convex combination of the tasks’ gradients (multiple-gradient descent)',
  source: 'Sener and Koltun 2018, eq. 3, algorithm 2',
  options: z.strictObject({
    type: z.literal('mgda'),
    normalization: z
      .enum(['none', 'norm', 'loss'])
      .default('none')
      .describe(
        'What gradients are divided by in the search for the combination, not in the step: nothing, their norms, or the losses.',
      ),
    rounds: countUpTo(250, 'each round is part of the graph')
      .default(25)
      .describe('Rounds of Frank-Wolfe; two tasks need one.'),
  }),
  build({ tasks }, { normalization, rounds }) {
    return {
      kind: 'gradients',
      noise: {},
      slots: () => ({}),
      combine({ products, losses, present }) {
        const lengths: Readonly<Record<typeof normalization, () => Tensor>> = {
          none: () => tf.onesLike(losses),
          norm: () => diagonal(products).sqrt(),
          loss: () => losses,
        };
        const inverse = tf.scalar(1).div(lengths[normalization]().maximum(leastSquare)).mul(present);
        const scaled = products.mul(inverse.reshape([tasks.length, 1])).mul(inverse.reshape([1, tasks.length]));
        const shortest = leastOnSimplex(
          {
            slope: (weights) => times(scaled, weights),
            step: (weights, move) =>
              leastOfSquare(dotProduct(times(scaled, weights), move), dotProduct(times(scaled, move), move)),
          },
          present,
          rounds,
        );
        const weights = shortest.mul(present.sum());
        return { mix: linear(weights), weights, slots: {} };
      },
    };
  },
});
