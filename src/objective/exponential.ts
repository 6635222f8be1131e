import { z } from 'zod';
import { defineWeightSchedule } from './weight-schedule.js';

/**
 * w_k(t) = w_k,0 * gamma_k^t (the PLE paper, equation 10). Its prose updates "after each step", its definition says
 * that t is the training epoch: both are offered.
 */
export const exponential = defineWeightSchedule({
  name: 'exponential',
  summary: "each task's weight is initial * ratio^t, t being completed epochs or steps",
  options: z.strictObject({
    type: z.literal('exponential'),
    unit: z.enum(['epoch', 'step']).default('epoch').describe('What t counts: completed epochs or steps, from 0.'),
  }),
  build: (weights, { unit }) => ({
    weights: (completedEpochs, completedSteps) => {
      const t = unit === 'epoch' ? completedEpochs : completedSteps;
      return weights.map(({ initial, ratio }) => initial * ratio ** t);
    },
  }),
});
