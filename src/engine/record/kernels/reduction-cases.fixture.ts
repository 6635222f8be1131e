import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../support/tf.js';
import {
  few,
  type KernelCase,
  type KernelCases,
  kernelCase,
  listed,
  normal,
  signed,
  small,
} from './kernel-case.fixture.js';

function reductions(run: (x: Tensor, axis?: number | number[], keepDims?: boolean) => Tensor): KernelCase[] {
  return [
    kernelCase([normal(2, 3, 4)], (x) => run(x)),
    kernelCase([normal(2, 3, 4)], (x) => run(x, -1)),
    kernelCase([normal(2, 3, 4)], (x) => run(x, [2, 0])),
    kernelCase([normal(2, 3, 4)], (x) => run(x, [-1, -2], true)),
    kernelCase([normal(5, 1)], (x) => run(x, 0, true)),
    kernelCase([normal()], (x) => run(x)),
    kernelCase([signed(4, 3)], (x) => run(x, 0)),
    kernelCase([normal(2, 1)], (x) => run(tf.add(x, tf.zeros([2, 3])), 1)),
  ];
}

const large = listed(1000, -1000, 999, 0, 3);

// tf.logSoftmax is written with other kernels, and the pure-JS backend has none of this name.
const logSoftmax = (logits: Tensor): Tensor => tf.engine().runKernel('LogSoftmax', { logits }, { axis: -1 });

/** By the name of the tfjs kernel. */
export const reductionCases: KernelCases = {
  Sum: [
    ...reductions(tf.sum),
    kernelCase([few(6, 2)], (x) => tf.sum(tf.greater(x, 0), 0)),
    kernelCase([normal(300, 2)], (x) => tf.sum(x, 0)),
    // Rows of some arrays, and of many.
    kernelCase([small(3, 256, 171)], (x) => tf.sum(x, 1)),
    kernelCase([small(2, 2, 256, 128)], (x) => tf.sum(x, -2, true)),
    kernelCase([small(1, 5, 3, 7)], (x) => tf.sum(x, 1)),
  ],
  Mean: reductions(tf.mean),
  Max: reductions(tf.max),
  Min: reductions(tf.min),
  Softmax: [
    kernelCase([normal(2, 3, 4)], (x) => tf.softmax(x)),
    kernelCase([normal(5, 1)], (x) => tf.softmax(x)),
    kernelCase([large(3, 5)], (x) => tf.softmax(x)),
    kernelCase([normal(4, 3)], (x) => tf.softmax(tf.add(x, tf.tensor1d([0, -1e30, 0])))),
  ],
  LogSoftmax: [
    kernelCase([normal(2, 3, 4)], logSoftmax, (x) => tf.logSoftmax(x)),
    kernelCase([large(3, 5)], logSoftmax, (x) => tf.logSoftmax(x)),
  ],
};
