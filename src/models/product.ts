import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import { withGradient } from './gradient.js';

/**
 * The linear part of a layer of members, computed together: weight [members, outputs, inputs], and x [blocks, inputs, rows] that all members
 * read, or a stream for each, [blocks, members, inputs, rows] -> [blocks, members, outputs, rows].
 */
export function product(input: Tensor, weight: Tensor): Tensor {
  const [members = 0, outputs = 0, inputs = 0] = weight.shape;
  if (input.rank === 4) return blockwise(input, weight.expandDims(0));
  // One matrix of all members' weights: x is read once, and the gradient of x is one product.
  const [blocks = 0, , rows = 0] = input.shape;
  const made = blockwise(input, weight.reshape([1, members * outputs, inputs]));
  return made.reshape([blocks, members, outputs, rows]);
}

/** weight [1, ..., outputs, inputs] times x [blocks, ..., inputs, rows]: tfjs's gradient does not sum over the blocks. */
function blockwise(input: Tensor, weight: Tensor): Tensor {
  return withGradient(
    [input, weight],
    (x, w) => tf.matMul(w, x),
    (dy, x, w) => [tf.matMul(w, dy, true), tf.sum(tf.matMul(dy, x, false, true), 0, true)],
  );
}

/** Adds a bias [members, 1, outputs] to [blocks, members, outputs, rows]. */
export function addBias(input: Tensor, bias: Tensor): Tensor {
  return withGradient(
    [input, bias],
    (x, b) => tf.add(x, b.reshape([1, b.shape[0] ?? 0, b.shape[2] ?? 0, 1])),
    // tfjs would sum over two axes at once, which takes longer.
    (dy, _, b) => [dy, tf.sum(tf.sum(dy, 3), 0).reshape(b.shape)],
  );
}
