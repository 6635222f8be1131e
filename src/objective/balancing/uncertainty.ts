import { z } from 'zod';
import { tf } from '../../support/tf.js';
import { defineBalancing, type Moment } from './balancing.js';
import { trainedVector } from './trained-vector.js';

/**
 * Kendall, Gal and Cipolla, "Multi-task learning using uncertainty to weigh losses for scene geometry and semantics"
 * (CVPR 2018). With s_k = log sigma_k^2, which starts at 0, the joint loss is
 *
 *     sum_k c_k exp(-s_k) L_k + s_k / 2,   c = 1/2 for regression (equation 7), 1 for classification (equation 10).
 *
 * So the weights are c exp(-s). The s are trained by Adam at the model's learning rate. They see losses without the
 * config's weights, which they would undo: c exp(-s) tends to 1 / (2 L). A batch without rows of a task leaves its s to
 * Adam's momentum.
 */
export const uncertainty = defineBalancing({
  name: 'uncertainty',
  summary: 'weights are inverse variances, which are trained with the model',
  source: 'Kendall et al. 2018, eq. 7 and 10',
  options: z.strictObject({ type: z.literal('uncertainty') }),
  build({ tasks }) {
    const start = tasks.map(() => 0);
    const logVariance = trainedVector('logVariance', start);
    const factors = tasks.map(({ type }) => (type === 'regression' ? 0.5 : 1));
    const weights = (moment: Moment) => logVariance.value(moment).neg().exp().mul(tf.tensor1d(factors));
    return {
      kind: 'losses',
      noise: {},
      slots: logVariance.slots,
      weights,
      next(moment) {
        const { losses, present, learningRate } = moment;
        const gradient = weights(moment).mul(losses).neg().add(0.5).mul(present);
        return logVariance.next(moment, gradient, learningRate);
      },
    };
  },
});
