import { z } from 'zod';
import { defineLearningRateSchedule } from './learning-rate-schedule.js';

/** Warm-up alone: the rate rises linearly, then stays. */
export const warmup = defineLearningRateSchedule({
  name: 'warmup',
  summary: 'the learning rate rises linearly, step by step, for a number of epochs, then stays',
  options: z.strictObject({
    type: z.literal('warmup'),
    epochs: z
      .number()
      .positive()
      .describe('The rate rises for this many epochs; 0.5 is half an epoch. Of n steps the first has 1/n of it.'),
  }),
  build({ epochs }, { stepsPerEpoch }) {
    const steps = warmupSteps(epochs, stepsPerEpoch);
    return { factor: (step) => risen(step, steps) };
  },
});

export function warmupSteps(epochs: number, stepsPerEpoch: number): number {
  return Math.round(epochs * stepsPerEpoch);
}

/**
 * 1/n at the first of n steps, 1 at the last and after it: PyTorch's `LinearLR(start_factor=1/n, total_iters=n-1)`. No
 * step is lost at 0.
 */
export function risen(step: number, steps: number): number {
  return step < steps ? (step + 1) / steps : 1;
}
