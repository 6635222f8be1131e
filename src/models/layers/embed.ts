import type { Tensor } from '@tensorflow/tfjs';
import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { type Layer, type ModelShape, named, type ParameterStart, type Pass } from '../model.js';
import { type CommonOptions, dropoutRates } from '../options.js';
import { type Features, inBlocks, isRange, type Place, withGradient } from './axes.js';
import { interactions } from './interaction.js';
import { dropout } from './noise.js';
import { targetAttention } from './target-attention.js';

export interface Embed extends Layer {
  /** Features of x. */
  readonly width: number;
  /** Where each column's features, or each list's, lie in `columns`. */
  readonly places: ReadonlyMap<string, Place>;
  /** x before any interaction, one input. */
  columns(pass: Pass): Features;
  /** x, one input. @param columns those of the pass, if they are there already */
  apply(pass: Pass, columns?: Features): Features;
}

type Column = ModelShape['categorical'][number];
type List = NonNullable<ModelShape['lists']>[number];

/**
 * The input x: embeddings of the categorical columns (grouped by width, in the columns' order), one pooled embedding of
 * each list (the sum of its entries' by weight), then the numeric columns. With attention, the weights of a list's entries are multiplied by
 * those of `target-attention.ts`, by the embedding of another column of the same row.
 * There is one table `<prefix>embeddings.<width>` [rows, width] per width: the columns' tables stacked, so that a batch is
 * one look-up. A large column has a table `<prefix>large.<name>` of its own, which starts with the same numbers. A list has a table
 * `<prefix>lists.<name>` of its own; its attention's parameters are `<prefix>attention.<name>.…`.
 *
 * Embeddings start N(0, 0.05^2): small beside standardised numeric columns (variance 1), so that a value which training never
 * or seldom saw says next to nothing; large enough that logits vary over rows at the start. Dropout leaves numeric columns alone.
 *
 * `shape.interaction` puts a layer of `interaction.ts` on it.
 */
export function embed(shape: ModelShape, options: CommonOptions, prefix = ''): Embed {
  const columns = embedColumns(shape, options, prefix);
  const { interaction = 'none' } = shape;
  if (interaction === 'none') return columns;
  const fields = [...shape.categorical, ...(shape.lists ?? [])].map(({ name }) => must(columns.places.get(name), name));
  const layer = interactions[interaction](`${prefix}interaction`, columns.width, fields);
  return {
    ...columns,
    parameters: { ...columns.parameters, ...layer.parameters },
    width: layer.width,
    apply: (pass, made = columns.columns(pass)) => layer.apply(pass, made),
  };
}

function embedColumns(shape: ModelShape, options: CommonOptions, prefix: string): Embed {
  const widths = [...new Set(shape.categorical.map((column) => column.embedding))];
  const groups = widths.map((width) => {
    const columns = shape.categorical.filter((column) => column.embedding === width);
    const stacked = { name: `${prefix}embeddings.${width}`, columns: columns.filter(({ large }) => !large) };
    const large = columns.filter((column) => column.large);
    const tables = [
      ...(stacked.columns.length > 0 ? [stacked] : []),
      ...large.map((column) => ({ name: `${prefix}large.${column.name}`, columns: [column] })),
    ].map((table) => ({ ...table, positions: table.columns.map((column) => shape.categorical.indexOf(column)) }));
    const found = tables.flatMap((table) => table.columns);
    return { width, columns, tables, stream: stacked.name, order: columns.map((column) => found.indexOf(column)) };
  });
  const lists = shape.lists ?? [];
  const attentions = new Map(
    lists.flatMap(({ name, embedding, attention }) =>
      attention ? [[name, targetAttention(`${prefix}attention.${name}`, embedding, attention.hidden, options)]] : [],
    ),
  );
  const embedded =
    groups.reduce((sum, group) => sum + group.width * group.columns.length, 0) +
    lists.reduce((sum, list) => sum + list.embedding, 0);
  const width = embedded + shape.numeric.length;
  const rate = dropoutRates(options).embeddings;
  const layer = `${prefix}embeddings`;
  if (width === 0) throw new ConfigError('The data set has no input columns; a model needs at least one.');
  const columns = (pass: Pass): Features => {
    const { parameters, inputs, context } = pass;
    const categorical = columnsAt(inputs.categorical, 0, shape.categorical.length);
    const numeric = leading(inputs.numeric, shape.numeric.length);
    const found = groups.map(({ tables, width, order }) => {
      const parts = tables.map(({ name, columns, positions }) => {
        const isEvery = positions.length === shape.categorical.length;
        const indexes = isEvery ? categorical : tf.gather(categorical, tf.tensor1d(positions, 'int32'), 1);
        return lookUp(named(parameters, name), shifted(indexes, offsets(columns)));
      });
      return inOrder(parts, width, order);
    });
    const parts = [...found];
    let at = 0;
    for (const list of lists) {
      const indexes = columnsAt(inputs.categorical, shape.categorical.length + at, list.length);
      const weights = inputs.numeric.slice([0, shape.numeric.length + at], [-1, list.length]);
      const entries = lookUp(named(parameters, listName(list)), indexes);
      const fits = attentions.get(list.name)?.apply(pass, entries, embeddingOf(list.attention?.target, found));
      // An entry that fills a shorter list has weight 0, whatever the target makes of it.
      parts.push(pool(entries, fits ? tf.mul(weights, fits) : weights));
      at += list.length;
    }
    if (context.training && rate > 0 && embedded > 0) {
      const kept = dropout(inBlocks(tf.concat(parts, 1)), rate, layer, context);
      return shape.numeric.length > 0 ? tf.concat([kept, inBlocks(numeric)], 1) : kept;
    }
    if (shape.numeric.length > 0) parts.push(numeric);
    return inBlocks(tf.concat(parts, 1));
  };

  return {
    parameters: Object.fromEntries([
      ...groups.flatMap(({ tables, width, stream }) =>
        tables.map(({ name, columns, positions: [from = 0] }) => [
          name,
          { ...embeddingTable(columns, width), stream, ...(columns[0]?.large ? { large: { from, columns: 1 } } : {}) },
        ]),
      ),
      ...lists.map((list) => [listName(list), { ...embeddingTable([list], list.embedding), ...largeList(list) }]),
      ...Array.from(attentions.values(), ({ parameters }) => Object.entries(parameters)).flat(),
    ]),
    noise: rate > 0 && embedded > 0 ? { [layer]: [1, embedded] } : {},
    width,
    places: placesOf([
      ...groups.flatMap(({ columns, width }) => columns.map(({ name }) => [name, width] as const)),
      ...lists.map(({ name, embedding }) => [name, embedding] as const),
      ...shape.numeric.map((name) => [name, 1] as const),
    ]),
    columns,
    apply: (pass, made = columns(pass)) => made,
  };

  function listName(list: List): string {
    return `${prefix}lists.${list.name}`;
  }

  function largeList(list: List): Pick<ParameterStart, 'large'> {
    if (!list.large) return {};
    const before = lists.slice(0, lists.indexOf(list)).reduce((sum, { length }) => sum + length, 0);
    const [from, weights] = [shape.categorical.length + before, shape.numeric.length + before];
    return { large: { from, columns: list.length, weights } };
  }

  /** [batch, width] of one column, among those of all groups. */
  function embeddingOf(target: string | undefined, found: readonly Tensor[]): Tensor {
    const group = groups.findIndex(({ columns }) => columns.some(({ name }) => name === target));
    const { columns, width } = must(groups[group], `the column '${target}'`);
    const at = columns.findIndex(({ name }) => name === target);
    return must(found[group], 'its embeddings').slice([0, at * width], [-1, width]);
  }
}

