import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import { withGradient } from './gradient.js';
import { product } from './product.js';

/** The streams with these indexes, repetitions allowed: [blocks, streams, width, rows] -> [blocks, indexes, width, rows]. */
export function pick(streams: Tensor, indexes: readonly number[]): Tensor {
  const count = streams.shape[1] ?? 0;
  if (isRange(indexes, count)) return streams;
  return withGradient(
    [streams],
    (all) => tf.gather(all, tf.tensor1d([...indexes], 'int32'), 1),
    (dy) => {
      // A stream's gradient is the sum over its copies: one product with a 0/1 matrix instead of a scatter.
      const copies = tf.tensor2d(Array.from({ length: count }, (_, s) => indexes.map((i) => (i === s ? 1 : 0))));
      return [combine(copies, dy)];
    },
  );
}

/** Linear combinations of streams: matrix [outputs, streams] and [blocks, streams, width, rows] -> [blocks, outputs, width, rows]. */
export function combine(matrix: Tensor, streams: Tensor): Tensor {
  const [blocks = 0, count = 0, width = 0, rows = 0] = streams.shape;
  const combined = product(streams.reshape([blocks, count, width * rows]), matrix.expandDims(0));
  return combined.reshape([blocks, matrix.shape[0] ?? 0, width, rows]);
}

/** One stream: [blocks, streams, width, rows] -> [blocks, width, rows]. */
export function pickOne(streams: Tensor, index: number): Tensor {
  const [blocks = 0, , width = 0, rows = 0] = streams.shape;
  return pick(streams, [index]).reshape([blocks, width, rows]);
}

/** Whether the indexes are 0, 1, … count - 1. */
export function isRange(indexes: readonly number[], count: number): boolean {
  return indexes.length === count && indexes.every((value, position) => value === position);
}
