import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { type ForwardPass, glorot, type Layer, parameterNamed } from '../model.js';
import { byRow, type Features, product } from './axes.js';
import { mixtures, overExperts } from './gates.js';

export interface Attention extends Layer {
  /**
   * @param streams of the layer's width
   * @returns one stream, and the weight of each given one: [batch, streams]
   */
  apply(pass: ForwardPass, streams: Features): { readonly mixture: Features; readonly weights: Tensor };
}

/**
 * Mixes streams u by how well each one's key and query agree: sum_u w_u V u, w = softmax over u of <K u, Q u> /
 * sqrt(width). Parameters `<name>.value.weight`, `.key.weight` and `.query.weight` [1, width, width] are the same for
 * all streams.
 */
export function attention(name: string, width: number): Attention {
  const projections = ['value', 'key', 'query'].map((role) => `${name}.${role}.weight`);
  return {
    parameters: Object.fromEntries(projections.map((weight) => [weight, glorot([name], width, width)])),
    apply({ parameters }, streams) {
      const [blocks = 0, count = 0, , rows = 0] = streams.shape;
      // All streams as blocks of one: they have one weight.
      const one = streams.reshape([blocks * count, 1, width, rows]);
      const projected = (role: string) =>
        product(one, parameterNamed(parameters, `${name}.${role}.weight`)).reshape([blocks, count, width, rows]);
      const agreement = tf.mul(tf.sum(tf.mul(projected('key'), projected('query')), 2), 1 / Math.sqrt(width));
      const gateWeights = overExperts(agreement.reshape([blocks, 1, count, rows]));
      return {
        mixture: mixtures(gateWeights, projected('value')),
        weights: byRow(gateWeights.reshape([blocks, count, rows])),
      };
    },
  };
}
