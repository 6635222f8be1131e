import { tf } from '../../support/tf.js';
import { type ForwardPass, glorot, type Layer, parameterNamed, zeroBias } from '../model.js';
import { addBias, type Features, product } from './axes.js';

export interface Scales extends Layer {
  /** One input that all members read -> factors between 0 and 2, a stream per member. */
  apply(pass: ForwardPass, input: Features): Features;
}

/**
 * Factors for features of this width: Gate NU of PEPNet, 2 sigmoid(W' relu(W x + b) + b'). Factors start around 1. The
 * hidden layer has the output's width. Parameters `<name>.hidden.weight` [members, width, inputs],
 * `<name>.scale.weight` [members, width, width] and their `.bias` [members, 1, width].
 */
export function scales(name: string, members: readonly string[], inputs: number, width: number): Scales {
  return {
    parameters: {
      [`${name}.hidden.weight`]: glorot(members, inputs, width),
      [`${name}.hidden.bias`]: zeroBias(members, width),
      [`${name}.scale.weight`]: glorot(members, width, width),
      [`${name}.scale.bias`]: zeroBias(members, width),
    },
    apply({ parameters }, input) {
      const linear = (layer: string, x: Features) =>
        addBias(
          product(x, parameterNamed(parameters, `${name}.${layer}.weight`)),
          parameterNamed(parameters, `${name}.${layer}.bias`),
        );
      return tf.mul(tf.sigmoid(linear('scale', tf.relu(linear('hidden', input)))), 2);
    },
  };
}