/** Columns `from` to `from + count` of indexes. As a look-up: ONNX Runtime has no slices of int32 on WebGPU. */
function columnsAt(indexes: Tensor, from: number, count: number): Tensor {
  if (indexes.shape[1] === count || count === 0) return indexes; // of no columns nothing is looked up
  return tf.gather(
    indexes,
    tf.tensor1d(
      Int32Array.from({ length: count }, (_, place) => from + place),
      'int32',
    ),
    1,
  );
}

/** Of parts that lie one after the other. */
function placesOf(parts: readonly (readonly [name: string, width: number])[]): ReadonlyMap<string, Place> {
  let from = 0;
  return new Map(
    parts.map(([name, width]) => {
      from += width;
      return [name, { from: from - width, width }];
    }),
  );
}

/** The first columns of a matrix [batch, at least `columns`]. */
function leading(matrix: Tensor, columns: number): Tensor {
  return matrix.shape[1] === columns ? matrix : matrix.slice([0, 0], [-1, columns]);
}

/** [batch, length * width] by [batch, length] -> [batch, width] */
function pool(entries: Tensor, weights: Tensor): Tensor {
  const [batch = 0, length = 0] = weights.shape;
  return tf.mul(entries.reshape([batch, length, -1]), weights.expandDims(2)).sum(1);
}

function embeddingTable(columns: readonly Pick<Column, 'name' | 'cardinality'>[], width: number): ParameterStart {
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

/** Joins parts [batch, columns * width] so that column `order[i]` of them is the `i`-th. */
function inOrder(parts: readonly Tensor[], width: number, order: readonly number[]): Tensor {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const joined = tf.concat([...parts], 1);
  if (isRange(order, order.length)) return joined;
  const shape = [joined.shape[0] ?? 0, order.length, width];
  const moved = (values: Tensor, from: readonly number[]) =>
    tf.gather(values.reshape(shape), tf.tensor1d([...from], 'int32'), 1).reshape(joined.shape);
  return withGradient(
    [joined],
    (values) => moved(values, order),
    (dy) => [
      moved(
        dy,
        order.map((_, column) => order.indexOf(column)),
      ),
    ],
  );
}

/** [rows, width] by [batch, columns] -> [batch, columns * width]. */
function lookUp(table: Tensor, indexes: Tensor): Tensor {
  const [rows = 0, width = 0] = table.shape;
  const [batch = 0, columns = 0] = indexes.shape;
  return withGradient(
    [table, indexes],
    (values, at) => tf.gather(values, at).reshape([batch, columns * width]),
    // The second gradient is never asked for: indexes have none.
    (dy, _, at) => [tf.unsortedSegmentSum(dy.reshape([batch * columns, width]), at.as1D().toInt(), rows), at],
  );
}
