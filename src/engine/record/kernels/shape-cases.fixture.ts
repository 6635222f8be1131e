import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../support/tf.js';
import { few, indexes, type KernelCases, kernelCase, normal, signed } from './kernel-case.fixture.js';

/** By the name of the tfjs kernel. */
export const shapeCases: KernelCases = {
  Reshape: [
    kernelCase([normal(2, 3, 4)], (x) => tf.reshape(x, [6, -1])),
    kernelCase([normal(1, 1)], (x) => tf.reshape(x, [])),
    kernelCase([normal(1, 1, 1)], (x) => tf.reshape(tf.broadcastTo(x, [1, 2, 3]), [2, 3])),
    kernelCase([normal()], (x) => tf.reshape(tf.add(x, tf.zeros([2, 3])), [6])),
    kernelCase([normal(4)], (x) => tf.add(x, tf.reshape(tf.tensor([1, 2, 3, 4]), [2, 2, 1]))),
  ],
  ExpandDims: [
    kernelCase([normal(2, 3)], (x) => tf.expandDims(x, 0)),
    kernelCase([normal(2, 3)], (x) => tf.expandDims(x, -1)),
  ],
  Transpose: [
    kernelCase([normal(2, 3)], (x) => tf.transpose(x)),
    kernelCase([normal(2, 3, 4)], (x) => tf.transpose(x, [2, 0, 1])),
    kernelCase([normal(1, 3, 4)], (x) => tf.transpose(x, [1, 0, 2])),
    kernelCase([normal(1, 3, 4)], (x) => tf.transpose(x, [2, 0, 1])),
    kernelCase([signed(2, 3)], (x) => tf.transpose(x)),
    kernelCase([normal(2, 3, 4)], (x) => tf.transpose(tf.transpose(x, [1, 2, 0]), [2, 0, 1])),
  ],
  Concat: [
    // More parts than a shader may have buffers.
    kernelCase([normal(2, 30), normal(2, 1)], (a, b) =>
      tf.concat([...tf.split(a, 30, 1).flatMap((part, i) => [part, tf.mul(b, i)])], 1),
    ),
    kernelCase([normal(2, 3), normal(2, 1)], (a, b) => tf.concat([a, b], 1)),
    kernelCase([normal(2, 3), normal(4, 3)], (a, b) => tf.concat([a, b], -2)),
    kernelCase([signed(2), signed(3)], (a, b) => tf.concat([a, b])),
    kernelCase([normal(2, 3), normal(2, 0)], (a, b) => tf.concat([a, b], 1)),
    kernelCase([few(3), few(2)], (a, b) => tf.concat([tf.greater(a, 0), tf.greater(b, 0)])),
  ],
  Pack: [
    kernelCase([normal(2, 3), normal(2, 3)], (a, b) => tf.stack([a, b])),
    kernelCase([normal(2, 3), normal(2, 3)], (a, b) => tf.stack([a, b], 1)),
    kernelCase([normal(), normal()], (a, b) => tf.stack([a, b])),
  ],
  Slice: [
    kernelCase([normal(4, 3)], (x) => tf.slice(x, [1, 0], [2, 3])),
    kernelCase([normal(4, 3, 2)], (x) => tf.slice(x, 2, 1)),
    kernelCase([normal(4, 3)], (x) => tf.slice(x, [0, 1], [-1, -1])),
    kernelCase([signed(4, 3)], (x) => tf.slice(x, [3, 1], [1, 1])),
    kernelCase([normal(3)], (x) => tf.slice(x, [0], [3])),
  ],
  SplitV: [
    kernelCase([normal(60, 2)], (x) => tf.split(x, [1, 7, 9, 1, 2, 3, 4, 5, 6, 8, 1, 2, 3, 4, 4])),
    kernelCase([normal(2, 6)], (x) => tf.split(x, 3, 1)),
    kernelCase([normal(6, 2)], (x) => tf.split(x, [1, 2, 3])),
    kernelCase([normal(2, 6)], (x) => tf.split(x, [1, -1, 3], -1)),
    kernelCase([normal(3, 2)], (x) => present(tf.split(x, [1, 2])[1])),
  ],
  Unpack: [
    kernelCase([normal(2, 60)], (x) => tf.unstack(x, 1)),
    kernelCase([normal(3, 2)], (x) => tf.unstack(x)),
    kernelCase([normal(2, 3)], (x) => tf.unstack(x, -1)),
    kernelCase([normal(1, 3)], (x) => tf.unstack(x)),
  ],
  Tile: [
    kernelCase([normal(2, 3)], (x) => tf.tile(x, [2, 1])),
    kernelCase([normal(1, 2)], (x) => tf.mul(tf.tile(x, [3, 1]), tf.tile(x, [3, 2]).slice([0, 1], [3, 2]))),
    kernelCase([normal(2, 1)], (x) => tf.broadcastTo(x, [4, 2, 3])),
  ],
  PadV2: [
    kernelCase([normal(2, 3)], (x) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    ),
    kernelCase([signed(2)], (x) => tf.pad(x, [[1, 1]], 7)),
    kernelCase([normal(2, 3)], (x) =>
      tf.pad(
        x,
        [
          [1, 1],
          [1, 1],
        ],
        -0.5,
      ),
    ),
  ],
  Fill: [
    kernelCase([], () => tf.fill([2, 3], 2.5)),
    kernelCase([normal(2, 1)], (x) => tf.mul(x, tf.fill([2, 3], 2))),
    kernelCase([], () => tf.fill([2], 1, 'bool')),
  ],
  Range: [kernelCase([], () => tf.range(1, 6, 2)), kernelCase([], () => tf.range(5, -1, -2, 'int32'))],
  OneHot: [
    kernelCase([indexes(4, 5)], (x) => tf.oneHot(x, 4)),
    kernelCase([indexes(3, 2, 2)], (x) => tf.oneHot(x, 3, 2, -1)),
    kernelCase([signed(6)], (x) => tf.oneHot(x, 3, 1, 0, 'float32')),
  ],
};

function present(tensor: Tensor | undefined): Tensor {
  if (!tensor) throw new Error('no such part');
  return tensor;
}
