import { z } from 'zod';
import { extractionNetworks } from './extraction.js';
import { defineModel } from './model.js';
import { expertCounts, experts, oneLevel, onlyLevel, tower } from './options.js';

/**
 * Customized Gate Control (PLE section 4.1, eq. 2-5): one extraction network. Task k's gate g_k(x) = softmax(W_k x) mixes its own
 * m_k experts and the m_s shared ones, own first; y_k = h_k(g_k(x) S_k(x)).
 *
 * Shapes: x [blocks, inputs, rows], experts [blocks, sum m_k + m_s, width, rows], gates [batch, m_k + m_s], logits [tasks, batch].
 */
export const cgc = defineModel({
  name: 'cgc',
  summary: 'task-specific and shared experts, one gate per task (PLE with one level)',
  minimumTasks: 2,
  options: z.strictObject({
    type: z.literal('cgc'),
    levels: oneLevel,
    tower: tower.default([128, 64]),
    experts: experts.default(1),
  }),
  build: (shape, options) =>
    extractionNetworks(shape, {
      levels: [onlyLevel('cgc', options.levels)],
      tower: options.tower,
      experts: expertCounts(options.experts, shape.tasks),
    }),
});
