import type { Tensor } from '@tensorflow/tfjs';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { type Context, type ParameterStarts, parameterNamed } from '../model.js';
import { type Features, presentRows, withGradient } from './axes.js';

/** Added to the variance, as in PyTorch. */
export const epsilon = 1e-5;
/** The weight of a step's mean and variance in the running ones, as in PyTorch. */
const momentum = 0.1;

/** The running mean and variance of a layer's features, [members, 1, width] each. */
export function batchStatistics(layer: string, members: readonly string[], width: number): ParameterStarts {
  const statistic = (value: number) => ({
    shape: [members.length, 1, width],
    kind: 'statistic' as const,
    start: (values: Float32Array) => void values.fill(value),
  });
  return { [`${layer}.mean`]: statistic(0), [`${layer}.variance`]: statistic(1) };
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of streams, without gain and shift: in training by the mean and variance
 * of the batch, else by the running ones. Rows that only fill the batch count in neither. The running variance is the
 * unbiased one, as in PyTorch.
 */
export function batchNormalized(
  features: Features,
  layer: string,
  values: Readonly<Record<string, Tensor>>,
  { training, rows, observe }: Context,
): Features {
  const [mean, variance] = [parameterNamed(values, `${layer}.mean`), parameterNamed(values, `${layer}.variance`)];
  if (!training) return tf.mul(tf.sub(features, perFeature(mean)), inverseRoot(perFeature(variance)));
  const realRows = must(rows, 'rows of the batch');
  return withGradient(
    [features],
    (x) => {
      const real = overRows(realRows);
      const centre = real.mean(x);
      const spread = real.mean(tf.square(tf.sub(x, centre)));
      const unbiased = tf.mul(spread, tf.div(real.count, tf.maximum(tf.sub(real.count, 1), 1)));
      observe?.(`${layer}.mean`, moved(mean, centre));
      observe?.(`${layer}.variance`, moved(variance, unbiased));
      return tf.mul(tf.sub(x, centre), inverseRoot(spread));
    },
    (dy, x) => {
      const { present, mean, sum, count } = overRows(realRows);
      const centred = tf.sub(x, mean(x));
      const scale = inverseRoot(mean(tf.square(centred)));
      const y = tf.mul(centred, scale);
      const through = tf.add(sum(dy), tf.mul(y, sum(tf.mul(dy, y))));
      return [tf.mul(tf.sub(dy, tf.mul(through, tf.div(present, count))), scale)];
    },
  );
}

function inverseRoot(variance: Tensor): Tensor {
  return tf.rsqrt(tf.add(variance, epsilon));
}

/** Sums and means over the real rows, [1, members, width, 1]. tfjs computes this again in a backward pass. */
function overRows(rows: Tensor) {
  const present = presentRows(rows);
  const count = tf.sum(present);
  const sumByChannel = (x: Tensor) => tf.sum(tf.sum(x, 3, true), 0, true);
  return {
    present,
    count,
    sum: sumByChannel,
    mean: (x: Tensor) => tf.div(sumByChannel(tf.mul(x, present)), count),
  };
}

/** A running statistic after a step's value of it. */
function moved(running: Tensor, value: Tensor): Tensor {
  return tf.add(tf.mul(running, 1 - momentum), tf.mul(value, momentum).reshape(running.shape));
}

/** [members, 1, width] as streams have it. */
export function perFeature(values: Tensor): Tensor {
  const [members = 0, , width = 0] = values.shape;
  return values.reshape([1, members, width, 1]);
}
