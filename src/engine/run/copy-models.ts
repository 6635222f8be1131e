import type { HostArray } from '../../support/arrays.js';
import type { ArraySpec } from '../engine.js';
import { encodeModel, intAttribute, valueInfo } from './onnx-format.js';

/** Names of a copying model's inputs and outputs. */
export const copyNames = {
  from: (name: string) => `from:${name}`,
  to: (name: string) => `to:${name}`,
  part: (index: number) => `part:${index}`,
  whole: 'whole',
};

/**
 * A model that returns its inputs. It moves arrays between host and device, depending on where results are requested.
 */
export function copyModel(arrays: Readonly<Record<string, ArraySpec>>): Uint8Array {
  const entries = Object.entries(arrays);
  return encodeModel({
    name: 'copy',
    node: entries.map(([name]) => ({
      op_type: 'Identity',
      name: `copy ${name}`,
      input: [copyNames.from(name)],
      output: [copyNames.to(name)],
      attribute: [],
    })),
    initializer: [],
    input: entries.map(([name, { dtype, shape }]) => valueInfo(copyNames.from(name), dtype, shape)),
    output: entries.map(([name, { dtype, shape }]) => valueInfo(copyNames.to(name), dtype, shape)),
  });
}

/** A model that concatenates `count` rows of `size` elements. */
export function joinModel(dtype: HostArray['dtype'], size: number, count: number): Uint8Array {
  const parts = Array.from({ length: count }, (_, index) => copyNames.part(index));
  return encodeModel({
    name: 'join',
    node: [
      {
        op_type: 'Concat',
        name: 'join',
        input: parts,
        output: [copyNames.whole],
        attribute: [intAttribute('axis', 0)],
      },
    ],
    initializer: [],
    input: parts.map((name) => valueInfo(name, dtype, [size])),
    output: [valueInfo(copyNames.whole, dtype, [count * size])],
  });
}
