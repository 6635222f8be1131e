import type { Tensor } from '@tensorflow/tfjs';
import { byFeature } from './blocks.js';
import { mlps } from './dense.js';
import type { ParameterStarts } from './model.js';
import { glorot, named, zeroBias } from './parameters.js';
import { addBias, product } from './product.js';

export interface Towers {
  readonly parameters: ParameterStarts;
  /** x [blocks, inputs, rows] that all towers read, or one stream per task [blocks, tasks, inputs, rows] -> logits [tasks, batch]. */
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
      const made = product(hidden.apply(parameters, input), named(parameters, `${name}.logit.weight`));
      const logits = addBias(made, named(parameters, `${name}.logit.bias`)); // [blocks, tasks, 1, rows]
      const [blocks = 0, , , rows = 0] = logits.shape;
      return byFeature(logits.reshape([blocks, tasks.length, rows]));
    },
  };
}
