import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import type { ModelShape } from '../model.js';
import { columnsAt } from './look-up.js';

/** The number itself: as a bin from 0 to 1 that is not clipped. */
const number = { from: 0, width: 1, least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };

/**
 * The features of numeric columns: each column's number, and then its position within each of its bins, 0 below the
 * bin and 1 above (Gorishniy et al., NeurIPS 2022, eq. 1). The edges are constants of the step.
 */
export function numericFeatures({ numeric, edges = [] }: Pick<ModelShape, 'numeric' | 'edges'>) {
  const columns = numeric.map((name, index) => {
    const features = [number, ...bins(edges[index] ?? [])];
    return { name, width: features.length, features };
  });
  const features = columns.flatMap((column) => column.features);
  const row = (key: keyof typeof number) => tf.tensor1d(features.map((feature) => feature[key]));
  return {
    columns,
    width: features.length,
    /** [batch, numeric columns and more] -> [batch, features] */
    apply(inputs: Tensor): Tensor {
      const count = numeric.length;
      const numbers = inputs.shape[1] === count ? inputs : inputs.slice([0, 0], [-1, count]);
      if (features.length === count) return numbers;
      const indexes = columns.flatMap((column, index) => column.features.map(() => index));
      const positions = tf.div(tf.sub(columnsAt(numbers, indexes), row('from')), row('width'));
      return tf.minimum(tf.maximum(positions, row('least')), row('most'));
    },
  };
}

function bins(edges: readonly number[]): readonly (typeof number)[] {
  return edges.slice(1).map((edge, bin) => {
    const from = edges[bin] ?? edge;
    return { from, width: edge - from, least: 0, most: 1 };
  });
}
