import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { tf } from '../../support/tf.js';
import { defineBalancing, type Moment } from './balancing.js';
import { dotProduct } from './products.js';
import { trainedVector } from './trained-vector.js';

/** Keeps the logarithm of a loss finite, as in the authors' program. */
const leastLoss = 1e-8;

/**
 * Fast adaptive multitask optimization: Liu, Feng, Stone and Liu, "FAMO" (NeurIPS 2023), algorithm 1. With z =
 * softmax(x),
 *
 *     w_k = K c z_k / L_k,   c = 1 / sum_i z_i / L_i,
 *     x <- x - rate (J' (log L - log L+) + decay x),   J the Jacobian of the softmax.
 *
 * L+ is the loss after the step, on the same rows with the same noise: a second forward pass, as in the authors'
 * program. Adam updates x, by default with that program's rates. The paper's weights sum to 1, these to the number K of
 * tasks with rows in the batch. The program also clips the gradient of the shared parameters at length 1; here
 * `clipNorm` of the optimizer does that.
 *
 * A task without rows in the batch has weight 0, and its x stays. z is then that of the others alone: shares of their
 * sum.
 */
export const famo = defineBalancing({
  name: 'famo',
  summary: 'all losses fall at one relative rate: slower tasks get more weight',
  source: 'Liu et al. 2023 (FAMO), algorithm 1',
  revision: 2,
  options: z.strictObject({
    type: z.literal('famo'),
    learningRate: z.number().positive().default(0.025).describe('Of Adam, which trains the weights.'),
    decay: z
      .number()
      .nonnegative()
      .default(0.01)
      .describe('The L2 decay of the weights’ logits, added to their gradient.'),
  }),
  build({ tasks }, { learningRate, decay }) {
    const start = tasks.map(() => 0);
    const logits = trainedVector('logits', start, decay);
    const presentShares = (moment: Moment) => {
      const chosen = tf.softmax(logits.value(moment)).mul(moment.present);
      return chosen.div(chosen.sum().maximum(leastLoss));
    };
    return {
      kind: 'losses',
      noise: {},
      slots: logits.slots,
      weights(moment) {
        const { losses, present } = moment;
        const raw = presentShares(moment).div(losses.add(leastLoss));
        return raw.div(raw.sum().maximum(leastLoss)).mul(present.sum());
      },
      next: () => ({}),
      afterStep(moment, losses) {
        const { present } = moment;
        const gain = safeLog(moment.losses).sub(safeLog(losses)).mul(present);
        const shares = presentShares(moment);
        const gradient = shares.mul(gain.sub(dotProduct(shares, gain)));
        return logits.next(moment, gradient, tf.scalar(learningRate), present);
      },
    };
  },
});

function safeLog(losses: Tensor): Tensor {
  return losses.add(leastLoss).log();
}
