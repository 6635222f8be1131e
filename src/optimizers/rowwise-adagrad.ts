import { z } from 'zod';
import { defineOptimizer } from './optimizer.js';
import { commonOptions } from './options.js';

/**
 * Row-wise AdaGrad (Gupta et al. 2014; the form of FBGEMM's `EXACT_ROWWISE_ADAGRAD`): one sum per row of an array, s +=
 * mean over the row of g^2, p -= lr * g / (sqrt(s) + eps). An embedding table keeps one number per value, not one per
 * weight.
 */
export const rowwiseAdagrad = defineOptimizer({
  name: 'rowwise-adagrad',
  summary: 'AdaGrad with one sum of squares per row, for embedding tables',
  options: z.strictObject({
    type: z.literal('rowwise-adagrad'),
    ...commonOptions(0.01),
    initialAccumulator: z.number().nonnegative().default(0).describe('The sum of squares at the start.'),
    epsilon: z.number().positive().default(1e-8).describe('Added to the root of the sum of squares.'),
  }),
  build: ({ initialAccumulator, epsilon }) => ({
    restsAtZero: true,
    slots: { 'rowwise-adagrad.sum': { initial: initialAccumulator, perRow: true } },
    begin: (_step, learningRate) => (parameter, gradient, slot) => {
      const sum = slot('rowwise-adagrad.sum').add(gradient.square().mean(-1, true));
      return {
        parameter: parameter.sub(gradient.div(sum.sqrt().add(epsilon)).mul(learningRate)),
        slots: { 'rowwise-adagrad.sum': sum },
      };
    },
  }),
});
