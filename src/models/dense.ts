import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import { withGradient } from './gradient.js';
import { glorot, named, type ParameterStarts, zeroBias } from './parameters.js';
import { pick } from './streams.js';

/** A part of a model with parameters of its own. */
export interface Mlps {
  readonly parameters: ParameterStarts;
  /**
   * @param input [batch, inputs] that all members read, or streams [streams, batch, inputs]
   * @param reads with streams: for each member the index of the stream that it reads; left out: one stream per member
   * @returns [members, batch, last width]
   */
  apply(parameters: Readonly<Record<string, Tensor>>, input: Tensor, reads?: readonly number[]): Tensor;
}

/**
 * One MLP per member, of equal widths and each with weights of its own, computed together: one batched product per layer.
 * ReLU after every layer. Parameters `<name>.<layer>.weight` [members, outputs, inputs] and `.bias` [members, 1, outputs].
 */
export function mlps(name: string, members: readonly string[], inputs: number, widths: readonly number[]): Mlps {
  const parameters: Record<string, ParameterStarts[string]> = {};
  for (const [layer, width] of widths.entries()) {
    parameters[`${name}.${layer}.weight`] = glorot(members, widths[layer - 1] ?? inputs, width);
    parameters[`${name}.${layer}.bias`] = zeroBias(members, width);
  }
  return {
    parameters,
    apply(tensors, input, reads) {
      let hidden = input;
      for (const layer of widths.keys()) {
        const weight = named(tensors, `${name}.${layer}.weight`);
        const bias = named(tensors, `${name}.${layer}.bias`);
        hidden = tf.relu(tf.add(product(hidden, weight, layer === 0 ? reads : undefined), bias));
      }
      return hidden; // [members, batch, width]
    },
  };
}

/** Members' products: input as in {@link Mlps.apply}, weight [members, outputs, inputs] -> [members, batch, outputs]. */
export function product(input: Tensor, weight: Tensor, reads?: readonly number[]): Tensor {
  if (input.rank === 2) return commonProduct(input, weight);
  return tf.matMul(reads ? pick(input, reads) : input, weight, false, true);
}

/** All members read the same rows: [batch, inputs] x [members, outputs, inputs], without a copy of the input per member. */
function commonProduct(input: Tensor, weight: Tensor): Tensor {
  const [batch = 0, inputs = 0] = input.shape;
  const [members = 0, outputs = 0] = weight.shape;
  if (members === 1) {
    return tf.matMul(input, weight.reshape([outputs, inputs]), false, true).reshape([1, batch, outputs]);
  }
  // tfjs's gradient of a product does not reduce over a broadcast batch.
  return withGradient(
    [input, weight],
    (x, w) => tf.matMul(x.reshape([1, batch, inputs]), w, false, true),
    (dy, x, w) => [inputGradient(dy, w), tf.matMul(dy, x.reshape([1, batch, inputs]), true)],
  );
}

/** The sum over members of dy w: [members, batch, outputs] and [members, outputs, inputs] -> [batch, inputs]. */
function inputGradient(dy: Tensor, weight: Tensor): Tensor {
  const [members = 0, batch = 0, outputs = 0] = dy.shape;
  const inputs = weight.shape[2] ?? 0;
  if (inputs <= outputs) return tf.sum(tf.matMul(dy, weight), 0);
  // One product over all members' outputs: for narrow members, moving dy is less than summing [members, batch, inputs].
  const wide = dy.transpose([1, 0, 2]).reshape([batch, members * outputs]);
  return tf.matMul(wide, weight.reshape([members * outputs, inputs]));
}
