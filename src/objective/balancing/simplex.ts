import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { leastSquare } from './products.js';

/** A convex function of weights that are at least 0 and sum to 1. */
interface Convex {
  /** Its gradient [tasks]. */
  slope(weights: Tensor): Tensor;
  /** The part, from 0 to 1, of `move` (a vertex less the weights) after which it is least. */
  part(weights: Tensor, move: Tensor): Tensor;
}

/**
 * Minimises by Frank-Wolfe, from equal weights of the tasks that are present; others have 0. Each round goes towards the vertex of the least
 * slope, as far as helps. With two tasks the first round ends at the minimum, which lies on the way from the middle to that vertex.
 */
export function leastOnSimplex(convex: Convex, present: Tensor, rounds: number): Tensor {
  const tasks = present.size;
  const away = tf.scalar(1).sub(present).mul(1e30);
  let weights = present.div(present.sum().maximum(1));
  for (let round = 0; round < (tasks === 2 ? 1 : rounds); round++) {
    const slopes = convex.slope(weights).add(away);
    const least = slopes.lessEqual(slopes.min()).toFloat().mul(present);
    const vertex = least.div(least.sum().maximum(1)); // of equal slopes, the middle
    const move = vertex.sub(weights);
    weights = weights.add(move.mul(convex.part(weights, move)));
  }
  return weights;
}

/** Where linear x + square x^2 / 2 is least from 0 to 1. */
export function leastOfSquare(linear: Tensor, square: Tensor): Tensor {
  return linear.neg().div(square.maximum(leastSquare)).clipByValue(0, 1);
}
