import type { Tensor } from '@tensorflow/tfjs';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import {
  type ForwardPass,
  filled,
  glorot,
  type Layer,
  type ModelTask,
  namesOf,
  type ParameterStart,
  parameterNamed,
  zeroBias,
} from '../model.js';
import { type CommonOptions, dropoutRates } from '../options.js';
import { addBias, byStream, type Features, pick, product, reordered, withGradient } from './axes.js';
import { batchNormalized, batchStatistics, epsilon, perFeature } from './batch-normalization.js';
import { dropout } from './noise.js';

export interface Mlps extends Layer {
  /** Number of features of each member's output. */
  readonly width: number;
  /**
   * @param input one input that all members read, or streams
   * @param reads with streams: for each member the index of the stream that it reads; left out: one stream per member
   * @returns a stream per member
   */
  apply(pass: ForwardPass, input: Features, reads?: readonly number[]): Features;
}

/**
 * One MLP per member, of equal widths and each with weights of its own, computed together: one batched product per
 * layer. A layer is linear, then normalisation, activation and dropout as the options say.
 *
 * Parameters `<name>.<layer>.weight` [members, outputs, inputs] and `.bias` [members, 1, outputs]; with normalisation
 * `.gain` and `.shift` [members, 1, outputs]; with prelu `.slope` [members, 1, 1].
 * @param first the number of the first layer: the layers before it are another part of the MLP
 */
export function mlps(
  name: string,
  members: readonly string[],
  inputs: number,
  widths: readonly number[],
  options: CommonOptions,
  first = 0,
): Mlps {
  const parameters: Record<string, ParameterStart> = {};
  const noise: Record<string, readonly [number, number]> = {};
  const rate = dropoutRates(options).layers;
  const normalizes = options.normalization !== 'none';
  const byBatch = options.normalization === 'batch';
  const layers = widths.map((_, index) => `${name}.${first + index}`);
  for (const [index, width] of widths.entries()) {
    const layer = `${name}.${first + index}`;
    parameters[`${layer}.weight`] = glorot(members, widths[index - 1] ?? inputs, width);
    parameters[`${layer}.bias`] = zeroBias(members, width);
    if (normalizes) {
      parameters[`${layer}.gain`] = filled([members.length, 1, width], 1);
      parameters[`${layer}.shift`] = zeroBias(members, width);
    }
    if (byBatch) Object.assign(parameters, batchStatistics(layer, members, width));
    if (options.activation === 'prelu') parameters[`${layer}.slope`] = filled([members.length, 1, 1], startingSlope);
    if (rate > 0) noise[layer] = [members.length, width];
  }
  return {
    parameters,
    noise,
    width: widths.at(-1) ?? inputs,
    apply({ parameters: values, context }, input, reads) {
      let hidden = reads && input.rank === 4 ? pick(input, reads) : input;
      for (const layer of layers) {
        hidden = product(hidden, parameterNamed(values, `${layer}.weight`));
        hidden = addBias(hidden, parameterNamed(values, `${layer}.bias`));
        if (normalizes) {
          const unit = byBatch ? batchNormalized(hidden, layer, values, context) : normalized(hidden);
          hidden = tf.mul(unit, perFeature(parameterNamed(values, `${layer}.gain`)));
          hidden = addBias(hidden, parameterNamed(values, `${layer}.shift`));
        }
        hidden = activations[options.activation](hidden, values[`${layer}.slope`]);
        hidden = dropout(hidden, rate, layer, context);
      }
      return hidden;
    },
  };
}

export interface Towers extends Layer {
  /** @returns logits [outputs, batch], of one input that all towers read, or a stream per task. */
  apply(pass: ForwardPass, input: Features): Tensor;
}

/**
 * One tower per task, computed together: hidden layers of the widths `tower`, then the linear logit layer
 * `<name>.logit`. Each multiclass task has a logit layer of its own, `<name>.logit.<task>`, with an output per class.
 * @param first See `mlps`.
 */
