import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import { withGradient } from './gradient.js';

/** The streams with these indexes, repetitions allowed: [streams, ...] -> [indexes, ...], e.g. [streams, batch, width]. */
export function pick(streams: Tensor, indexes: readonly number[]): Tensor {
  const count = streams.shape[0] ?? 0;
  if (isRange(indexes, count)) return streams;
  return withGradient(
    [streams],
    (all) => tf.gather(all, tf.tensor1d([...indexes], 'int32')),
    (dy) => {
      // A stream's gradient is the sum over its copies: one product with a 0/1 matrix instead of a scatter.
      const copies = tf.tensor2d(Array.from({ length: count }, (_, s) => indexes.map((i) => (i === s ? 1 : 0))));
      return [combine(copies, dy)];
    },
  );
}

/** Linear combinations of streams: matrix [outputs, streams] and [streams, ...] -> [outputs, ...]. */
export function combine(matrix: Tensor, streams: Tensor): Tensor {
  const [count = 0, ...rest] = streams.shape;
  const size = rest.reduce((product, side) => product * side, 1);
  return tf.matMul(matrix, streams.reshape([count, size])).reshape([matrix.shape[0] ?? 0, ...rest]);
}

/** One stream: [streams, batch, width] -> [batch, width]. */
export function pickOne(streams: Tensor, index: number): Tensor {
  const [, batch = 0, width = 0] = streams.shape;
  return pick(streams, [index]).reshape([batch, width]);
}

/** Whether the indexes are 0, 1, … count - 1. */
export function isRange(indexes: readonly number[], count: number): boolean {
  return indexes.length === count && indexes.every((value, position) => value === position);
}
