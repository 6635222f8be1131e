import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { must } from '../../support/must.js';
import type { Random } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';
import { diagonal, identity, leastSquare, linear } from './products.js';

/**
 * Gradient surgery: Yu, Kumar, Gupta, Levine, Hausman and Finn, "Gradient surgery for multi-task learning" (NeurIPS
 * 2020), algorithm 1. For each task i, v_i = g_i; then, for the other tasks j in random order,
 *
 *     v_i -= (v_i . g_j / ||g_j||^2) g_j   where v_i . g_j < 0.
 *
 * The direction is sum_i v_i. Every v_i is a sum of the g with coefficients C_i, so it is enough to know the inner
 * products of the g: v_i . g_j = (C P)_ij. The order is drawn on the host.
 */
export const pcgrad = defineBalancing({
  name: 'pcgrad',
  summary: 'a gradient that conflicts with another task’s loses its part along it',
  source: 'Yu et al. 2020, algorithm 1',
  options: z.strictObject({ type: z.literal('pcgrad') }),
  build({ tasks: { length: count } }) {
    return {
      kind: 'gradients',
      // [task, turn in its order, which other task it is]
      noise: {
        order: { shape: [count, count - 1, count], draw: (values, random) => drawOrder(values, count, random) },
      },
      slots: () => ({}),
      combine({ products, noise }) {
        const order = must(noise.order, 'order');
        const squares = diagonal(products).reshape([1, count]);
        let coefficients: Tensor = tf.tensor2d(identity(count)); // row i: C_i
        for (let turn = 0; turn < count - 1; turn++) {
          const other = order.slice([0, turn, 0], [count, 1, count]).reshape([count, count]); // row i: 1 at j
          const ofOther = pickRows(products, other, count); // row i: the products of g_j
          const along = coefficients.mul(ofOther).sum(1, true);
          const square = other.mul(squares).sum(1, true);
          const excess = along.minimum(0).div(square.maximum(leastSquare));
          coefficients = coefficients.sub(other.mul(excess));
        }
        const weights = coefficients.sum(0);
        return { mix: linear(weights), weights, slots: {} };
      },
    };
  },
});

/** Row i of the result is the row of `matrix` at which row i of `chosen` has its 1. */
function pickRows(matrix: Tensor, chosen: Tensor, count: number): Tensor {
  return chosen
    .reshape([count, count, 1])
    .mul(matrix.reshape([1, count, count]))
    .sum(1);
}

function drawOrder(values: Float32Array, count: number, random: Random): void {
  for (let task = 0; task < count; task++) {
    const others = Int32Array.from({ length: count - 1 }, (_, index) => (index < task ? index : index + 1));
    random.shuffle(others);
    for (const [turn, other] of others.entries()) values[(task * (count - 1) + turn) * count + other] = 1;
  }
}
