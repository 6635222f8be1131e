import { z } from 'zod';
import { ConfigError } from '../../support/errors.js';
import { defineLearningRateSchedule } from './learning-rate-schedule.js';
import { risen, warmupSteps } from './warmup.js';

/**
 * PyTorch's `CosineAnnealingLR` (Loshchilov and Hutter, 2017, without restarts), stepped after every batch, with T_max
 * the steps of all epochs less the warm-up's, and eta_min = minimum * learningRate.
 */
export const cosine = defineLearningRateSchedule({
  name: 'cosine',
  summary: 'the learning rate falls along half a cosine over all epochs, after a warm-up if one is asked for',
  options: z.strictObject({
    type: z.literal('cosine'),
    minimum: z.number().min(0).lt(1).default(0).describe('What it falls to, as a factor of `learningRate`.'),
    warmup: z
      .number()
      .nonnegative()
      .default(0)
      .describe('Epochs of linear warm-up before the cosine; 0.5 is half an epoch. The cosine takes the rest.'),
  }),
  build({ minimum, warmup }, { epochs, stepsPerEpoch }) {
    if (warmup >= epochs) {
      throw new ConfigError(
        `train.optimizer.schedule.warmup: ${warmup} epochs of warm-up leave none of the ${epochs} (train.epochs) for the cosine: lower it.`,
      );
    }
    const rising = warmupSteps(warmup, stepsPerEpoch);
    const falling = epochs * stepsPerEpoch - rising;
    return {
      factor: (step) =>
        step < rising
          ? risen(step, rising)
          : minimum + ((1 - minimum) * (1 + Math.cos((Math.PI * (step - rising)) / falling))) / 2,
    };
  },
});
