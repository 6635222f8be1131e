import type { Tensor } from '@tensorflow/tfjs';
import { batchWidths, type Dataset } from '../../data/dataset.js';
import { withBackend } from '../../engine/active-backend.js';
import { pureJs } from '../../engine/tfjs/backends.js';
import { evaluating, initialize, type Model, trainable } from '../../models/model.js';
import { jointLoss } from '../../objective/joint-loss.js';
import { must } from '../../support/must.js';
import { type Random, randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { predictionLosses } from './step-gradients.js';

/**
 * Which part of a trainable parameter the losses of several tasks reach: `all`, `none`, or these slices of the first
 * axis. A batched array has a slice for each member, such as a task's tower. An embedding table is one part.
 */
type Part = 'all' | 'none' | readonly boolean[] | undefined;

/** The parameters that the losses of several tasks reach. */
export interface Sharing {
  readonly parts: Readonly<Record<string, Exclude<Part, undefined>>>;
  /**
   * The weights of the last layer, in the model's order, that every task's loss reaches in at least one slice. (The
   * weights of a layer's members, such as experts, are one parameter.) If only embeddings are shared: all that is
   * shared.
   */
  readonly last: readonly string[];
}

/** For methods that do not need it. */
export const notSought: Sharing = { parts: {}, last: [] };

/** The gradient with zeros where the parameter is one task's own. */
export function sharedPart(gradient: Tensor, part: Part): Tensor {
  return typeof part === 'object' ? gradient.mul(slices(gradient, part)) : gradient;
}

/** The gradient with zeros where the parameter is shared. */
export function ownPart(gradient: Tensor, part: Part): Tensor {
  if (typeof part !== 'object') return gradient;
  return gradient.mul(
    slices(
      gradient,
      part.map((shared) => !shared),
    ),
  );
}

function slices({ rank }: Tensor, chosen: readonly boolean[]): Tensor {
  return tf.tensor(chosen.map(Number), [chosen.length, ...Array(rank - 1).fill(1)], 'float32');
}

type Columns = Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'>;

/** Few, since plain JavaScript is slow. They suffice with an activation that is 0 nowhere: see `smoothed`. */
const rows = 4;
/** Rows of a column's table. A table is one part, however many it has. */
const mostIds = 8;

/** Options with a smooth activation: then no unit is dead on a few rows. */
export function smoothed<Options extends object>(options: Options): Options {
  return 'activation' in options && options.activation === 'relu' ? { ...options, activation: 'gelu' } : options;
}

/**
 * Finds what is shared by experiment: gradients of each task's loss, on random rows at random values, in plain
 * JavaScript. A slice belongs to one task if all other tasks' gradients are 0 in it. A slice without any gradient
 * counts as shared.
 * @param build the model of these columns, with `smoothed` options
 */
export function findSharing<Given extends Columns>(whole: Given, build: (dataset: Given) => Model): Sharing {
  const fewIds = <Column extends { readonly cardinality: number }>(columns: readonly Column[]) =>
    columns.map((column) => ({ ...column, cardinality: Math.min(mostIds, column.cardinality) }));
  const dataset = { ...whole, categorical: fewIds(whole.categorical), lists: fewIds(whole.lists) };
  const random = randomFromSeed(0).stream('sharing');
  const model = build(dataset);
  const parameters = initialize(model.parameters, random.stream('initial'));
  const names = trainable(parameters);
  const counts = new Map(names.map((name) => [name, new Map<number, number>()]));
  withBackend(pureJs.name, () => {
    const inputs = randomInputs(dataset, random);
    const startValue = (name: string) => must(parameters[name], name).value;
    const values = names.map((name) => {
      const { data, shape } = startValue(name);
      const stream = random.stream(name);
      return tf.tensor(
        data.map((value) => value + 0.1 * stream.normal()),
        [...shape],
      );
    });
    const statistics = Object.keys(parameters)
      .filter((name) => !names.includes(name))
      .map((name) => [name, tf.tensor(startValue(name).data, [...startValue(name).shape])] as const);
    const loss = jointLoss(dataset.tasks);
    const [tasks, width] = [dataset.tasks.length, rows];
    const labels = tf.tensor2d(
      Array.from({ length: tasks * width }, () => random.below(2)),
      [tasks, width],
    );
    const objective = (...at: Tensor[]) => {
      const trained = names.map((name, index) => [name, must(at[index], name)] as const);
      const byName = Object.fromEntries([...trained, ...statistics]);
      const prediction = model.apply(byName, inputs, evaluating);
      const everywhere = { labels, mask: tf.ones([tasks, width]), lossWeights: tf.ones([tasks]) };
      return predictionLosses(loss, prediction, everywhere).tasks;
    };
    for (let task = 0; task < tasks; task++) {
      const only = tf.tensor1d(Array.from({ length: tasks }, (_, other) => Number(other === task)));
      const { grads } = tf.valueAndGrads(objective)(values, only);
      for (const [index, name] of names.entries()) for (const slice of reached(grads[index], name)) add(name, slice);
    }
  });
  const parts = Object.fromEntries(names.map((name) => [name, sharedSlices(name)]));
  const shared = names.filter((name) => parts[name] !== 'none');
  const last = shared.findLast((name) => parameters[name]?.kind === 'weight' && isEverybodys(name));
  return { parts, last: last === undefined ? shared : [last] };

  /** Whether every task's loss reaches one of its slices. */
  function isEverybodys(name: string): boolean {
    return [...must(counts.get(name), name).values()].includes(dataset.tasks.length);
  }

  function add(name: string, slice: number): void {
    const array = counts.get(name);
    array?.set(slice, (array.get(slice) ?? 0) + 1);
  }

  function sliceCount(name: string): number {
    const parameter = parameters[name];
    return parameter?.kind === 'embedding' ? 1 : (parameter?.value.shape[0] ?? 1);
  }

  /** The slices in which a gradient is not 0. */
  function reached(gradient: Tensor | undefined, name: string): readonly number[] {
    const data = gradient?.dataSync() ?? [];
    const size = data.length / sliceCount(name);
    return Array.from({ length: sliceCount(name) }, (_, slice) => slice).filter((slice) => {
      for (let i = slice * size; i < (slice + 1) * size; i++) if (data[i] !== 0) return true;
      return false;
    });
  }

  function sharedSlices(name: string): Exclude<Part, undefined> {
    const shared = Array.from({ length: sliceCount(name) }, (_, slice) => counts.get(name)?.get(slice) !== 1);
    if (shared.every((is) => is)) return 'all';
    return shared.some((is) => is) ? shared : 'none';
  }
}

/** Draws the inputs of a few rows. */
function randomInputs(dataset: Columns, random: Random) {
  const { categorical, numeric } = batchWidths(dataset);
  const cardinalities = [
    ...dataset.categorical.map(({ cardinality }) => cardinality),
    ...dataset.lists.flatMap(({ cardinality, length }) => Array.from({ length }, () => cardinality)),
  ];
  const places = Array.from({ length: rows * categorical }, (_, i) =>
    random.below(cardinalities[i % categorical] ?? 1),
  );
  const numbers = Array.from({ length: rows * numeric }, () => random.normal());
  return {
    categorical: tf.tensor2d(places, [rows, categorical], 'int32'),
    numeric: tf.tensor2d(numbers, [rows, numeric]),
  };
}
