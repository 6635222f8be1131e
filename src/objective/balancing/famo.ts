import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { float32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { defineBalancing, type Moment } from './balancing.js';
import { dot } from './products.js';
import { trainedVector } from './trained-vector.js';

/** Keeps the logarithm of a loss finite, as in the authors' program. */
const leastLoss = 1e-8;

/**
 * Fast adaptive multitask optimization: Liu, Feng, Stone and Liu, "FAMO" (NeurIPS 2023), algorithm 1. With z = softmax(x),
 *
 *     w_k = K c z_k / L_k,   c = 1 / sum_i z_i / L_i,
 *     x <- x - rate (J' (log L(t) - log L(t + 1)) + decay x),   J the Jacobian of the softmax.
 *
 * The paper's weights sum to 1, these to the number K of tasks with rows in the batch. Adam updates x, as in the authors' program, whose rate is the default. L(t + 1) is the loss of
 * the next batch before its step. On the same batch, as the authors compute it, it would need a second forward pass. The difference has the noise
 * of two batches. The x of a task without rows in one of the two stays, and z is that of the others alone: shares of their sum. A task has
 * weight 0 in a batch without its rows.
 */
export const famo = defineBalancing({
  name: 'famo',
  summary: 'all losses fall at one relative rate: a task that falls more slowly gets more weight',
  source: 'Liu et al. 2023 (FAMO), algorithm 1',
  options: z.strictObject({
    type: z.literal('famo'),
    learningRate: z.number().positive().default(0.025).describe('Of Adam, which trains the logits of the weights.'),
    decay: z.number().nonnegative().default(0.01).describe('Times the logits, it is added to their gradient.'),
  }),
  build({ tasks }, { learningRate, decay }) {
    const zeros = () => float32([tasks.length]);
    const start = tasks.map(() => 0);
    const logits = trainedVector('logits', start, decay);
    const updated = (moment: Moment) => {
      const { losses, present, slots } = moment;
      const both = present.mul(must(slots.seen, 'seen'));
      const gain = logOf(must(slots.losses, 'losses')).sub(logOf(losses)).mul(both);
      const chosen = tf.softmax(logits.value(moment)).mul(both);
      const shares = chosen.div(chosen.sum().maximum(leastLoss));
      const gradient = shares.mul(gain.sub(dot(shares, gain)));
      return logits.next(moment, gradient, tf.scalar(learningRate), both);
    };
    return {
      kind: 'losses',
      noise: {},
      slots: () => ({ ...logits.slots(), losses: zeros(), seen: zeros() }),
      weights(moment) {
        const { losses, present } = moment;
        const shares = tf.softmax(must(updated(moment).logits, 'logits'));
        const raw = shares.div(losses.add(leastLoss)).mul(present);
        return raw.div(raw.sum().maximum(leastLoss)).mul(present.sum());
      },
      next: (moment) => ({ ...updated(moment), losses: moment.losses, seen: moment.present }),
    };
  },
});

function logOf(losses: Tensor): Tensor {
  return losses.add(leastLoss).log();
}
