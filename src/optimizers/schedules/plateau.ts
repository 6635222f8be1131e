import { z } from 'zod';
import { epochCount } from '../../config/count.js';
import { haveWaited, waitedFor } from '../../support/patience.js';
import { defineLearningRateSchedule } from './learning-rate-schedule.js';

/**
 * PyTorch's `ReduceLROnPlateau` with mode='max', threshold_mode='abs' and eps=0: `ratio` is its factor, `minDelta` its
 * threshold, and `minimum` its min_lr as part of the learning rate. As there, `patience` epochs may pass without a
 * better score, and the next one lowers the learning rate. A score is better if that of any task is.
 */
export const plateau = defineLearningRateSchedule({
  name: 'plateau',
  summary: 'the learning rate is multiplied by a factor when no task’s score rises any more (ReduceLROnPlateau)',
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
      .describe('A score is better if it exceeds the best by more than this, in units of the score.'),
    minimum: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('The learning rate falls no lower than this factor of `learningRate`.'),
  }),
  build: ({ ratio, patience, minDelta, minimum }) => ({
    factor: (_step, { reductions }) => Math.max(minimum, ratio ** reductions),
    follow({ waits, reductions }, scores) {
      const after = waits.map((wait, task) => waitedFor(wait, scores[task] ?? null, minDelta));
      if (!haveWaited(after, patience + 1)) return { waits: after, reductions };
      return { waits: after.map(({ best }) => ({ best, waited: 0 })), reductions: reductions + 1 };
    },
  }),
});
