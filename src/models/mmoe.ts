import { z } from 'zod';
import { mixtureOfExperts } from './mixture-of-experts.js';
import { defineModel } from './model.js';
import { mostExperts, oneLevel, onlyLevel, tower } from './options.js';

/**
 * Multi-gate mixture of experts (Ma et al., KDD 2018, eq. 6-8): y_k = h_k(sum_i g_k(x)_i f_i(x)), g_k = softmax(W_k x).
 * The default number of experts is that of its section 5.
 *
 * Shapes: x [blocks, inputs, rows], experts [blocks, experts, width, rows], gates [batch, experts] per task, logits [tasks, batch].
 */
export const mmoe = defineModel({
  name: 'mmoe',
  summary: 'shared experts, one gate per task',
  minimumTasks: 2,
  options: z.strictObject({
    type: z.literal('mmoe'),
    levels: oneLevel,
    tower: tower.default([128, 64]),
    experts: z.int().positive().max(mostExperts).default(8),
  }),
  build: (shape, options) => mixtureOfExperts(shape, { ...options, levels: [onlyLevel('mmoe', options.levels)] }),
});
