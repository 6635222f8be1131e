import { tf } from '../../support/tf.js';
import { type ForwardPass, glorot, type Layer, parameterNamed } from '../model.js';
import { type Features, pick, product } from './axes.js';
import { mixtures, overExperts } from './gates.js';

export interface SelfGates extends Layer {
  /**
   * @param input one input for all, or a stream for each module
   * @param outputs a stream per expert: first those of the modules, one module after the other
   * @returns a stream per module
   */
  apply(pass: ForwardPass, input: Features, outputs: Features): Features;
}

/**
 * A gate that mixes the module's own experts alone (HoME's Self_Gate): softmax(W v), or sigmoid(w v) for a single
 * expert. Parameter `<name>.weight` [modules, experts of a module, inputs].
 */
export function selfGates(name: string, modules: readonly string[], experts: number, inputs: number): SelfGates {
  const ofModules = Array.from({ length: modules.length * experts }, (_, expert) => expert);
  return {
    parameters: { [`${name}.weight`]: glorot(modules, inputs, experts) },
    apply({ parameters }, input, outputs) {
      const logits = product(input, parameterNamed(parameters, `${name}.weight`)); // [blocks, modules, experts, rows]
      const gateWeights = experts === 1 ? tf.sigmoid(logits) : overExperts(logits);
      const [blocks = 0, , width = 0, rows = 0] = outputs.shape;
      const mixed = mixtures(
        gateWeights.reshape([blocks * modules.length, 1, experts, rows]),
        pick(outputs, ofModules).reshape([blocks * modules.length, experts, width, rows]),
      );
      return mixed.reshape([blocks, modules.length, width, rows]);
    },
  };
}
