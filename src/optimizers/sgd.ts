import { z } from 'zod';
import { defineOptimizer } from './optimizer.js';
import { commonOptions } from './options.js';

/**
 * Stochastic gradient descent in the form of `torch.optim.SGD`: b = momentum * b + g, p -= lr * b;
 * with Nesterov's momentum p -= lr * (g + momentum * b).
 */
export const sgd = defineOptimizer({
  name: 'sgd',
  summary: "stochastic gradient descent, optionally with (Nesterov's) momentum, in PyTorch's form",
  options: z
    .strictObject({
      type: z.literal('sgd'),
      ...commonOptions(0.001),
      momentum: z.number().min(0).lt(1).default(0).describe('The part of the last step that is kept.'),
      nesterov: z.boolean().default(false).describe('Nesterov’s momentum. It needs a `momentum` above 0.'),
    })
    .refine((options) => !options.nesterov || options.momentum > 0, {
      error: 'nesterov needs a momentum above 0',
      path: ['nesterov'],
    }),
  build: ({ momentum, nesterov }) => ({
    restsAtZero: momentum === 0,
    slots: momentum === 0 ? {} : { 'sgd.momentum': 0 },
    begin: (_step, learningRate) => (parameter, gradient, slot) => {
      if (momentum === 0) return { parameter: parameter.sub(gradient.mul(learningRate)), slots: {} };
      const buffer = slot('sgd.momentum').mul(momentum).add(gradient);
      const direction = nesterov ? gradient.add(buffer.mul(momentum)) : buffer;
      return { parameter: parameter.sub(direction.mul(learningRate)), slots: { 'sgd.momentum': buffer } };
    },
  }),
});
