import { z } from 'zod';
import { epochCount } from '../../support/count.js';
import { waitedFor } from '../../support/patience.js';
import { defineLearningRateSchedule } from './learning-rate-schedule.js';

/**
 * PyTorch's `ReduceLROnPlateau` with mode='max', threshold_mode='abs' and eps=0: `ratio` is its factor, `minDelta` its
 * threshold, and `minimum` its min_lr as part of the learning rate. As there, `patience` epochs may pass without a
 * better score, and the next one lowers the learning rate.
 */
export const plateau = defineLearningRateSchedule({
  name: 'plateau',
  summary: 'the learning rate is multiplied by a factor when the selection score stops rising (ReduceLROnPlateau)',
  options: z.strictObject({
    type: z.literal('plateau'),
    ratio: z.number().positive().lt(1).default(0.1).describe('The factor of each reduction.'),
    patience: epochCount(0)
      .default(10)
      .describe('This many epochs may pass without a better score. The next one lowers the learning rate.'),
    minDelta: z
      .number()
      .nonnegative()
      .default(0)
      .describe('A score is better if it exceeds the best by more than this.'),
    minimum: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('The learning rate falls no lower than this factor of `learningRate`.'),
  }),
  build: ({ ratio, patience, minDelta, minimum }) => ({
    factor: (_step, { reductions }) => Math.max(minimum, ratio ** reductions),
    follow({ reductions, ...before }, score) {
      const wait = waitedFor(before, score, minDelta);
      return wait.waited > patience ? { ...wait, waited: 0, reductions: reductions + 1 } : { ...wait, reductions };
    },
  }),
});
