import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { type ForwardPass, type Layer, type ModelShape, parameterNamed } from '../model.js';
import type { CommonOptions } from '../options.js';
import { embeddingTable } from './embedding-tables.js';
import { columnsAt, lookUp } from './look-up.js';
import { targetAttention } from './target-attention.js';

export interface EmbeddedLists extends Layer {
  /**
   * For each list, the weighted sum of its entries' embeddings: [batch, width].
   * @param embeddingOf a column's embedding in these rows: [batch, width]
   */
  apply(pass: ForwardPass, embeddingOf: (column: string | undefined) => Tensor): readonly Tensor[];
}

/**
 * A list has a table `<prefix>lists.<name>` of its own. With attention, the weights of its entries are multiplied by
 * those of `target-attention.ts`, by the embedding of another column; its parameters are `<prefix>attention.<name>.…`.
 */
export function embeddedLists(
  { lists = [], ...shape }: ModelShape,
  options: CommonOptions,
  prefix: string,
): EmbeddedLists {
  let before = 0; // entries of earlier lists
  const placed = lists.map((list) => {
    const { name, embedding, length, attention } = list;
    const from = { indexes: shape.categorical.length + before, listWeights: shape.numeric.length + before };
    before += length;
    const columns = Array.from({ length }, (_, entry) => from.indexes + entry);
    const fits = attention && targetAttention(`${prefix}attention.${name}`, embedding, attention.hidden, options);
    return { ...list, table: `${prefix}lists.${name}`, columns, from, fits };
  });
  return {
    parameters: Object.fromEntries([
      ...placed.map((list) => [list.table, embeddingTable([list], list.embedding, () => list.columns)] as const),
      ...placed.flatMap(({ fits }) => Object.entries(fits?.parameters ?? {})),
    ]),
    apply: (pass, embeddingOf) =>
      placed.map(({ table, length, columns, from, fits, attention }) => {
        const { categorical, numeric } = pass.inputs;
        const listWeights = numeric.slice([0, from.listWeights], [-1, length]);
        const entries = lookUp(parameterNamed(pass.parameters, table), columnsAt(categorical, columns));
        const attended = fits?.apply(pass, entries, embeddingOf(attention?.target));
        // Padding has weight 0, whatever its attention.
        return pool(entries, attended ? tf.mul(listWeights, attended) : listWeights);
      }),
  };
}

/** [batch, length * width] by [batch, length] -> [batch, width] */
function pool(entries: Tensor, listWeights: Tensor): Tensor {
  const [batch = 0, length = 0] = listWeights.shape;
  return tf.mul(entries.reshape([batch, length, -1]), listWeights.expandDims(2)).sum(1);
}
