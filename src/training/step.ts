import type { Tensor } from '@tensorflow/tfjs';
import { type Dataset, widthsOf } from '../data/dataset.js';
import type { ArraySpec, Step, Tensors } from '../engine/engine.js';
import { drawNoise, noiseShapes } from '../models/layers/noise.js';
import { type Context, evaluating, type Gate, type Model, type NoiseUnits, type Parameters } from '../models/model.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { type HostArrays, sizeOf } from '../support/arrays.js';
import type { Random } from '../support/random.js';
import { tf } from '../support/tf.js';

const optimizerPrefix = 'optimizer/';
const noisePrefix = 'noise/';

type Loss = (
  logits: Tensor,
  labels: Tensor,
  mask: Tensor,
  weights: Tensor,
) => { readonly loss: Tensor; readonly tasks: Tensor };

/**
 * One training step as a pure function.
 * State: every parameter by its name, `optimizer/<slot>`, and `step` (completed steps, float32 scalar).
 * Batch: the data's arrays, `weights` [T], `learningRate`, [] or [owners] (`Optimizer.update`), and `noise/<name>` for the model's context.
 * Outputs: `loss` [] (with the penalty), `tasks` [T].
 */
export function trainingStep(model: Model, loss: Loss, optimizer: Optimizer, names: readonly string[]): Step {
  return (state, batch) => {
    const context = contextOf(batch);
    const parameters = names.map((name) => get(state, name));
    let tasks: Tensor | undefined;
    const objective = (...values: Tensor[]) => {
      const byName = Object.fromEntries(names.map((name, index) => [name, at(values, index)]));
      const prediction = model.apply(byName, inputsOf(batch), context);
      const joint = loss(prediction.logits, get(batch, 'labels'), get(batch, 'mask'), get(batch, 'weights'));
      tasks = tf.keep(joint.tasks); // read outside of the differentiated function
      const total = prediction.penalty ? tf.add(joint.loss, prediction.penalty) : joint.loss;
      return total.asScalar();
    };
    const { value, grads } = tf.valueAndGrads(objective)(parameters);
    if (!tasks) throw new Error('The objective was not evaluated.');
    const updated = optimizer.update({
      parameters: Object.fromEntries(names.map((name, index) => [name, at(parameters, index)])),
      gradients: Object.fromEntries(names.map((name, index) => [name, at(grads, index)])),
      slots: withoutPrefix(state, optimizerPrefix),
      step: get(state, 'step'),
      learningRate: get(batch, 'learningRate'),
    });
    return {
      state: {
        ...updated.parameters,
        ...Object.fromEntries(Object.entries(updated.slots).map(([name, slot]) => [optimizerPrefix + name, slot])),
        step: tf.add(get(state, 'step'), 1),
      },
      outputs: { loss: value, tasks },
    };
  };
}

/**
 * Outputs: `logits` [outputs, B], and every gate's weights as `gate/<index>` [B, experts]. State: the parameters.
 * @param describe Is told which gates there are when the step is traced or run.
 */
export function evaluationStep(model: Model, describe: (gates: readonly Gate[]) => void): Step {
  return (state, batch) => {
    const { logits, gates = [] } = model.apply(state, inputsOf(batch), evaluating);
    describe(gates);
    return {
      state: {},
      outputs: { logits, ...Object.fromEntries(gates.map((gate, index) => [`gate/${index}`, gate.weights])) },
    };
  };
}

/** Shapes of a batch of this data: what a model is fed, and what the loss, the optimizer and the model's noise need besides. */
export function batchArrays(
  dataset: Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'>,
  batchSize: number,
  learningRates = 1,
  noise: NoiseUnits = {},
) {
  const taskRows = { dtype: 'float32', shape: [dataset.tasks.length, batchSize] } as const;
  const width = widthsOf(dataset);
  const inputs = {
    categorical: { dtype: 'int32', shape: [batchSize, width.categorical] },
    numeric: { dtype: 'float32', shape: [batchSize, width.numeric] },
  } as const;
  const training = {
    ...inputs,
    labels: taskRows,
    mask: taskRows,
    weights: { dtype: 'float32', shape: [dataset.tasks.length] },
    learningRate: { dtype: 'float32', shape: learningRates === 1 ? [] : [learningRates] },
    ...noiseSpecs(noise, batchSize),
  } as const satisfies Record<string, ArraySpec>;
  const bytes = 4 * Object.values<ArraySpec>(training).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { inputs, training, bytes };
}

function noiseSpecs(units: NoiseUnits, batchSize: number): Readonly<Record<`noise/${string}`, ArraySpec>> {
  const shapes = Object.entries(noiseShapes(units, batchSize));
  return Object.fromEntries(shapes.map(([name, shape]) => [noisePrefix + name, { dtype: 'float32', shape }]));
}

/** What `batchArrays` has of noise, of a chunk of steps: the first is the one after `completedSteps`. */
export function noiseOf(
  units: NoiseUnits,
  batchSize: number,
  random: Random,
  chunk: { readonly completedSteps: number; readonly steps: number },
): HostArrays {
  const drawn = drawNoise(units, batchSize, random, { first: chunk.completedSteps, steps: chunk.steps });
  return Object.fromEntries(Object.entries(drawn).map(([name, array]) => [noisePrefix + name, array]));
}

/** The state before the first step. */
export function initialState(parameters: Parameters, optimizer: Optimizer): HostArrays {
  const slots = Object.entries(optimizer.slots()).map(([name, slot]) => [optimizerPrefix + name, slot]);
  const values = Object.entries(parameters).map(([name, { value }]) => [name, value]);
  return {
    ...Object.fromEntries([...values, ...slots]),
    step: { dtype: 'float32', shape: [], data: new Float32Array(1) },
  };
}

/** In training. */
export function contextOf(batch: Tensors): Context {
  return { training: true, noise: withoutPrefix(batch, noisePrefix) };
}

function inputsOf(batch: Tensors) {
  return { categorical: get(batch, 'categorical'), numeric: get(batch, 'numeric') };
}

function withoutPrefix(tensors: Tensors, prefix: string): Tensors {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

function get(tensors: Tensors, name: string): Tensor {
  const found = tensors[name];
  if (!found) throw new Error(`The step was given no '${name}'.`);
  return found;
}

function at(tensors: readonly Tensor[], index: number): Tensor {
  const found = tensors[index];
  if (!found) throw new Error(`Missing tensor ${index}.`);
  return found;
}
