import { z } from 'zod';
import { defineBalancing } from './balancing.js';

/** sum_k w_k L_k with the weights of `loss.weights` and `loss.schedule` (PLE, equations 8 to 10). */
export const fixed = defineBalancing({
  name: 'fixed',
  summary: 'the weights of `loss.weights` and `loss.schedule`',
  source: 'PLE eq. 8-10',
  options: z.strictObject({ type: z.literal('fixed') }),
  build: () => null,
});
