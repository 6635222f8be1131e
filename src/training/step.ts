import type { Tensor } from '@tensorflow/tfjs';
import { batchWidths, type Dataset } from '../data/dataset.js';
import type { ArraySpec, RowIndex, Step, Tensors } from '../engine/engine.js';
import { drawNoise, noiseShapes } from '../models/layers/noise.js';
import {
  type Context,
  evaluating,
  type Gate,
  type Model,
  type NoiseUnits,
  type Parameters,
  trainable,
} from '../models/model.js';
import type { JointLoss } from '../objective/joint-loss.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { elementCount, float32, type HostArrays } from '../support/arrays.js';
import { must } from '../support/must.js';
import type { Random } from '../support/random.js';
import { tf } from '../support/tf.js';
import { jointGradients, predictionLosses, slotsAfter } from './gradients/step-gradients.js';
import { type Balanced, balancedGradients } from './gradients/task-gradients.js';

const optimizerPrefix = 'optimizer/';
const noisePrefix = 'noise/';
const balancingPrefix = 'balancing/';
const averagePrefix = 'average/';

/** Optional treatment of a step's gradients and parameters. */
export interface Extras {
  readonly balanced?: Balanced | null;
  /** Decay of the exponential moving average of the parameters. */
  readonly average?: number | undefined;
}

/**
 * One training step as a pure function. State: every parameter by its name, `optimizer/<slot>`, `balancing/<slot>`, and
 * `step` (completed steps, float32 scalar). With an average `average/<parameter>`. Batch: the data's arrays,
 * `lossWeights` [T], `learningRate`, [] or [owners] (`Optimizer.update`), `noise/<name>` for the model's context, and
 * the balancing method's draws `balancing/<name>`. Outputs: `loss` [] (with the penalty), `tasks` [T]. With a balancing
 * method `balancing` [T], the weights in use.
 */
export function trainingStep(
  model: Model,
  loss: JointLoss,
  optimizer: Optimizer,
  names: readonly string[],
  { balanced = null, average }: Extras = {},
): Step {
  const trained = names.filter((name) => model.parameters[name]?.kind !== 'statistic');
  return (state, batch) => {
    const observed: Record<string, Tensor> = {};
    const context = trainingContext(batch, trained.length < names.length);
    const observe = (name: string, value: Tensor) => {
      observed[name]?.dispose(); // of the pass for another task
      observed[name] = tf.keep(value); // read outside of the differentiated function
    };
    const parameters = trained.map((name) => get(state, name));
    const evaluateIn = (context: Context) => (values: readonly Tensor[]) => {
      const byName = { ...state, ...Object.fromEntries(trained.map((name, index) => [name, at(values, index)])) };
      return predictionLosses(loss, model.apply(byName, modelInputs(batch), context), {
        labels: get(batch, 'labels'),
        mask: get(batch, 'mask'),
        lossWeights: get(batch, 'lossWeights'),
      });
    };
    const evaluate = evaluateIn({ ...context, observe });
    const given = {
      lossWeights: get(batch, 'lossWeights'),
      slots: withoutPrefix(state, balancingPrefix),
      noise: withoutPrefix(batch, balancingPrefix),
      step: get(state, 'step'),
      learningRate: get(batch, 'learningRate'),
    };
    const { gradients, outputs, slots } = balanced
      ? balancedGradients(balanced, evaluate, parameters, trained, given)
      : jointGradients(evaluate, parameters);
    const updated = optimizer.update({
      parameters: pickFrom(state, trained),
      gradients: Object.fromEntries(trained.map((name, index) => [name, at(gradients, index)])),
      slots: withoutPrefix(state, optimizerPrefix),
      step: get(state, 'step'),
      learningRate: get(batch, 'learningRate'),
    });
    const next = {
      ...updated.parameters,
      ...withPrefix(updated.slots, optimizerPrefix),
      step: tf.add(get(state, 'step'), 1),
    };
    // Without `observe`: the step's rows count once in the model's statistics.
    const after = () => evaluateIn(context)(trained.map((name) => get(next, name))).tasks;
    return {
      state: {
        ...next,
        ...(average === undefined ? {} : averaged(state, next, averagedNames(trained, optimizer), average)),
        ...withPrefix(
          { ...slots, ...(balanced && slotsAfter(balanced.method, given, outputs.tasks, after)) },
          balancingPrefix,
        ),
        ...observed,
      },
      outputs,
    };
  };
}

/** A table that is moved by touched rows is not averaged: an average would change in every row at every step. */
function averagedNames(trained: readonly string[], { lazy }: Optimizer): readonly string[] {
  return trained.filter((name) => !lazy.includes(name));
}

/**
 * The exponential moving average of the parameters, by min(decay, (1 + t) / (10 + t)) after t updates (TensorFlow's
 * `num_updates`): the first steps are forgotten sooner.
 */
function averaged(state: Tensors, next: Tensors, names: readonly string[], decay: number): Tensors {
  const t = get(next, 'step');
  const by = tf.div(tf.add(t, 1), tf.add(t, 10)).minimum(decay);
  return Object.fromEntries(
    names.map((name) => {
      const mean = get(state, averagePrefix + name);
      return [averagePrefix + name, tf.add(tf.mul(mean, by), tf.mul(get(next, name), tf.sub(1, by)))];
    }),
  );
}

/**
 * Outputs: `logits` [outputs, B], and every gate's weights as `gate/<index>` [B, experts]. State: the parameters.
 * @param describe Gets the gates when the step is traced or run.
 */
