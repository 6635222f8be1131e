import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import type { ModelShape } from './model.js';
import type { CommonOptions } from './options.js';

/*
 * For tests: what models are made of, once more, from the papers. It computes one row, one member and one scalar at a
 * time, on plain arrays of doubles. It shares no code with the layers, and knows only how their parameters are named
 * and laid out. Each model's test has the rest.
 */
export type Values = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>;

export interface Row {
  /** Its place in the batch. */
  readonly index: number;
  /** Indexes of the columns, then of each list's entries. */
  readonly categorical: readonly number[];
  /** Numeric columns, then the entries' weights. */
  readonly numeric: readonly number[];
}

/** Of any model. */
export type LayerOptions = Partial<CommonOptions> & { readonly levels: number[][]; readonly tower: number[] };

/** A model at a row. */
export interface Point<Options extends LayerOptions = LayerOptions> {
  readonly values: Values;
  readonly row: Row;
  readonly shape: ModelShape;
  readonly options: Options;
  /** Values that a stopped gradient reads: they stay fixed when derivatives are taken. */
  readonly stopped: Values;
  /** In training. */
  readonly noise?: Values | undefined;
}

export interface Expected {
  readonly logits: readonly number[];
  /** By `<level>/<gate>`: names of the experts and their weights. */
  readonly gates?: GateWeights;
  readonly penalty?: number;
  /** Of each task. */
  readonly rowPenalties?: readonly number[];
}

type GateWeights = Readonly<
  Record<string, { readonly experts: readonly string[]; readonly weights: readonly number[] }>
>;

/** x: each column's embedding, columns of equal width together, then each list's, then the numeric columns. */
export function embed(point: Point, prefix = ''): number[] {
  const { values, row, shape, options } = point;
  const { categorical, numeric } = shape;
  const x: number[] = [];
  const embeddings = new Map<string, readonly number[]>();
  for (const width of new Set(categorical.map((column) => column.embedding))) {
    let first = 0;
    for (const [f, column] of categorical.entries()) {
      if (column.embedding !== width) continue;
      const embedding = embeddingRow(values, `${prefix}embeddings.${width}`, first + get(row.categorical, f), width);
      embeddings.set(column.name, embedding);
      x.push(...embedding);
      first += column.cardinality;
    }
  }
  let from = 0;
  for (const { name, embedding: width, length, attention } of shape.lists ?? []) {
    const pooled = Array.from({ length: width }, () => 0);
    for (let l = from; l < from + length; l++) {
      const entry = embeddingRow(values, `${prefix}lists.${name}`, get(row.categorical, categorical.length + l), width);
      const target = attention && embeddings.get(attention.target);
      const fit = target ? attentionWeight(point, `${prefix}attention.${name}`, entry, target) : 1;
      for (const [i, value] of entry.entries())
        pooled[i] = get(pooled, i) + get(row.numeric, numeric.length + l) * fit * value;
    }
    x.push(...pooled);
    from += length;
  }
  const numbers = row.numeric.slice(0, numeric.length);
  return [...dropped(point, `${prefix}embeddings`, 0, x, dropoutRates(options).embeddings), ...numbers];
}

/** One row of an embedding table. */
function embeddingRow(values: Values, table: string, index: number, width: number): number[] {
  return Array.from({ length: width }, (_, i) => at(values, table, index, i));
}

/** The activation unit of DIN. Its layer takes only the activation from the model's options. */
function attentionWeight(point: Point, name: string, entry: readonly number[], target: readonly number[]): number {
  const plain: Point = { ...point, options: { ...point.options, normalization: 'none', dropout: 0 } };
  const differences = target.map((value, i) => value - get(entry, i));
  const products = target.map((value, i) => value * get(entry, i));
  const hidden = mlp(plain, name, 0, [...entry, ...target, ...differences, ...products]);
  return get(linear(plain, `${name}.logit`, 0, hidden), 0);
}

/** A task's logit. */
export function tower(point: Point, name: string, member: number, input: readonly number[]): number {
  return get(linear(point, `${name}.logit`, member, mlp(point, name, member, input)), 0);
}

/** The hidden layers of one member. */
export function mlp(point: Point, name: string, member: number, input: readonly number[]): number[] {
  const { values, options } = point;
  let hidden = [...input];
  for (let index = 0; values[`${name}.${index}.weight`]; index++) {
    const layer = `${name}.${index}`;
    hidden = linear(point, layer, member, hidden);
    if (options.normalization === 'layer') {
      const mean = sum(hidden) / hidden.length;
      const variance = sum(hidden.map((value) => (value - mean) ** 2)) / hidden.length;
      hidden = hidden.map((value, u) => {
        const standard = (value - mean) / Math.sqrt(variance + 1e-5);
        return at(values, `${layer}.gain`, member, 0, u) * standard + at(values, `${layer}.shift`, member, 0, u);
      });
    }
    const activate = activations[options.activation ?? 'relu'];
    hidden = hidden.map((value) => activate(value, () => at(values, `${layer}.slope`, member, 0, 0)));
    hidden = dropped(point, layer, member, hidden, dropoutRates(options).layers);
  }
  return hidden;
}

const activations: Readonly<Record<CommonOptions['activation'], (x: number, slope: () => number) => number>> = {
  relu: (x) => Math.max(0, x),
  gelu: (x) => x * normalCdf(x, 0, 1),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  prelu: (x, slope) => (x < 0 ? slope() * x : x),
};

function dropoutRates({ dropout = 0 }: Pick<LayerOptions, 'dropout'>): { layers: number; embeddings: number } {
  return typeof dropout === 'number' ? { layers: dropout, embeddings: dropout } : dropout;
}

/** With noise: 0 where the fractional part of the unit's numbers times the row's is below the rate. */
function dropped({ noise, row }: Point, layer: string, member: number, features: number[], rate: number): number[] {
  if (!noise || rate === 0) return features;
  return features.map((value, unit) => {
    const terms = Array.from(
      { length: 16 },
      (_, t) => at(noise, layer, member, unit, t) * at(noise, 'rows', row.index, t),
    );
    return sum(terms) % 1 < rate ? 0 : value / (1 - rate);
  });
}

/** W x + b of one member; no bias where the parameters have none. */
export function linear({ values }: Point, name: string, member: number, input: readonly number[]): number[] {
  const outputs = values[`${name}.weight`]?.shape[1] ?? 0;
  return Array.from({ length: outputs }, (_, o) => {
    const bias = values[`${name}.bias`] ? at(values, `${name}.bias`, member, 0, o) : 0;
    return bias + sum(input.map((value, i) => value * at(values, `${name}.weight`, member, o, i)));
  });
}

export function softmax(logits: readonly number[]): number[] {
  const total = sum(logits.map(Math.exp));
  return logits.map((logit) => Math.exp(logit) / total);
}

export function weighted(weights: readonly number[], vectors: readonly (readonly number[])[]): number[] {
  return get(vectors, 0).map((_, i) => sum(vectors.map((vector, e) => get(weights, e) * get(vector, i))));
}

export function at(values: Values, name: string, ...index: number[]): number {
  const found = values[name];
  if (found?.shape.length !== index.length) throw new Error(`No such parameter: ${name} with ${index.length} axes`);
  let flat = 0;
  for (let axis = 0; axis < index.length; axis++) {
    const [i, side] = [get(index, axis), get(found.shape, axis)];
    if (i >= side) throw new Error(`${name}: ${index} is outside`);
    flat = flat * side + i;
  }
  return get(found.data, flat);
}

export function get<Item>(items: ArrayLike<Item>, index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error(`No item ${index} of ${items.length}`);
  return item;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
