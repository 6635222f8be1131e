import type { Tensor } from '@tensorflow/tfjs';
import { sizeOf } from '../support/arrays.js';
import type { Random } from '../support/random.js';
import type { Parameter, ParameterStart, ParameterStarts, Parameters } from './model.js';

/** Draws every parameter from the stream of its name. */
export function initialize(starts: ParameterStarts, random: Random): Parameters {
  const parameters: Record<string, Parameter> = {};
  for (const [name, { shape, kind, task, start }] of Object.entries(starts)) {
    const data = new Float32Array(sizeOf(shape));
    start(data, random.stream(name));
    parameters[name] = { value: { dtype: 'float32', shape, data }, kind, ...(task === undefined ? {} : { task }) };
  }
  return parameters;
}

/**
 * Weights [members, outputs, inputs] of `members` layers that are computed together. Each starts Glorot uniform
 * by its own fan, from its own stream: a batched matrix must not look like one wide layer, nor two experts alike.
 */
export function glorot(members: readonly string[], inputs: number, outputs: number): ParameterStart {
  const limit = Math.sqrt(6 / (inputs + outputs));
  const size = inputs * outputs;
  return {
    shape: [members.length, outputs, inputs],
    kind: 'weight',
    start(values, random) {
      for (const [index, member] of members.entries()) {
        const stream = random.stream(member);
        for (let i = 0; i < size; i++) {
          const [input, output] = [Math.floor(i / outputs), i % outputs]; // drawn input by input
          values[index * size + output * inputs + input] = limit * (2 * stream.uniform() - 1);
        }
      }
    },
  };
}

/** Biases [members, 1, outputs]: zero. */
export function zeroBias(members: readonly string[], outputs: number): ParameterStart {
  return { shape: [members.length, 1, outputs], kind: 'bias', start: () => undefined };
}

/** Values that all start alike. Their kind is `bias`: like biases they are never decayed. */
export function filled(shape: readonly number[], value: number): ParameterStart {
  return { shape, kind: 'bias', start: (values) => void values.fill(value) };
}

/** The same parameters as parts of the network of one task: see `Parameter.task`. */
export function ownedBy(task: string, starts: ParameterStarts): ParameterStarts {
  return Object.fromEntries(Object.entries(starts).map(([name, start]) => [name, { ...start, task }]));
}

/** The tensor of this name; that it is missing is a bug. */
export function named(parameters: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = parameters[name];
  if (!found) throw new Error(`There is no parameter '${name}'`);
  return found;
}