export function evaluationStep(model: Model, describe: (gates: readonly Gate[]) => void): Step {
  return (state, batch) => {
    const { logits, gates = [] } = model.apply(state, modelInputs(batch), evaluating);
    describe(gates);
    return {
      state: {},
      outputs: { logits, ...Object.fromEntries(gates.map((gate, index) => [`gate/${index}`, gate.weights])) },
    };
  };
}

/** Shapes of a batch of this data: inputs of the model, the loss, the optimizer and the model's noise. */
export function batchArrays(
  dataset: Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'>,
  batchSize: number,
  learningRates = 1,
  noise: NoiseUnits = {},
  { balanced = null }: Extras = {},
) {
  const taskRows = { dtype: 'float32', shape: [dataset.tasks.length, batchSize] } as const;
  const width = batchWidths(dataset);
  const inputs = {
    categorical: { dtype: 'int32', shape: [batchSize, width.categorical] },
    numeric: { dtype: 'float32', shape: [batchSize, width.numeric] },
  } as const;
  const training = {
    ...inputs,
    labels: taskRows,
    mask: taskRows,
    lossWeights: { dtype: 'float32', shape: [dataset.tasks.length] },
    learningRate: { dtype: 'float32', shape: learningRates === 1 ? [] : [learningRates] },
    ...noiseSpecs(noise, batchSize),
    ...Object.fromEntries(
      Object.entries(balanced?.method.noise ?? {}).map(([name, { shape }]): [string, ArraySpec] => [
        balancingPrefix + name,
        { dtype: 'float32', shape },
      ]),
    ),
  } as const satisfies Record<string, ArraySpec>;
  const bytes = 4 * Object.values<ArraySpec>(training).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { inputs, training, bytes };
}

function noiseSpecs(units: NoiseUnits, batchSize: number): Readonly<Record<`noise/${string}`, ArraySpec>> {
  const shapes = Object.entries(noiseShapes(units, batchSize));
  return Object.fromEntries(shapes.map(([name, shape]) => [noisePrefix + name, { dtype: 'float32', shape }]));
}

/** The noise of `batchArrays` for a chunk of steps; the first follows `completedSteps`. */
export function chunkNoise(
  units: NoiseUnits,
  batchSize: number,
  random: Random,
  chunk: { readonly completedSteps: number; readonly steps: number },
): HostArrays {
  const drawn = drawNoise(units, batchSize, random, { first: chunk.completedSteps, steps: chunk.steps });
  return Object.fromEntries(Object.entries(drawn).map(([name, array]) => [noisePrefix + name, array]));
}

/** The draws of the balancing method for these steps, from a stream for each name and step. */
export function chunkBalancingNoise(
  balanced: Balanced | null,
  random: Random,
  { completedSteps, steps }: { readonly completedSteps: number; readonly steps: number },
): HostArrays {
  return Object.fromEntries(
    Object.entries(balanced?.method.noise ?? {}).map(([name, { shape, draw }]) => {
      const drawn = float32([steps, ...shape]);
      const size = elementCount(shape);
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
  { balanced = null, average }: Extras = {},
): HostArrays {
  const trained = trainable(parameters);
  const shared = trained.filter((name) => balanced?.sharing.parts[name] !== 'none');
  const values = Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value]));
  return {
    ...values,
    ...(average === undefined ? {} : withPrefix(pickFrom(values, averagedNames(trained, optimizer)), averagePrefix)),
    ...withPrefix(optimizer.slots(), optimizerPrefix),
    ...withPrefix(balanced?.method.slots(shared) ?? {}, balancingPrefix),
    step: { dtype: 'float32', shape: [], data: new Float32Array(1) },
  };
}

/** How a batch indexes these tables, and what the state keeps for their rows. */
export function rowIndexes(
  { parameters }: Pick<Model, 'parameters'>,
  tables: readonly string[],
  state: HostArrays,
): Readonly<Record<string, RowIndex>> {
  const ofTable = (table: string) => {
    const { rows: parts, shape } = must(parameters[table], table);
    const names = Object.keys(state).filter((name) => name === table || name.endsWith(`/${table}`));
    return names.flatMap((name) =>
      parts && state[name]?.shape[0] === shape[0] ? [[name, { input: 'categorical', parts }] as const] : [],
    );
  };
  return Object.fromEntries(tables.flatMap(ofTable));
}

/** The values that are evaluated: averages of the parameters where the state has them. */
export function evaluatedValues(state: HostArrays, names: readonly string[]): HostArrays {
  return Object.fromEntries(
    names.map((name) => [
      name,
      must(state[averagePrefix + name] ?? state[name], `parameter '${name}' in the engine's state`),
    ]),
  );
}

/** The context in training. @param withRows whether the model needs to know the padding rows */
function trainingContext(batch: Tensors, withRows: boolean): Context {
  const context = { training: true, noise: withoutPrefix(batch, noisePrefix) };
  return withRows ? { ...context, rows: get(batch, 'mask').max(0).greater(0).toFloat() } : context;
}

export function modelInputs(batch: Tensors) {
  return { categorical: get(batch, 'categorical'), numeric: get(batch, 'numeric') };
}

function pickFrom<Value>(values: Readonly<Record<string, Value>>, names: readonly string[]): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, get(values, name)]));
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

function get<Value>(values: Readonly<Record<string, Value>>, name: string): Value {
  return must(values[name], `'${name}' among what the step is given`);
}

function at(tensors: readonly Tensor[], index: number): Tensor {
  return must(tensors[index], `tensor ${index}`);
}
