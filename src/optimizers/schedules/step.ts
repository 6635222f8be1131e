import { z } from 'zod';
import { epochCount } from '../../config/count.js';
import { defineLearningRateSchedule } from './learning-rate-schedule.js';

/** PyTorch's `StepLR` (`every` is its step_size) and `MultiStepLR` (`at` is its milestones); `ratio` is gamma. */
export const step = defineLearningRateSchedule({
  name: 'step',
  summary: 'the learning rate is multiplied by a factor at regular or given epochs (StepLR, MultiStepLR)',
  options: z
    .strictObject({
      type: z.literal('step'),
      every: epochCount().optional().describe('Epochs between two reductions (`StepLR`). Give this or `at`.'),
      at: z.array(epochCount()).min(1).optional().describe('The completed epochs of the reductions (`MultiStepLR`).'),
      ratio: z.number().positive().max(1).default(0.1).describe('The factor of each reduction.'),
    })
    .refine(({ every, at }) => (every === undefined) !== (at === undefined), {
      error: 'name either every (epochs between two reductions) or at (a list of epochs)',
    }),
  build: ({ every, at, ratio }, { stepsPerEpoch }) => ({
    factor(step) {
      const epochs = Math.floor(step / stepsPerEpoch); // completed
      const reductions =
        every === undefined ? at?.filter((epoch) => epoch <= epochs).length : Math.floor(epochs / every);
      return ratio ** (reductions ?? 0);
    },
  }),
});
