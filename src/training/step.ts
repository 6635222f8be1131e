import type { Tensor } from '@tensorflow/tfjs';
import { type Dataset, widthsOf } from '../data/dataset.js';
import type { ArraySpec, Step, Tensors } from '../engine/engine.js';
import { drawNoise, noiseShapes } from '../models/layers/noise.js';
import { type Context, evaluating, type Gate, type Model, type NoiseUnits, type Parameters } from '../models/model.js';
import type { JointLoss } from '../objective/joint-loss.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { float32, type HostArrays, sizeOf } from '../support/arrays.js';
import type { Random } from '../support/random.js';
import { tf } from '../support/tf.js';
import { type Balanced, balancedGradients } from './gradients/balanced-gradients.js';
import { jointGradients, type Losses, lossesOf } from './gradients/step-gradients.js';

const optimizerPrefix = 'optimizer/';
const noisePrefix = 'noise/';
const balancingPrefix = 'balancing/';

/**
 * One training step as a pure function.
 * State: every parameter by its name, `optimizer/<slot>`, `balancing/<slot>`, and `step` (completed steps, float32 scalar).
 * Batch: the data's arrays, `weights` [T], `learningRate`, [] or [owners] (`Optimizer.update`), `noise/<name>` for the model's context, and
 * `balancing/<name>`, which the balancing method draws.
 * Outputs: `loss` [] (with the penalty), `tasks` [T]. With a balancing method `balancing` [T], the weights in use, and of one that goes by
 * gradients `cosines` [pairs].
 */
export function trainingStep(
  model: Model,
  loss: JointLoss,
  optimizer: Optimizer,
  names: readonly string[],
  balanced: Balanced | null = null,
): Step {
  return (state, batch) => {
    const context = contextOf(batch);
    const parameters = names.map((name) => get(state, name));
    const evaluate = (values: readonly Tensor[]): Losses => {
      const byName = Object.fromEntries(names.map((name, index) => [name, at(values, index)]));
      return lossesOf(loss, model.apply(byName, inputsOf(batch), context), {
        labels: get(batch, 'labels'),
        mask: get(batch, 'mask'),
        weights: get(batch, 'weights'),
      });
    };
    const { gradients, outputs, slots } = balanced
      ? balancedGradients(balanced, evaluate, parameters, names, {
          weights: get(batch, 'weights'),
          slots: withoutPrefix(state, balancingPrefix),
          noise: withoutPrefix(batch, balancingPrefix),
          step: get(state, 'step'),
          learningRate: get(batch, 'learningRate'),
        })
      : jointGradients(evaluate, parameters);
    const updated = optimizer.update({
      parameters: Object.fromEntries(names.map((name, index) => [name, at(parameters, index)])),
      gradients: Object.fromEntries(names.map((name, index) => [name, at(gradients, index)])),
      slots: withoutPrefix(state, optimizerPrefix),
      step: get(state, 'step'),
      learningRate: get(batch, 'learningRate'),
    });
    return {
      state: {
        ...updated.parameters,
        ...withPrefix(updated.slots, optimizerPrefix),
        ...withPrefix(slots, balancingPrefix),
        step: tf.add(get(state, 'step'), 1),
      },
      outputs,
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
  balanced: Balanced | null = null,
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
    ...Object.fromEntries(
      Object.entries(balanced?.method.noise ?? {}).map(([name, { shape }]): [string, ArraySpec] => [
        balancingPrefix + name,
        { dtype: 'float32', shape },
      ]),
    ),
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

/** Likewise of what the balancing method draws, from a stream for each name and step. */
export function balancingNoiseOf(
  balanced: Balanced | null,
  random: Random,
  { completedSteps, steps }: { readonly completedSteps: number; readonly steps: number },
): HostArrays {
  return Object.fromEntries(
    Object.entries(balanced?.method.noise ?? {}).map(([name, { shape, draw }]) => {
      const drawn = float32([steps, ...shape]);
      const size = sizeOf(shape);
      for (let step = 0; step < steps; step++) {
        const stream = random.stream(name).stream(String(completedSteps + step));
        draw(drawn.data.subarray(step * size, (step + 1) * size), stream);
      }
      return [balancingPrefix + name, drawn];
    }),
  );
}

/** The state before the first step. */
export function initialState(
  parameters: Parameters,
  optimizer: Optimizer,
  balanced: Balanced | null = null,
): HostArrays {
  const shared = Object.keys(parameters).filter((name) => balanced?.sharing[name] !== 'none');
  return {
    ...Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value])),
    ...withPrefix(optimizer.slots(), optimizerPrefix),
    ...withPrefix(balanced?.method.slots(shared) ?? {}, balancingPrefix),
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

function withPrefix<Value>(values: Readonly<Record<string, Value>>, prefix: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
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
