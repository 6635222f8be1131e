import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { countUpTo } from '../../config/count.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';
import { dotProduct, leastSquare, linear, times } from './products.js';
import { leastOnSimplex } from './simplex.js';

/**
 * Conflict-averse gradient descent: Liu, Liu, Jin, Stone and Liu, "Conflict-averse gradient descent for multi-task
 * learning" (NeurIPS 2021). Of all directions d within c ||g_0|| of the mean gradient g_0, the one that lowers the
 * slowest task most. Its dual (equation 4, algorithm 1) is
 *
 *     min_w F(w) = g_w . g_0 + sqrt(phi) ||g_w||,   g_w = sum_k w_k g_k,  phi = c^2 ||g_0||^2,  w on the simplex;
 *     d = g_0 + sqrt(phi) g_w / ||g_w||.
 *
 * F is minimised by pairwise Frank-Wolfe with the exact step (`minimizer`), which for two tasks is a closed form. The
 * direction is K d / (1 + c^2), as in the authors' program: for c = 0 the sum of the gradients. The division is not in
 * the paper. The mean is over the K tasks that have rows in the batch.
 */
export const cagrad = defineBalancing({
  name: 'cagrad',
  summary: 'near the mean gradient, the direction that helps the worst-off task most',
  source: 'Liu et al. 2021 (CAGrad), algorithm 1',
  options: z.strictObject({
    type: z.literal('cagrad'),
    c: z
      .number()
      .nonnegative()
      .lt(1)
      .default(0.5)
      .describe('How far the direction may be from the mean gradient, in parts of its length.'),
    rescale: z
      .boolean()
      .default(true)
      .describe('true: divides the direction by 1 + c², as the authors’ program. false: as in the paper.'),
    rounds: countUpTo(250, 'each round is part of the graph')
      .default(25)
      .describe('Rounds of Frank-Wolfe; two tasks need one.'),
  }),
  build(_, { c, rescale, rounds }) {
    return {
      kind: 'gradients',
      noise: {},
      slots: () => ({}),
      combine({ products, present }) {
        const mean = present.div(present.sum().maximum(1));
        const toMean = times(products, mean); // g_k . g_0
        const radius = dotProduct(toMean, mean).maximum(0).sqrt().mul(c);
        const norm = (weights: Tensor) => dotProduct(times(products, weights), weights).maximum(leastSquare).sqrt();
        const worst = leastOnSimplex(
          {
            slope: (weights) => toMean.add(times(products, weights).mul(radius.div(norm(weights)))),
            step: (weights, move) =>
              minimizer({
                slope: dotProduct(toMean, move),
                radius,
                start: dotProduct(times(products, weights), weights),
                linear: dotProduct(times(products, weights), move),
                square: dotProduct(times(products, move), move),
              }),
          },
          present,
          rounds,
        );
        const direction = mean.add(worst.mul(radius.div(norm(worst))));
        const weights = direction.mul(present.sum()).div(rescale ? 1 + c ** 2 : 1);
        return { mix: linear(weights), weights, slots: {} };
      },
    };
  },
});

/**
 * Where h(x) = slope x + radius sqrt(start + 2 linear x + square x^2) is least for x from 0 to 1. With x = u - linear /
 * square the root is sqrt(square (u^2 + D)), D = start / square - (linear / square)^2. So h' = 0 at u = t sqrt(D / (1 -
 * t^2)), t = -slope / (radius sqrt(square)). It has no such place for |t| >= 1: h then falls or rises throughout.
 */
function minimizer(h: Readonly<Record<'slope' | 'radius' | 'start' | 'linear' | 'square', Tensor>>): Tensor {
  const square = h.square.maximum(leastSquare);
  const middle = h.linear.div(square);
  const t = h.slope.neg().div(h.radius.mul(square.sqrt()).maximum(leastSquare));
  const distance = h.start.div(square).sub(middle.square()).maximum(0);
  const within = t.clipByValue(-0.999999, 0.999999);
  const root = within.mul(distance.div(tf.scalar(1).sub(within.square())).sqrt());
  const least = tf.where(t.abs().less(1), root.sub(middle), t);
  return least.clipByValue(0, 1);
}
