import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';

/**
 * Smooth Tchebycheff scalarization: Lin, Zhang, Yang, Liu, Wang and Zhang, "Smooth Tchebycheff scalarization for
 * multi-objective optimization" (ICML 2024). With preferences lambda, which are the config's loss weights, and ideal
 * losses z*,
 *
 *     g = mu log sum_k exp(lambda_k (L_k - z*_k) / mu),
 *
 * a smooth maximum. So the weights of lambda_k L_k are the softmax of lambda (L - z*) / mu. They sum to 1; here to the
 * number of tasks with rows in the batch, which is the factor of the authors' program. That program also replaces the
 * losses by the logarithm of their ratio to the losses of its fifth epoch. The paper does not have that, nor is it here.
 */
export const stch = defineBalancing({
  name: 'stch',
  summary: 'smooth Tchebycheff: a smooth maximum of the weighted losses',
  source: 'Lin et al. 2024 (STCH)',
  options: z.strictObject({
    type: z.literal('stch'),
    mu: z
      .number()
      .min(0.001)
      .default(0.1)
      .describe('μ, in units of the weighted losses. Smaller: more weight on the largest.'),
    ideal: z
      .record(z.string().describe('task'), z.number())
      .default({})
      .describe('`{ <task>: loss }`: z*, which is subtracted from the loss, such as that of single-task. Others: 0.'),
  }),
  build({ tasks }, { mu, ideal }) {
    const names = tasks.map(({ name }) => name);
    const unknown = Object.keys(ideal).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new ConfigError(
        `loss.balancing.ideal: no such task '${unknown}'${didYouMean(unknown, names)}; there are: ${names.join(', ')}.`,
      );
    }
    const least = names.map((name) => new Map(Object.entries(ideal)).get(name) ?? 0);
    return {
      kind: 'losses',
      noise: {},
      slots: () => ({}),
      weights({ losses, present, lossWeights }) {
        // A task of weight 0 would have a share, and no gradient.
        const here = present.mul(lossWeights.greater(0).toFloat());
        const excess = losses.sub(tf.tensor1d(least)).mul(lossWeights).div(mu);
        return shares(excess, here).mul(here.sum());
      },
      next: () => ({}),
    };
  },
});

/** The softmax of the values that are chosen (1, others 0). */
function shares(values: Tensor, chosen: Tensor): Tensor {
  const largest = tf.where(chosen.greater(0), values, tf.fill(values.shape, -3e38)).max();
  const powers = tf.exp(values.sub(largest).minimum(0)).mul(chosen);
  return powers.div(powers.sum().maximum(1e-30));
}
