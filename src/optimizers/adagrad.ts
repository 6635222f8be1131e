import { z } from 'zod';
import { defineOptimizer } from './optimizer.js';
import { commonOptions } from './options.js';

/** AdaGrad (Duchi et al., 2011) in the form of `torch.optim.Adagrad`: p -= lr * g / (sqrt(sum of g^2) + eps). */
export const adagrad = defineOptimizer({
  name: 'adagrad',
  summary: "AdaGrad in PyTorch's form",
  options: z.strictObject({
    type: z.literal('adagrad'),
    ...commonOptions(0.01),
    initialAccumulator: z.number().nonnegative().default(0).describe('The sum of squares at the start.'),
    epsilon: z.number().positive().default(1e-10).describe('Added to the root of the sum of squares.'),
  }),
  build: ({ initialAccumulator, epsilon }) => ({
    restsAtZero: true,
    slots: { 'adagrad.sum': initialAccumulator },
    begin: (_step, learningRate) => (parameter, gradient, slot) => {
      const sum = slot('adagrad.sum').add(gradient.square());
      return {
        parameter: parameter.sub(gradient.div(sum.sqrt().add(epsilon)).mul(learningRate)),
        slots: { 'adagrad.sum': sum },
      };
    },
  }),
});
