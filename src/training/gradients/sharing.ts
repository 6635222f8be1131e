import type { Tensor } from '@tensorflow/tfjs';
import { batchWidths, type Dataset } from '../../data/dataset.js';
import { withBackend } from '../../engine/active-backend.js';
import { pureJs } from '../../engine/tfjs/backends.js';
import { evaluating, initialize, type Model, type Parameter, type Parameters, trainable } from '../../models/model.js';
import { jointLoss } from '../../objective/joint-loss.js';
import { must } from '../../support/must.js';
import { type Random, randomFromSeed } from '../../support/random.js';
import { mapValues, recordOf } from '../../support/records.js';
import { tf } from '../../support/tf.js';
import { predictionLosses } from './step-gradients.js';

/**
 * Which part of a trainable parameter the losses of several tasks reach: `all`, `none`, or these slices of the first
 * axis. A batched array has a slice for each member, such as a task's tower. An embedding table is one slice.
 */
type Reach = 'all' | 'none' | readonly boolean[];

/** The parameters that the losses of several tasks reach. */
export interface Sharing {
  readonly reach: Readonly<Record<string, Reach>>;
  /**
   * The weights of the last layer, in the model's order, that every task's loss reaches in at least one slice. (The
   * weights of a layer's members, such as experts, are one parameter.) If only embeddings are shared: all that is
   * shared.
   */
  readonly last: readonly string[];
}

/** For methods that do not need it. */
export const notSought: Sharing = { reach: {}, last: [] };

/** The gradient with zeros where the parameter belongs to one task. */
export function sharedPart(gradient: Tensor, reach: Reach | undefined): Tensor {
  return typeof reach === 'object' ? gradient.mul(slices(gradient, reach)) : gradient;
}

/** The gradient with zeros where the parameter is shared. */
export function ownPart(gradient: Tensor, reach: Reach | undefined): Tensor {
  if (typeof reach !== 'object') return gradient;
  const unshared = reach.map((isShared) => !isShared);
  return gradient.mul(slices(gradient, unshared));
}

function slices({ rank }: Tensor, chosen: readonly boolean[]): Tensor {
  return tf.tensor(chosen.map(Number), [chosen.length, ...Array(rank - 1).fill(1)], 'float32');
}

type Columns = Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'>;

/** Few, since plain JavaScript is slow. They suffice with an activation that is 0 nowhere: see `smoothed`. */
const rows = 4;
/** Rows of a column's table. A table is one slice, however many it has. */
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
export function findSharing<Data extends Columns>(whole: Data, build: (dataset: Data) => Model): Sharing {
  const dataset = { ...whole, categorical: withFewIds(whole.categorical), lists: withFewIds(whole.lists) };
  const random = randomFromSeed(0).stream('sharing');
  const model = build(dataset);
  const parameters = initialize(model.parameters, random.stream('initial'));
  const gradients = lossGradients(model, dataset, parameters, random);
  const names = trainable(parameters);
  const counts = recordOf(names, (name) => {
    const ofTasks = gradients.map((byName) => must(byName[name], `gradient of ${name}`));
    return reachingTasks(must(parameters[name], name), ofTasks);
  });
  const reach = mapValues(counts, sharedSlices);
  const shared = names.filter((name) => reach[name] !== 'none');
  const last = shared.findLast(
    (name) => parameters[name]?.kind === 'weight' && counts[name]?.includes(dataset.tasks.length),
  );
  return { reach, last: last === undefined ? shared : [last] };
}

function withFewIds<Column extends { readonly cardinality: number }>(columns: readonly Column[]): readonly Column[] {
  return columns.map((column) => ({ ...column, cardinality: Math.min(mostIds, column.cardinality) }));
}

/** For each task: the gradient of its loss, by name of the trainable parameter. */
function lossGradients(
  model: Model,
  dataset: Columns,
  parameters: Parameters,
  random: Random,
): readonly Readonly<Record<string, Float32Array>>[] {
  const names = trainable(parameters);
  const loss = jointLoss(dataset.tasks);
  const tasks = [...dataset.tasks.keys()];
  return withBackend(pureJs.name, () => {
    const inputs = randomInputs(dataset, random);
    const values = randomValues(parameters, random);
    const labels = tf.tensor2d(
      Array.from({ length: tasks.length * rows }, () => random.below(2)),
      [tasks.length, rows],
    );
    const targets = { labels, mask: tf.ones([tasks.length, rows]), lossWeights: tf.ones([tasks.length]) };
    const losses = (...trained: Tensor[]) => {
      const byName = { ...values, ...recordOf(names, (name, index) => must(trained[index], name)) };
      return predictionLosses(loss, model.apply(byName, inputs, evaluating), targets).tasks;
    };
    const start = names.map((name) => must(values[name], name));
    return tasks.map((task) => {
      const only = tf.tensor1d(tasks.map((other) => Number(other === task)));
      const { grads } = tf.valueAndGrads(losses)(start, only);
      return recordOf(names, (name, index) => must(grads[index], name).dataSync<'float32'>());
    });
  });
}

/** Trainable values are moved by noise: biases and the like start at 0. */
function randomValues(parameters: Parameters, random: Random): Record<string, Tensor> {
  return mapValues(parameters, ({ value: { data, shape }, kind }, name) => {
    const stream = random.stream(name);
    const moved = kind === 'statistic' ? data : data.map((value) => value + 0.1 * stream.normal());
    return tf.tensor(moved, [...shape]);
  });
}

/** By slice of a parameter: the number of tasks whose gradient is not 0 in it. */
function reachingTasks({ kind, value }: Parameter, gradients: readonly Float32Array[]): readonly number[] {
  const count = kind === 'embedding' ? 1 : (value.shape[0] ?? 1);
  const size = value.data.length / count;
  return Array.from({ length: count }, (_, slice) => {
    const reaching = gradients.filter((gradient) =>
      gradient.subarray(slice * size, (slice + 1) * size).some((element) => element !== 0),
    );
    return reaching.length;
  });
}

function sharedSlices(counts: readonly number[]): Reach {
  const shared = counts.map((count) => count !== 1);
  if (!shared.includes(false)) return 'all';
  return shared.includes(true) ? shared : 'none';
}

/** Draws the inputs of a few rows. */
function randomInputs(dataset: Columns, random: Random) {
  const { categorical, numeric } = batchWidths(dataset);
  const cardinalities = [
    ...dataset.categorical.map(({ cardinality }) => cardinality),
    ...dataset.lists.flatMap(({ cardinality, length }) => Array.from({ length }, () => cardinality)),
  ];
  const ids = Array.from({ length: rows * categorical }, (_, i) => random.below(cardinalities[i % categorical] ?? 1));
  const numbers = Array.from({ length: rows * numeric }, () => random.normal());
  return {
    categorical: tf.tensor2d(ids, [rows, categorical], 'int32'),
    numeric: tf.tensor2d(numbers, [rows, numeric]),
  };
}
