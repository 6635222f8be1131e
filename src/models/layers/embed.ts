import { ConfigError } from '../../support/errors.js';
import { tf } from '../../support/tf.js';
import type { ForwardPass, Layer, ModelShape } from '../model.js';
import { type CommonOptions, dropoutRates } from '../options.js';
import { type Features, inBlocks, type Span } from './axes.js';
import { embeddedLists } from './embedded-lists.js';
import { embeddingTables } from './embedding-tables.js';
import { dropout } from './noise.js';
import { numericFeatures } from './numeric-features.js';

export interface Embed extends Layer {
  /** Number of features of x. */
  readonly width: number;
  /** Where each column's features, or each list's, lie in x. */
  readonly spans: ReadonlyMap<string, Span>;
  /** Computes x, one input. */
  apply(pass: ForwardPass): Features;
}

/**
 * The input x: embeddings of the categorical columns (grouped by width, in the columns' order), one pooled embedding of
 * each list, then the numeric columns, each with its bins. Dropout leaves numeric columns alone.
 */
export function embed(shape: ModelShape, options: CommonOptions, prefix = ''): Embed {
  const tables = embeddingTables(shape.categorical, prefix);
  const lists = embeddedLists(shape, options, prefix);
  const parts = [
    ...tables.groups.flatMap(({ columns, width }) => columns.map(({ name }) => ({ name, width }))),
    ...(shape.lists ?? []).map(({ name, embedding }) => ({ name, width: embedding })),
  ];
  const numbers = numericFeatures(shape);
  const embedded = parts.reduce((sum, { width }) => sum + width, 0);
  const width = embedded + numbers.width;
  if (width === 0) throw new ConfigError('The data set has no input columns; a model needs at least one.');
  const rate = dropoutRates(options).embeddings;
  const layer = `${prefix}embeddings`;
  return {
    parameters: { ...tables.parameters, ...lists.parameters },
    noise: rate > 0 && embedded > 0 ? { [layer]: [1, embedded] } : {},
    width,
    spans: layOut([...parts, ...numbers.columns]),
    apply(pass) {
      const { inputs, context } = pass;
      const ofColumns = tables.apply(pass);
      const embeddings = [...ofColumns, ...lists.apply(pass, (name) => tables.embedding(name, ofColumns))];
      const numeric = numbers.apply(inputs.numeric);
      if (!context.training || rate === 0 || embedded === 0)
        return inBlocks(tf.concat(numbers.width > 0 ? [...embeddings, numeric] : embeddings, 1));
      const kept = dropout(inBlocks(tf.concat(embeddings, 1)), rate, layer, context);
      return numbers.width > 0 ? tf.concat([kept, inBlocks(numeric)], 1) : kept;
    },
  };
}

/** The columns of x of each part; parts lie one after the other. */
function layOut(parts: readonly { readonly name: string; readonly width: number }[]): ReadonlyMap<string, Span> {
  let from = 0;
  return new Map(
    parts.map(({ name, width }) => {
      from += width;
      return [name, { from: from - width, width }];
    }),
  );
}
