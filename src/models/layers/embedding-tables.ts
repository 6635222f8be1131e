import type { Tensor } from '@tensorflow/tfjs';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { type ForwardPass, type Layer, type ModelShape, type ParameterStart, parameterNamed } from '../model.js';
import { columnsAt, lookUp } from './look-up.js';

type Column = ModelShape['categorical'][number];

export interface EmbeddingTables extends Layer {
  /** Columns of one width, in their order. */
  readonly groups: readonly { readonly width: number; readonly columns: readonly Column[] }[];
  /** For each group, its columns' embeddings: [batch, columns * width]. */
  apply(pass: ForwardPass): readonly Tensor[];
  /** One column's embeddings, from the result of `apply`: [batch, width]. */
  embedding(name: string | undefined, embeddings: readonly Tensor[]): Tensor;
}

/**
 * Embeddings of the categorical columns, grouped by width. There is one table `<prefix>embeddings.<width>` [rows,
 * width] per width: the columns' tables stacked, so that a batch is one look-up.
 */
export function embeddingTables(all: readonly Column[], prefix: string): EmbeddingTables {
  const groups = [...new Set(all.map(({ embedding }) => embedding))].map((width) => {
    const columns = all.filter(({ embedding }) => embedding === width);
    const positions = columns.map((column) => all.indexOf(column));
    return { width, columns, positions, table: `${prefix}embeddings.${width}` };
  });
  return {
    groups,
    parameters: Object.fromEntries(
      groups.map(({ table, columns, positions, width }) => [
        table,
        embeddingTable(columns, width, (column) => [positions[column] ?? 0]),
      ]),
    ),
    apply({ parameters, inputs }) {
      const indexes = columnsAt(inputs.categorical, [...all.keys()]);
      return groups.map(({ table, columns, positions }) =>
        lookUp(parameterNamed(parameters, table), shifted(columnsAt(indexes, positions), offsets(columns))),
      );
    },
    embedding(name, embeddings) {
      const group = groups.findIndex(({ columns }) => columns.some((column) => column.name === name));
      const { columns, width } = must(groups[group], `the column '${name}'`);
      const position = columns.findIndex((column) => column.name === name);
      return must(embeddings[group], 'its embeddings').slice([0, position * width], [-1, width]);
    },
  };
}

/**
 * The tables of some columns, stacked. Embeddings start N(0, 0.05^2). This is small against standardised numeric
 * columns (variance 1), so a value that training seldom or never saw has little effect. It is large enough that logits
 * vary over rows at the start.
 * @param indexedBy the columns of `ModelInputs.categorical` that have a column's ids
 */
export function embeddingTable(
  columns: readonly Pick<Column, 'name' | 'cardinality'>[],
  width: number,
  indexedBy: (column: number) => readonly number[],
): ParameterStart {
  const starts = offsets(columns);
  const rows = columns.reduce((sum, column) => sum + column.cardinality, 0);
  return {
    shape: [rows, width],
    kind: 'embedding',
    rows: columns.map(({ cardinality }, index) => ({
      columns: indexedBy(index),
      first: starts[index] ?? 0,
      rows: cardinality,
    })),
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
function offsets(columns: readonly Pick<Column, 'cardinality'>[]): number[] {
  let rows = 0;
  return columns.map(({ cardinality }) => {
    rows += cardinality;
    return rows - cardinality;
  });
}

function shifted(indexes: Tensor, offsets: readonly number[]): Tensor {
  return offsets.length === 1 ? indexes : tf.add(indexes, tf.tensor1d([...offsets], 'int32'));
}
