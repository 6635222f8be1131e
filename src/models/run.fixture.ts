import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import { models } from './catalogue.js';
import {
  type Context,
  evaluating,
  type ForwardPass,
  initialize,
  type Model,
  type ModelInputs,
  type ModelShape,
  type Parameters,
  type Prediction,
  trainingStarts,
} from './model.js';
import { type CommonOptions, commonOptions } from './options.js';
import type { LayerOptions, Row, Values } from './scalars.fixture.js';

/** A model by name, with options on a shape. */
export interface Given {
  readonly model: string;
  readonly shape: ModelShape;
  readonly options: LayerOptions & Readonly<Record<string, unknown>>;
}

export function build({ model, shape, options }: Given): Model {
  return models.get(model).build(shape, { type: model, ...options });
}

/**
 * Options that a model must be given: of the catalogue's, an option without a default names a task. A second one names
 * the other.
 */
export function requiredOptions(model: string, task: string, other: string): Readonly<Record<string, string>> {
  const required = Object.entries(models.get(model).options.shape).filter(
    ([key, option]) => key !== 'type' && !z.safeParse(option, undefined).success,
  );
  return Object.fromEntries(required.map(([key], index) => [key, index === 0 ? task : other]));
}

/** A shape with as many of its tasks as the model takes. */
export function shapeFor(model: string, shape: ModelShape): ModelShape {
  return { ...shape, tasks: shape.tasks.slice(0, models.get(model).maximumTasks) };
}

const widths = z.array(z.number());

/** Those that the model has by default. */
export function usualWidths(model: string): Pick<LayerOptions, 'levels' | 'tower'> {
  const usual = models.get(model).options.parse({ type: model, ...requiredOptions(model, 'a', 'b') });
  return z.object({ levels: z.array(widths), tower: widths }).parse(usual);
}

/** Narrow layers, as many levels as the model has by default, and two experts where it has any. */
export function smallOptions(model: string, task: string, other: string): Given['options'] {
  const levels = [[5, 4], [6]].slice(0, usualWidths(model).levels.length);
  const experts = 'experts' in models.get(model).options.shape ? { experts: 2 } : {};
  return { levels, tower: [3], ...requiredOptions(model, task, other), ...experts };
}

/** The options of all models, at their defaults. */
export const plain: CommonOptions = z.strictObject(commonOptions({ tower: [] })).parse({});

/** A pass outside training; layers above x read no inputs. */
export function evaluationPass(
  parameters: Readonly<Record<string, Tensor>>,
  inputs: ModelInputs = { categorical: tf.zeros([0, 0], 'int32'), numeric: tf.zeros([0, 0]) },
): ForwardPass {
  return { parameters, inputs, context: evaluating };
}

export function count(parameters: Parameters): number {
  return Object.values(parameters).reduce((total, { value }) => total + value.data.length, 0);
}

/**
 * Values of all parameters drawn anew, so that biases and mixing scalars are not at their special starts; a variance is
 * above 0.
 */
export function randomValues(model: Model, seed = 7): Record<string, { shape: readonly number[]; data: Float64Array }> {
  const random = randomFromSeed(seed);
  return Object.fromEntries(
    Object.entries(initialize(trainingStarts(model), random)).map(([name, { value }]) => {
      const stream = random.stream(name);
      const any = () => Math.fround(0.6 * stream.normal());
      const draw = name.endsWith('.variance') ? () => 0.5 + Math.abs(any()) : any;
      return [name, { shape: value.shape, data: Float64Array.from(value.data, draw) }];
    }),
  );
}

export function startingValues(
  model: Model,
  seed = 7,
): Record<string, { shape: readonly number[]; data: Float32Array }> {
  const parameters = initialize(trainingStarts(model), randomFromSeed(seed));
  return Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value]));
}

export function randomRows(shape: ModelShape, rows: number, seed = 3): Row[] {
  const random = randomFromSeed(seed);
  const entries = listEntries(shape);
  return Array.from({ length: rows }, (_, index) => ({
    index,
    categorical: [...shape.categorical, ...entries].map(({ cardinality }) => random.below(cardinality)),
    numeric: [...shape.numeric, ...entries].map(() => Math.fround(random.normal())),
  }));
}

/** Each list, repeated for each of its entries. */
function listEntries({ lists = [] }: ModelShape) {
  return lists.flatMap((list) => Array.from({ length: list.length }, () => list));
}

function toInputs(rows: readonly Row[], shape: ModelShape): ModelInputs {
  const flat = (part: (row: Row) => readonly number[]) => rows.flatMap((row) => [...part(row)]);
  const entries = listEntries(shape).length;
  return {
    categorical: tf.tensor2d(
      flat((row) => row.categorical),
      [rows.length, shape.categorical.length + entries],
      'int32',
    ),
    numeric: tf.tensor2d(
      flat((row) => row.numeric),
      [rows.length, shape.numeric.length + entries],
      'float32',
    ),
  };
}

export function toTensors(values: Values): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, tf.tensor(Float32Array.from(data), [...shape])]),
  );
}

/** Random values with positive biases, so that no ReLU is dead for every row. */
export function liveValues(model: Model): ReturnType<typeof randomValues> {
  const values = randomValues(model);
  for (const [name, { data }] of Object.entries(values)) if (name.endsWith('.bias')) data.fill(1);
  return values;
}

export function predict(
  model: Model,
  values: Values,
  rows: readonly Row[],
  shape: ModelShape,
  context: Context = evaluating,
): Prediction {
  return model.apply(toTensors(values), toInputs(rows, shape), context);
}

export function logitRows(model: Model, values: Values, rows: readonly Row[], shape: ModelShape): number[][] {
  const { logits } = predict(model, values, rows, shape);
  const flat = [...logits.dataSync()];
  return shape.tasks.map((_, k) => flat.slice(k * rows.length, (k + 1) * rows.length));
}

/** Gradients of `loss(prediction)`, by parameter name; a parameter that the loss does not reach has zeros. */
export function lossGradients(
  model: Model,
  values: Values,
  rows: readonly Row[],
  shape: ModelShape,
  loss: (prediction: Prediction) => Tensor,
  context: Context = evaluating,
): Record<string, Float32Array> {
  const names = Object.keys(values);
  const tensors = toTensors(values);
  const objective = () => loss(model.apply(tensors, toInputs(rows, shape), context)).asScalar();
  const { grads } = tf.engine().gradients(
    objective,
    names.map((name) => present(tensors[name])),
  );
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      grads[i]?.dataSync<'float32'>() ?? new Float32Array(present(values[name]).data.length),
    ]),
  );
}

/** The part of a batched parameter that belongs to one member: [members, ...]. */
export function memberPart(data: Float32Array, members: number, member: number): Float32Array {
  const size = data.length / members;
  return data.slice(member * size, (member + 1) * size);
}

export function isZero(values: Float32Array): boolean {
  return values.every((value) => value === 0);
}

export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('Missing');
  return value;
}
