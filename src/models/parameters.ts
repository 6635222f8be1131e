import type { Tensor } from '@tensorflow/tfjs';
import { sizeOf } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
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

/**
 * Scalars that mix whole representations and start at given values. Their kind is `bias`, since like biases they are
 * never decayed: L2 would pull them to 0, away from the near-identity that they start at.
 */
export function mixingScalars(
  rows: number,
  columns: number,
  valueAt: (row: number, column: number) => number,
): ParameterStart {
  return {
    shape: [rows, columns],
    kind: 'bias',
    start(values) {
      for (let i = 0; i < values.length; i++) values[i] = valueAt(Math.floor(i / columns), i % columns);
    },
  };
}

/**
 * Where a row of mixing scalars starts: `own` at its own place, the rest of 1 in equal shares elsewhere.
 * @param key The option that says `own`, for the message.
 * @throws ConfigError if its own place has less than the others.
 */
export function startingShares(
  key: string,
  size: number,
  own: number,
  place: (row: number) => number = (row) => row,
): (row: number, column: number) => number {
  if (own < 1 / size)
    throw new ConfigError(`model.${key}: it must be between 1/${size} (equal shares) and 1, not ${own}.`);
  return (row, column) => (column === place(row) ? own : (1 - own) / (size - 1));
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
