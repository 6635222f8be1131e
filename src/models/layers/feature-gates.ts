import { tf } from '../../support/tf.js';
import { type ForwardPass, glorot, type Layer, parameterNamed } from '../model.js';
import { asStream, type Features, pick, product } from './axes.js';
import { mixtures, overExperts } from './gates.js';

export interface FeatureGates extends Layer {
  /**
   * @param input one input, or streams
   * @param reads with streams: for each expert the index of the stream that it reads
   * @returns for each expert its input, scaled
   */
  apply(pass: ForwardPass, input: Features, reads: readonly number[]): Features;
}

/**
 * What each expert reads of an input v, from products of low rank (HoME's Fea_Gate):
 *
 *     v * sum over l of g_l 2 sigmoid(A_l B_l v),   g = softmax(W v),   of rank (width of v) / `count`, at least 1
 *
 * Parameters `<name>.weight` W [experts, count, inputs], and with a member for each l of each expert
 * `<name>.down.weight` B [experts * count, rank, inputs] and `<name>.up.weight` A [experts * count, inputs, rank].
 */
export function featureGates(name: string, experts: readonly string[], inputs: number, count: number): FeatureGates {
  const members = experts.flatMap((expert) => Array.from({ length: count }, (_, l) => `${expert}/${l}`));
  const rank = Math.max(1, Math.floor(inputs / count));
  return {
    parameters: {
      [`${name}.weight`]: glorot(experts, inputs, count),
      [`${name}.down.weight`]: glorot(members, inputs, rank),
      [`${name}.up.weight`]: glorot(members, rank, inputs),
    },
    apply({ parameters }, input, reads) {
      const streams = (indexes: readonly number[]) => (input.rank === 4 ? pick(input, indexes) : input);
      const read = streams(reads);
      const repeated = streams(reads.flatMap((stream) => Array.from({ length: count }, () => stream)));
      const low = product(repeated, parameterNamed(parameters, `${name}.down.weight`));
      const factors = tf.mul(tf.sigmoid(product(low, parameterNamed(parameters, `${name}.up.weight`))), 2);
      const gateWeights = overExperts(product(read, parameterNamed(parameters, `${name}.weight`))); // [blocks, experts, count, rows]
      const [blocks = 0, , width = 0, rows = 0] = factors.shape;
      const mixed = mixtures(
        gateWeights.reshape([blocks * experts.length, 1, count, rows]),
        factors.reshape([blocks * experts.length, count, width, rows]),
      );
      return tf.mul(mixed.reshape([blocks, experts.length, width, rows]), read.rank === 4 ? read : asStream(read));
    },
  };
}
