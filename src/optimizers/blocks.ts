import type { Tensor } from '@tensorflow/tfjs';
import type { Parameter, Parameters } from '../models/model.js';
import { sizeOf } from '../support/arrays.js';
import { tf } from '../support/tf.js';
import type { CommonOptions } from './options.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** Parameters that are updated as one array. */
export interface Block {
  readonly name: string;
  readonly task: string | undefined;
  /** Coefficient of the L2 gradient. */
  readonly l2: number;
  readonly shape: readonly number[];
  readonly size: number;
  /** Its members' tensors as one. */
  join(tensors: Tensors): Tensor;
  /** The inverse of `join`, by name. */
  split(joined: Tensor): Record<string, Tensor>;
}

export interface Layout {
  /** Parameters of at most this many elements share a vector; larger ones (embedding tables) are not copied. */
  readonly largestJoined: number;
}

/**
 * Small arrays of the same task and L2 coefficient lie in one vector, so that a narrow model's update costs
 * a dozen operations instead of a dozen per array. A block of one keeps the shape and name of its parameter.
 */
export function blocksOf(
  parameters: Parameters,
  options: Pick<CommonOptions, 'l2' | 'l2Embeddings'>,
  layout: Layout = { largestJoined: 0 },
): readonly Block[] {
  const l2 = { weight: options.l2, embedding: options.l2Embeddings, bias: 0 };
  const groups = new Map<string, [string, Parameter][]>();
  for (const [name, parameter] of Object.entries(parameters)) {
    const joins = sizeOf(parameter.value.shape) <= layout.largestJoined;
    const key = joins ? JSON.stringify([l2[parameter.kind], parameter.task ?? null]) : name;
    groups.set(key, [...(groups.get(key) ?? []), [name, parameter]]);
  }
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const [name, { kind, task, value }] = first;
    const common = { task, l2: l2[kind] };
    return members.length === 1
      ? [{ ...common, name, shape: value.shape, size: sizeOf(value.shape), ...single(name) }]
      : [{ ...common, name: `${name}+${members.length - 1}`, ...vector(members) }];
  });
}

function single(name: string): Pick<Block, 'join' | 'split'> {
  return { join: (tensors) => member(tensors, name), split: (joined) => ({ [name]: joined }) };
}

function vector(members: readonly [string, Parameter][]): Pick<Block, 'shape' | 'size' | 'join' | 'split'> {
  const sizes = members.map(([, { value }]) => sizeOf(value.shape));
  const size = sizes.reduce((sum, part) => sum + part, 0);
  return {
    shape: [size],
    size,
    join: (tensors) => tf.concat(members.map(([name]) => member(tensors, name).reshape([-1]))),
    split: (joined) => {
      const parts = tf.split(joined, sizes);
      return Object.fromEntries(
        members.flatMap(([name, { value }], index) => {
          const part = parts[index];
          return part ? [[name, part.reshape([...value.shape])]] : [];
        }),
      );
    },
  };
}

function member(tensors: Tensors, name: string): Tensor {
  const found = tensors[name];
  if (!found) throw new Error(`parameter '${name}' has no value or no gradient: does the model use it?`);
  return found;
}
