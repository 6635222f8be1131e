import type { Tensor } from '@tensorflow/tfjs';
import { batchWidths, type Dataset } from '../data/dataset.js';
import type { ArraySpec, RowIndex, Step, Tensors } from '../engine/engine.js';
import { drawNoise, drawSteps, noiseShapes, type Steps } from '../models/layers/noise.js';
import {
  type Context,
  evaluating,
  type Gate,
  type Model,
  type NoiseUnits,
  type Parameters,
  trainable,
  trainingStarts,
} from '../models/model.js';
import type { JointLoss } from '../objective/joint-loss.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { elementCount, float32, type HostArrays } from '../support/arrays.js';
import { must } from '../support/must.js';
import type { Random } from '../support/random.js';
import { mapValues, recordOf, withoutPrefix, withPrefix } from '../support/records.js';
import { tf } from '../support/tf.js';
import { jointGradients, type MethodInputs, predictionLosses, slotsAfter } from './gradients/step-gradients.js';
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
 * `step` (completed steps, float32 scalar); with `average` also `average/<parameter>`. Batch: the data's arrays,
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
  const starts = trainingStarts(model);
  const trained = names.filter((name) => starts[name]?.kind !== 'statistic');
  return (state, batch) => {
    const observed: Record<string, Tensor> = {};
    const context = trainingContext(batch, trained.length < names.length);
    const observe = (name: string, value: Tensor) => {
      observed[name]?.dispose(); // the value of another task's pass
      observed[name] = tf.keep(value); // read outside of the differentiated function
    };
    const lossesIn = (context: Context) => (values: readonly Tensor[]) => {
      const parameters = { ...state, ...byName(trained, values) };
      return predictionLosses(loss, model.apply(parameters, modelInputs(batch), context), lossInputs(batch));
    };
    const lossesOf = lossesIn({ ...context, observe });
    const before = valuesOf(state, trained);
    const inputs = methodInputs(state, batch);
    const direction = balanced
      ? balancedGradients(balanced, lossesOf, before, trained, inputs)
      : jointGradients(lossesOf, before);
    const { outputs, slots } = direction;
    const gradients = byName(direction.names ?? trained, direction.gradients);
    const next = updatedState(optimizer, state, batch, gradients);
    const averages = average === undefined ? {} : averaged(state, next, averagedNames(trained, optimizer), average);
    // Without `observe`: the step's rows count once in the model's statistics.
    const lossesAfter = () => lossesIn(context)(valuesOf(next, trained)).tasks;
    const slotsThen = { ...slots, ...(balanced && slotsAfter(balanced.method, inputs, outputs.tasks, lossesAfter)) };
    return {
      state: { ...next, ...averages, ...withPrefix(slotsThen, balancingPrefix), ...observed },
      outputs,
    };
  };
}

function lossInputs(batch: Tensors) {
  return { labels: get(batch, 'labels'), mask: get(batch, 'mask'), lossWeights: get(batch, 'lossWeights') };
}

/** What a balancing method reads besides the losses. */
function methodInputs(state: Tensors, batch: Tensors): MethodInputs {
  return {
    lossWeights: get(batch, 'lossWeights'),
    slots: withoutPrefix(state, balancingPrefix),
    noise: withoutPrefix(batch, balancingPrefix),
    step: get(state, 'step'),
    learningRate: get(batch, 'learningRate'),
  };
}

/** Parameters, the optimizer's slots and the number of steps after an update by these gradients. */
function updatedState(optimizer: Optimizer, state: Tensors, batch: Tensors, gradients: Tensors): Tensors {
  const { parameters, slots } = optimizer.update({
    parameters: state,
    gradients,
    slots: withoutPrefix(state, optimizerPrefix),
    step: get(state, 'step'),
    learningRate: get(batch, 'learningRate'),
  });
  return { ...parameters, ...withPrefix(slots, optimizerPrefix), step: tf.add(get(state, 'step'), 1) };
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
  const means = recordOf(names, (name) => {
    const mean = get(state, averagePrefix + name);
    return tf.add(tf.mul(mean, by), tf.mul(get(next, name), tf.sub(1, by)));
  });
  return withPrefix(means, averagePrefix);
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
      outputs: { logits, ...Object.fromEntries(gates.map(({ weights }, index) => [`gate/${index}`, weights])) },
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
  const taskRows = floats([dataset.tasks.length, batchSize]);
  const width = batchWidths(dataset);
  const inputs = {
    categorical: { dtype: 'int32', shape: [batchSize, width.categorical] },
    numeric: floats([batchSize, width.numeric]),
  } as const;
  const training = {
    ...inputs,
    labels: taskRows,
    mask: taskRows,
    lossWeights: floats([dataset.tasks.length]),
    learningRate: floats(learningRates === 1 ? [] : [learningRates]),
    ...withPrefix(mapValues(noiseShapes(noise, batchSize), floats), noisePrefix),
    ...withPrefix(
      mapValues(balanced?.method.noise ?? {}, ({ shape }) => floats(shape)),
      balancingPrefix,
    ),
  };
  const bytes = 4 * Object.values<ArraySpec>(training).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { inputs, training, bytes };
}

function floats(shape: readonly number[]): ArraySpec {
  return { dtype: 'float32', shape };
}

/** Draws the noise of `batchArrays` for a chunk. */
export function chunkNoise(units: NoiseUnits, batchSize: number, random: Random, chunk: Steps): HostArrays {
  return withPrefix(drawNoise(units, batchSize, random, chunk), noisePrefix);
}

/** The draws of the balancing method for a chunk, from a stream for each name and step. */
export function chunkBalancingNoise(balanced: Balanced | null, random: Random, chunk: Steps): HostArrays {
  const drawn = mapValues(balanced?.method.noise ?? {}, ({ shape, draw }, name) =>
    drawSteps(shape, random.stream(name), chunk, draw),
  );
  return withPrefix(drawn, balancingPrefix);
}

/** The state before the first step. */
export function initialState(
  parameters: Parameters,
  optimizer: Optimizer,
  { balanced = null, average }: Extras = {},
): HostArrays {
  const trained = trainable(parameters);
  const shared = trained.filter((name) => balanced?.sharing.reach[name] !== 'none');
  const values = mapValues(parameters, ({ value }) => value);
  const averages = average === undefined ? [] : averagedNames(trained, optimizer);
  const means = recordOf(averages, (name) => get(values, name));
  return {
    ...values,
    ...withPrefix(means, averagePrefix),
    ...withPrefix(optimizer.slots(), optimizerPrefix),
    ...withPrefix(balanced?.method.slots(shared) ?? {}, balancingPrefix),
    step: float32([]),
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
  return recordOf(names, (name) =>
    must(state[averagePrefix + name] ?? state[name], `parameter '${name}' in the engine's state`),
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

function valuesOf(tensors: Tensors, names: readonly string[]): readonly Tensor[] {
  return names.map((name) => get(tensors, name));
}

export function byName(names: readonly string[], tensors: readonly Tensor[]): Tensors {
  return recordOf(names, (name, index) => must(tensors[index], name));
}

function get<Value>(values: Readonly<Record<string, Value>>, name: string): Value {
  return must(values[name], `'${name}' among what the step is given`);
}
