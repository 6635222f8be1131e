import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { isRange, withGradient } from './axes.js';

/** [rows, width] by [batch, columns] -> [batch, columns * width]. */
export function lookUp(table: Tensor, indexes: Tensor): Tensor {
  const [rows = 0, width = 0] = table.shape;
  const [batch = 0, columns = 0] = indexes.shape;
  return withGradient(
    [table, indexes],
    (values, at) => tf.gather(values, at).reshape([batch, columns * width]),
    // The second gradient is never asked for: indexes have none.
    (dy, _, at) => [tf.unsortedSegmentSum(dy.reshape([batch * columns, width]), at.as1D().toInt(), rows), at],
  );
}

/** These columns of indexes. It is a look-up, because ONNX Runtime has no slices of int32 on WebGPU. */
export function columnsAt(indexes: Tensor, columns: readonly number[]): Tensor {
  if (indexes.shape[1] === columns.length || columns.length === 0) return indexes; // of no columns nothing is looked up
  return tf.gather(indexes, tf.tensor1d([...columns], 'int32'), 1);
}

/** Joins parts [batch, columns * width] so that column `order[i]` of them is the `i`-th. */
export function inOrder(parts: readonly Tensor[], width: number, order: readonly number[]): Tensor {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const joined = tf.concat([...parts], 1);
  if (isRange(order, order.length)) return joined;
  const shape = [joined.shape[0] ?? 0, order.length, width];
  const moved = (values: Tensor, from: readonly number[]) =>
    tf.gather(values.reshape(shape), tf.tensor1d([...from], 'int32'), 1).reshape(joined.shape);
  const back = order.map((_, column) => order.indexOf(column));
  return withGradient(
    [joined],
    (values) => moved(values, order),
    (dy) => [moved(dy, back)],
  );
}
