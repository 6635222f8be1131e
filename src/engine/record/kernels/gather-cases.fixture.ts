import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../support/tf.js';
import { indexes, type KernelCases, kernelCase, normal } from './kernel-case.fixture.js';

const segmentSum = (x: Tensor, ids: Tensor, segments: number) => tf.unsortedSegmentSum(x, ids.as1D(), segments);

/** By the name of the tfjs kernel. */
export const gatherCases: KernelCases = {
  GatherV2: [
    kernelCase([normal(5, 2), indexes(5, 3)], (x, at) => tf.gather(x, at.as1D())),
    kernelCase([normal(5, 2), indexes(5, 3, 2)], (x, at) => tf.gather(x, at.as2D(3, 2))),
    kernelCase([normal(2, 5, 3), indexes(5, 4)], (x, at) => tf.gather(x, at.as1D(), -2)),
  ],
  UnsortedSegmentSum: [
    kernelCase([normal(6, 2), indexes(4, 6)], (x, ids) => segmentSum(x, ids, 4)),
    // Most segments are empty.
    kernelCase([normal(6, 2), indexes(2, 6)], (x, ids) => segmentSum(x, ids, 9)),
    kernelCase([normal(6), indexes(3, 6)], (x, ids) => segmentSum(x, ids, 3)),
    // Enough rows that ONNX Runtime's threads would share them and lose some. With whole numbers the order of a sum
    // does not matter.
    kernelCase([normal(60_000, 4), indexes(5, 60_000)], (x, ids) => segmentSum(tf.step(x), ids, 5)),
    kernelCase([normal(250_001), indexes(3, 250_001)], (x, ids) => segmentSum(tf.step(x), ids, 3)),
  ],
};
