import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { withGradient } from './axes.js';

/** [rows, width] by [batch, columns] -> [batch, columns * width]. */
export function lookUp(table: Tensor, indexes: Tensor): Tensor {
  const [rows = 0, width = 0] = table.shape;
  const [batch = 0, columns = 0] = indexes.shape;
  return withGradient(
    [table, indexes],
    (values, ids) => tf.gather(values, ids).reshape([batch, columns * width]),
    // The second gradient is never asked for: indexes have none.
    (dy, _, ids) => [tf.unsortedSegmentSum(dy.reshape([batch * columns, width]), ids.as1D().toInt(), rows), ids],
  );
}

/** These columns of indexes. It is a look-up, because ONNX Runtime has no slices of int32 on WebGPU. */
export function columnsAt(indexes: Tensor, columns: readonly number[]): Tensor {
  if (indexes.shape[1] === columns.length || columns.length === 0) return indexes; // of no columns nothing is looked up
  return tf.gather(indexes, tf.tensor1d([...columns], 'int32'), 1);
}
