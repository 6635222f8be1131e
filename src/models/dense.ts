import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import type { ParameterStarts } from './model.js';
import { glorot, named, zeroBias } from './parameters.js';
import { addBias, product } from './product.js';
import { pick } from './streams.js';

/** A part of a model with parameters of its own. */
export interface Mlps {
  readonly parameters: ParameterStarts;
  /**
   * @param input x [blocks, inputs, rows] that all members read, or streams [blocks, streams, inputs, rows]
   * @param reads with streams: for each member the index of the stream that it reads; left out: one stream per member
   * @returns [blocks, members, last width, rows]
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
      let hidden = reads && input.rank === 4 ? pick(input, reads) : input;
      for (const layer of widths.keys()) {
        const made = product(hidden, named(tensors, `${name}.${layer}.weight`));
        hidden = tf.relu(addBias(made, named(tensors, `${name}.${layer}.bias`)));
      }
      return hidden; // [blocks, members, width, rows]
    },
  };
}