export function towers(
  name: string,
  tasks: readonly ModelTask[],
  inputs: number,
  options: CommonOptions,
  first = 0,
): Towers {
  const hidden = mlps(name, namesOf(tasks), inputs, options.tower, options, first);
  const logitLayers = groupLogitLayers(name, tasks);
  const starts = logitLayers.map(({ layer, members, outputs }) => ({
    [`${layer}.weight`]: glorot(members, hidden.width, outputs),
    [`${layer}.bias`]: zeroBias(members, outputs),
  }));
  return {
    parameters: Object.assign({}, hidden.parameters, ...starts),
    noise: hidden.noise,
    apply(pass, input) {
      const features = hidden.apply(pass, input);
      const logits = logitLayers.map(({ layer, members }) => {
        const streams = members.map((member) => tasks.findIndex((task) => task.name === member));
        const read = features.rank === 4 ? pick(features, streams) : features;
        const linear = product(read, parameterNamed(pass.parameters, `${layer}.weight`));
        return byStream(addBias(linear, parameterNamed(pass.parameters, `${layer}.bias`)));
      });
      const [first] = logits;
      if (first && logits.length === 1) return first;
      const order = logitLayers.flatMap(({ members }) => members);
      return inTaskOrder(tf.concat(logits), order, tasks);
    },
  };
}

interface LogitLayer {
  readonly layer: string;
  readonly members: readonly string[];
  readonly outputs: number;
}

/** One layer for all tasks with one output, then one for each other task. */
function groupLogitLayers(name: string, tasks: readonly ModelTask[]): readonly LogitLayer[] {
  const single = tasks.filter(({ outputs = 1 }) => outputs === 1);
  const multiclass = tasks.flatMap(({ name: task, outputs = 1 }) =>
    outputs === 1 ? [] : [{ layer: `${name}.logit.${task}`, members: [task], outputs }],
  );
  if (single.length === 0) return multiclass;
  return [{ layer: `${name}.logit`, members: namesOf(single), outputs: 1 }, ...multiclass];
}

/** Logits [outputs, batch] of all tasks in the order of `tasks`. @param before the order that they have */
export function inTaskOrder(logits: Tensor, before: readonly string[], tasks: readonly ModelTask[]): Tensor {
  const outputCount = (name: string) =>
    must(
      tasks.find((task) => task.name === name),
      `task '${name}'`,
    ).outputs ?? 1;
  const owners = before.flatMap((name) => Array.from({ length: outputCount(name) }, () => name));
  const order = tasks.flatMap(({ name }) => [...owners.keys()].filter((row) => owners[row] === name));
  return reordered(logits, order);
}

const activations: Readonly<Record<CommonOptions['activation'], (x: Features, slope?: Tensor) => Features>> = {
  relu: (x) => tf.relu(x),
  /** x Phi(x), Phi being the normal distribution function. */
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  tanh: (x) => tf.tanh(x),
  prelu: (x, slope) => tf.sub(tf.relu(x), tf.mul(tf.relu(tf.neg(x)), perFeature(must(slope, 'slope of prelu')))),
};

/** prelu's slope at the start, as in PyTorch. */
const startingSlope = 0.25;

/** Layer normalisation (Ba et al. 2016): each member's features of a row have mean 0 and variance 1. */
function normalized(features: Features): Features {
  const over = (x: Tensor) => tf.mean(x, 2, true);
  const centred = (x: Tensor) => tf.sub(x, over(x));
  const scale = (x: Tensor) => tf.rsqrt(tf.add(over(tf.square(centred(x))), epsilon));
  return withGradient(
    [features],
    (x) => tf.mul(centred(x), scale(x)),
    (dy, x) => {
      const y = tf.mul(centred(x), scale(x));
      return [tf.mul(tf.sub(tf.sub(dy, over(dy)), tf.mul(y, over(tf.mul(dy, y)))), scale(x))];
    },
  );
}
