import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { defineWeightSchedule } from './weight-schedule.js';

/** w_k(t) = w_k,0. */
export const constant = defineWeightSchedule({
  name: 'constant',
  summary: "each task's weight stays at its initial value",
  options: z.strictObject({ type: z.literal('constant') }),
  build: (weights) => {
    const moving = weights.find(({ ratio }) => ratio !== 1);
    if (moving) {
      throw new ConfigError(
        `loss.weights.${moving.task}.ratio has no effect with a constant schedule: set loss.schedule.type to exponential, or remove it.`,
      );
    }
    const initial = weights.map((weight) => weight.initial);
    return { weights: () => initial };
  },
});
