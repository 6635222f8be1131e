import { z } from 'zod';
import { defineLearningRateSchedule } from './learning-rate-schedule.js';

export const constant = defineLearningRateSchedule({
  name: 'constant',
  summary: 'the learning rate stays',
  options: z.strictObject({ type: z.literal('constant') }),
  build: () => ({ factor: () => 1 }),
});
