import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { stepCount } from '../../config/count.js';
import { float32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { defineBalancing, type Moment } from './balancing.js';
import { diagonal, dotProduct, leastSquare, linear } from './products.js';
import { trainedVector } from './trained-vector.js';

/** No weight falls below it: Adam's step could make one negative. */
const leastWeight = 1e-3;

/**
 * Chen, Badrinarayanan, Lee and Rabinovich, "GradNorm: gradient normalization for adaptive loss balancing in deep
 * multitask networks" (ICML 2018), algorithm 1. G_k = v_k ||g_k|| is the length of task k's weighted gradient, r_k =
 * (L_k / L_k(0)) / mean of these its relative inverse training rate. The weights v are trained to lower
 *
 *     sum_k | G_k - mean(G) r_k^alpha |   (equation 2; mean(G) r^alpha is constant),
 *
 * and are divided to sum to K. A step uses the old weights. They also weigh each task's own parameters, as in the
 * paper.
 *
 * ||g_k|| is taken over the weights of the last layer that tasks share, as the paper chooses. L_k(0) is the task's loss
 * in the first batch that has its rows. With small batches or a rare task, one batch is too noisy. The paper's remedy,
 * log C, is for cross entropy alone. `initialSteps` takes the mean over more batches, for any loss; until then a task
 * keeps its v. Left open in the paper, chosen here: Adam trains v. Tasks without rows in a batch keep their v, and the
 * means leave them out.
 */
export const gradnorm = defineBalancing({
  name: 'gradnorm',
  summary: 'trained weights give the tasks’ gradients one length, longer for tasks that lag behind',
  source: 'Chen et al. 2018, algorithm 1',
  options: z.strictObject({
    type: z.literal('gradnorm'),
    alpha: z
      .number()
      .nonnegative()
      .default(1.5)
      .describe('How strongly tasks that lag behind are pulled. 0: gradients of one length.'),
    learningRate: z.number().positive().default(0.025).describe('Of Adam, which trains the weights.'),
    over: z
      .enum(['last', 'all'])
      .default('last')
      .describe('Whose gradients are measured: the last shared layer’s weights, or all shared parameters.'),
    initialSteps: stepCount()
      .default(1)
      .describe('First batches whose mean loss a task’s progress is measured against. 1: as in the paper.'),
  }),
  undoesWeights: () => true,
  build({ tasks }, { alpha, learningRate, over, initialSteps }) {
    const start = tasks.map(() => 1);
    const trained = trainedVector('weights', start);
    return {
      kind: 'gradients',
      noise: {},
      slots: () => ({ ...trained.slots(), first: float32([tasks.length]), seen: float32([tasks.length]) }),
      combine(moment) {
        const [seen, first] = initialLosses(moment, initialSteps);
        const present = moment.present.mul(seen.greaterEqual(initialSteps).toFloat());
        const losses = moment.losses.mul(present);
        const count = present.sum().maximum(1);
        const weights = trained.value(moment);
        const measured = over === 'all' ? moment.products : tf.addN(moment.lastShared.map(moment.parameterProducts));
        const lengths = diagonal(measured).sqrt();
        const weighted = weights.mul(lengths).mul(present);
        const progress = losses.div(first.maximum(leastSquare));
        const rates = progress.div(progress.sum().div(count).maximum(leastSquare));
        const wanted = rates.pow(alpha).mul(weighted.sum().div(count));
        const excess = weighted.sub(wanted);
        // Its sign, 0 at 0.
        const sign = excess.greater(0).toFloat().sub(excess.less(0).toFloat());
        const next = trained.next(moment, sign.mul(lengths).mul(present), tf.scalar(learningRate), present);
        // The weights of present tasks keep their sum, so that all sum to K.
        const positive = must(next.weights, 'weights').maximum(leastWeight).mul(present);
        const scaled = positive.div(positive.sum().maximum(leastWeight)).mul(dotProduct(weights, present));
        const summed = tf.where(present.greater(0), scaled, weights);
        return { mix: linear(weights), own: weights, weights, slots: { ...next, weights: summed, first, seen } };
      },
    };
  },
});

/** The number of batches that had rows of each task, up to `steps`, and the mean loss in them; with this batch. */
function initialLosses({ losses, present, slots }: Moment, steps: number): [seen: Tensor, first: Tensor] {
  const [before, first] = [must(slots.seen, 'seen'), must(slots.first, 'first')];
  const counts = present.mul(before.less(steps).toFloat());
  const seen = before.add(counts);
  return [seen, first.add(losses.sub(first).mul(counts).div(seen.maximum(1)))];
}
