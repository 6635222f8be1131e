import { z } from 'zod';
import { adamOptions, adamRule } from './adam.js';
import { defineOptimizer } from './optimizer.js';
import { commonOptions } from './options.js';

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) in the form of `torch.optim.AdamW`: p is multiplied by 1 - lr *
 * weightDecay, then moved by Adam. The decay is not part of the gradient, so the second moment does not scale it.
 * Unlike PyTorch's default, biases are not decayed.
 */
export const adamw = defineOptimizer({
  name: 'adamw',
  summary: "AdamW: Adam with decoupled weight decay, in PyTorch's form",
  options: z.strictObject({
    type: z.literal('adamw'),
    ...commonOptions(0.001),
    ...adamOptions(),
    weightDecay: z
      .number()
      .nonnegative()
      .default(0.01)
      .describe('Weights are multiplied by 1 - learning rate * weightDecay before each step; biases are not.'),
    weightDecayEmbeddings: z.number().nonnegative().default(0).describe('The same for embedding tables.'),
  }),
  build: (options) => ({
    ...adamRule(options),
    decay: { weight: options.weightDecay, embedding: options.weightDecayEmbeddings, bias: 0, statistic: 0 },
  }),
});
