import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import { mlps, product } from './dense.js';
import { glorot, named, type ParameterStarts, zeroBias } from './parameters.js';

export interface Towers {
  readonly parameters: ParameterStarts;
  /** [batch, inputs] that all towers read, or one stream per task [tasks, batch, inputs] -> logits [tasks, batch]. */
  apply(parameters: Readonly<Record<string, Tensor>>, input: Tensor): Tensor;
}

/** One tower per task, computed together: ReLU layers of these widths, then the linear logit layer `<name>.logit`. */
export function towers(name: string, tasks: readonly string[], inputs: number, widths: readonly number[]): Towers {
  const hidden = mlps(name, tasks, inputs, widths);
  const last = widths.at(-1) ?? inputs;
  return {
    parameters: {
      ...hidden.parameters,
      [`${name}.logit.weight`]: glorot(tasks, last, 1),
      [`${name}.logit.bias`]: zeroBias(tasks, 1),
    },
    apply(parameters, input) {
      const outputs = product(hidden.apply(parameters, input), named(parameters, `${name}.logit.weight`));
      const logits = tf.add(outputs, named(parameters, `${name}.logit.bias`)); // [tasks, batch, 1]
      return logits.reshape([tasks.length, logits.shape[1] ?? 0]);
    },
  };
}
