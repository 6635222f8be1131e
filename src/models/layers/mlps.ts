import type { Tensor } from '@tensorflow/tfjs';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import {
  filled,
  glorot,
  type Layer,
  type ModelTask,
  named,
  namesOf,
  type ParameterStart,
  type Pass,
  zeroBias,
} from '../model.js';
import { type CommonOptions, dropoutRates } from '../options.js';
import { addBias, byStream, type Features, pick, product, withGradient } from './axes.js';
import { dropout } from './noise.js';

export interface Mlps extends Layer {
  /** Features of each member's output. */
  readonly width: number;
  /**
   * @param input one input that all members read, or streams
   * @param reads with streams: for each member the index of the stream that it reads; left out: one stream per member
   * @returns a stream per member
   */
  apply(pass: Pass, input: Features, reads?: readonly number[]): Features;
}

/**
 * One MLP per member, of equal widths and each with weights of its own, computed together: one batched product per layer. A layer is
 * linear, then normalisation, activation and dropout as the options say.
 *
 * Parameters `<name>.<layer>.weight` [members, outputs, inputs] and `.bias` [members, 1, outputs]; with layer normalisation `.gain` and
 * `.shift` [members, 1, outputs]; with prelu `.slope` [members, 1, 1].
 */
export function mlps(
  name: string,
  members: readonly string[],
  inputs: number,
  widths: readonly number[],
  options: CommonOptions,
): Mlps {
  const parameters: Record<string, ParameterStart> = {};
  const noise: Record<string, readonly [number, number]> = {};
  const rate = dropoutRates(options).layers;
  const normalizes = options.normalization === 'layer';
  const layers = widths.map((_, index) => `${name}.${index}`);
  for (const [index, width] of widths.entries()) {
    const layer = `${name}.${index}`;
    parameters[`${layer}.weight`] = glorot(members, widths[index - 1] ?? inputs, width);
    parameters[`${layer}.bias`] = zeroBias(members, width);
    if (normalizes) {
      parameters[`${layer}.gain`] = filled([members.length, 1, width], 1);
      parameters[`${layer}.shift`] = zeroBias(members, width);
    }
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
        hidden = product(hidden, named(values, `${layer}.weight`));
        hidden = addBias(hidden, named(values, `${layer}.bias`));
        if (normalizes) {
          hidden = tf.mul(normalized(hidden), perFeature(named(values, `${layer}.gain`)));
          hidden = addBias(hidden, named(values, `${layer}.shift`));
        }
        hidden = activations[options.activation](hidden, values[`${layer}.slope`]);
        hidden = dropout(hidden, rate, layer, context);
      }
      return hidden;
    },
  };
}

export interface Towers extends Layer {
  /** @returns logits [tasks, batch], of one input that all towers read, or a stream per task. */
  apply(pass: Pass, input: Features): Tensor;
}

/** One tower per task, computed together: hidden layers of the widths `tower`, then the linear logit layer `<name>.logit`. */
export function towers(name: string, tasks: readonly ModelTask[], inputs: number, options: CommonOptions): Towers {
  const members = namesOf(tasks);
  const hidden = mlps(name, members, inputs, options.tower, options);
  return {
    parameters: {
      ...hidden.parameters,
      [`${name}.logit.weight`]: glorot(members, hidden.width, 1),
      [`${name}.logit.bias`]: zeroBias(members, 1),
    },
    noise: hidden.noise,
    apply(pass, input) {
      const made = product(hidden.apply(pass, input), named(pass.parameters, `${name}.logit.weight`));
      return byStream(addBias(made, named(pass.parameters, `${name}.logit.bias`)));
    },
  };
}

const activations: Readonly<Record<CommonOptions['activation'], (x: Features, slope?: Tensor) => Features>> = {
  relu: (x) => tf.relu(x),
  /** x Phi(x), Phi being the normal distribution function. */
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  tanh: (x) => tf.tanh(x),
  prelu: (x, slope) => tf.sub(tf.relu(x), tf.mul(tf.relu(tf.neg(x)), perFeature(must(slope, 'slope of prelu')))),
};

/** Of prelu, as in PyTorch. */
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

/** Added to the variance, as in PyTorch. */
const epsilon = 1e-5;

/** [members, 1, width] as streams have it. */
function perFeature(values: Tensor): Tensor {
  const [members = 0, , width = 0] = values.shape;
  return values.reshape([1, members, width, 1]);
}
