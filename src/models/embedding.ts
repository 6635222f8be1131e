import type { Tensor } from '@tensorflow/tfjs';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { withGradient } from './gradient.js';
import type { ModelInputs, ModelShape } from './model.js';
import { named, type ParameterStart } from './parameters.js';

export interface InputLayer {
  readonly parameters: Readonly<Record<string, ParameterStart>>;
  /** Width of x. */
  readonly width: number;
  /** x: [batch, width]. */
  apply(parameters: Readonly<Record<string, Tensor>>, inputs: ModelInputs): Tensor;
}

type Column = ModelShape['categorical'][number];

/**
 * The input layer x: embeddings of the categorical columns (grouped by width, in the columns' order), then the numeric columns.
 * There is one table `<prefix>embeddings.<width>` [rows, width] per width: the columns' tables stacked, so that a batch is
 * one look-up.
 *
 * Embeddings start N(0, 0.05^2): small beside standardised numeric columns (variance 1), so that a value which training never
 * or seldom saw says next to nothing; large enough that logits vary over rows at the start.
 */
export function inputLayer(shape: ModelShape, prefix = ''): InputLayer {
  const widths = [...new Set(shape.categorical.map((column) => column.embedding))];
  const groups = widths.map((width) => {
    const columns = shape.categorical.filter((column) => column.embedding === width);
    const positions = columns.map((column) => shape.categorical.indexOf(column));
    return { name: `${prefix}embeddings.${width}`, width, columns, positions };
  });
  const width = groups.reduce((sum, group) => sum + group.width * group.columns.length, shape.numeric.length);
  if (width === 0) throw new ConfigError('The data set has no input columns; a model needs at least one.');

  return {
    parameters: Object.fromEntries(groups.map(({ name, width, columns }) => [name, embeddingTable(columns, width)])),
    width,
    apply(parameters, { categorical, numeric }) {
      const parts = groups.map(({ name, columns, positions }) => {
        const indexes = groups.length === 1 ? categorical : tf.gather(categorical, tf.tensor1d(positions, 'int32'), 1);
        return lookUp(named(parameters, name), indexes, offsets(columns));
      });
      if (shape.numeric.length > 0) parts.push(numeric);
      return tf.concat(parts, 1);
    },
  };
}

function embeddingTable(columns: readonly Column[], width: number): ParameterStart {
  const starts = offsets(columns);
  const rows = columns.reduce((sum, column) => sum + column.cardinality, 0);
  return {
    shape: [rows, width],
    kind: 'embedding',
    start(values, random) {
      for (const [index, { name, cardinality }] of columns.entries()) {
        const stream = random.stream(name);
        const from = (starts[index] ?? 0) * width;
        for (let i = from; i < from + cardinality * width; i++) values[i] = 0.05 * stream.normal();
      }
    },
  };
}

/** Each column's first row in the stacked table. */
function offsets(columns: readonly Column[]): number[] {
  let rows = 0;
  return columns.map(({ cardinality }) => {
    rows += cardinality;
    return rows - cardinality;
  });
}

/** [rows, width] by [batch, columns] -> [batch, columns * width]. */
function lookUp(table: Tensor, indexes: Tensor, offsets: readonly number[]): Tensor {
  const [rows = 0, width = 0] = table.shape;
  const [batch = 0, columns = 0] = indexes.shape;
  const shifted = columns === 1 ? indexes : tf.add(indexes, tf.tensor1d([...offsets], 'int32'));
  return withGradient(
    [table, shifted],
    (values, at) => tf.gather(values, at).reshape([batch, columns * width]),
    // The second gradient is never asked for: indexes have none.
    (dy, _, at) => [tf.unsortedSegmentSum(dy.reshape([batch * columns, width]), at.as1D().toInt(), rows), at],
  );
}
