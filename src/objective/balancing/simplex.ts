import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { dotProduct, leastSquare } from './products.js';

/** A convex function of weights that are at least 0 and sum to 1. */
interface Convex {
  /** Its gradient [tasks]. */
  slope(weights: Tensor): Tensor;
  /** How many times `move` may be added to the weights until the function rises: at least 0. */
  step(weights: Tensor, move: Tensor): Tensor;
}

/**
 * Minimises by Frank-Wolfe, from equal weights of the tasks that are present; others have 0. Each round moves weight
 * from the task of the greatest slope that has weight to the task of the least slope, as far as helps. This is the
 * pairwise variant of Lacoste-Julien and Jaggi (2015), which does not zigzag. With two tasks the first round ends at
 * the minimum.
 */
export function leastOnSimplex(convex: Convex, present: Tensor, rounds: number): Tensor {
  const tasks = present.size;
  let weights = present.div(present.sum().maximum(1));
  for (let round = 0; round < (tasks === 2 ? 1 : rounds); round++) {
    const slope = convex.slope(weights);
    const to = shareEqually(least(slope, present));
    const from = shareEqually(least(slope.neg(), weights.greater(0).toFloat()));
    const move = to.sub(from);
    const step = tf.minimum(convex.step(weights, move), dotProduct(from, weights));
    const moved = weights.add(move.mul(step)).maximum(0);
    weights = moved.div(moved.sum().maximum(leastSquare));
  }
  return weights;
}

/** 1 at the least of the values that are chosen, else 0. Equal ones have 1 each. */
function least(values: Tensor, chosen: Tensor): Tensor {
  const among = tf.where(chosen.greater(0), values, tf.fill(values.shape, 3e38));
  return among.lessEqual(among.min()).toFloat().mul(chosen);
}

function shareEqually(places: Tensor): Tensor {
  return places.div(places.sum().maximum(1));
}

/** Where linear x + square x^2 / 2 is least for x >= 0. */
export function leastOfSquare(linear: Tensor, square: Tensor): Tensor {
  return linear.neg().div(square.maximum(leastSquare)).maximum(0);
}
