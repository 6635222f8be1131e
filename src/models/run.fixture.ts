import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import type { Case } from './cases.fixture.js';
import { models } from './catalogue.js';
import {
  evaluating,
  type Model,
  type ModelInputs,
  type ModelShape,
  type Parameters,
  type Pass,
  type Prediction,
} from './model.js';
import { type CommonOptions, commonOptions } from './options.js';
import { initialize } from './parameters.js';
import type { Row, Values } from './reference.fixture.js';

export function build({ model, shape, options }: Pick<Case, 'model' | 'shape' | 'options'>): Model {
  return models.get(model).build(shape, { type: model, ...options });
}

/** What all models take, by default. */
export const plain: CommonOptions = z.strictObject(commonOptions({ tower: [] })).parse({});

/** An application outside of training; layers above x read no inputs. */
export function passOf(
  parameters: Readonly<Record<string, Tensor>>,
  inputs: ModelInputs = { categorical: tf.zeros([0, 0], 'int32'), numeric: tf.zeros([0, 0]) },
): Pass {
  return { parameters, inputs, context: evaluating };
}

export function count(parameters: Parameters): number {
  return Object.values(parameters).reduce((total, { value }) => total + value.data.length, 0);
}

/** Values of all parameters drawn anew, so that biases and mixing scalars are not at their special starts. */
export function randomValues(model: Model, seed = 7): Record<string, { shape: readonly number[]; data: Float64Array }> {
  const random = randomFromSeed(seed);
  return Object.fromEntries(
    Object.entries(initialize(model.parameters, random)).map(([name, { value }]) => {
      const stream = random.stream(name);
      return [
        name,
        { shape: value.shape, data: Float64Array.from(value.data, () => Math.fround(0.6 * stream.normal())) },
      ];
    }),
  );
}

export function startingValues(
  model: Model,
  seed = 7,
): Record<string, { shape: readonly number[]; data: Float32Array }> {
  const parameters = initialize(model.parameters, randomFromSeed(seed));
  return Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value]));
}

export function randomRows(shape: ModelShape, rows: number, seed = 3): Row[] {
  const random = randomFromSeed(seed);
  return Array.from({ length: rows }, () => ({
    categorical: shape.categorical.map(({ cardinality }) => random.below(cardinality)),
    numeric: shape.numeric.map(() => Math.fround(random.normal())),
  }));
}

export function toInputs(rows: readonly Row[], shape: ModelShape): ModelInputs {
  const flat = (part: (row: Row) => readonly number[]) => rows.flatMap((row) => [...part(row)]);
  return {
    categorical: tf.tensor2d(
      flat((row) => row.categorical),
      [rows.length, shape.categorical.length],
      'int32',
    ),
    numeric: tf.tensor2d(
      flat((row) => row.numeric),
      [rows.length, shape.numeric.length],
      'float32',
    ),
  };
}

export function toTensors(values: Values): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, tf.tensor(Float32Array.from(data), [...shape])]),
  );
}

export function predict(model: Model, values: Values, rows: readonly Row[], shape: ModelShape): Prediction {
  return model.apply(toTensors(values), toInputs(rows, shape), evaluating);
}

export function logitsOf(model: Model, values: Values, rows: readonly Row[], shape: ModelShape): number[][] {
  const { logits } = predict(model, values, rows, shape);
  const flat = [...logits.dataSync()];
  return shape.tasks.map((_, k) => flat.slice(k * rows.length, (k + 1) * rows.length));
}

/** Gradients of `loss(prediction)`, by parameter name; a parameter that the loss does not reach has zeros. */
export function gradientsOf(
  model: Model,
  values: Values,
  rows: readonly Row[],
  shape: ModelShape,
  loss: (prediction: Prediction) => Tensor,
): Record<string, Float32Array> {
  const names = Object.keys(values);
  const gradients = tf.grads((...tensors) =>
    loss(
      model.apply(
        Object.fromEntries(names.map((name, i) => [name, present(tensors[i])])),
        toInputs(rows, shape),
        evaluating,
      ),
    ).asScalar(),
  )(names.map((name) => present(toTensors(values)[name])));
  return Object.fromEntries(names.map((name, i) => [name, Float32Array.from(present(gradients[i]).dataSync())]));
}

/** The part of a batched parameter that belongs to one member: [members, ...]. */
export function memberOf(data: Float32Array, members: number, member: number): Float32Array {
  const size = data.length / members;
  return data.slice(member * size, (member + 1) * size);
}

export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('Missing');
  return value;
}
