import { z } from 'zod';
import { mlps } from './dense.js';
import { inputLayer } from './embedding.js';
import { defineModel } from './model.js';
import { oneLevelOrNone, onlyLevel, shared, tower } from './options.js';
import { pickOne } from './streams.js';
import { towers } from './tower.js';

/**
 * Hard parameter sharing (Caruana 1997; PLE Fig. 1a): y_k = h_k(f(x)), one bottom f below one tower h_k per task.
 * How many layers are shared is the length of the level: `levels: [[256, 128]]` shares two. With `levels: []` only the embeddings are
 * shared: f(x) = x.
 *
 * Shapes: x [blocks, inputs, rows], f(x) [blocks, width, rows], logits [tasks, batch].
 */
export const hardSharing = defineModel({
  name: 'hard-sharing',
  summary: 'one shared bottom, one tower per task',
  minimumTasks: 2,
  options: z.strictObject({ type: z.literal('hard-sharing'), levels: oneLevelOrNone, tower: tower.default([128, 64]) }),
  build(shape, options) {
    const widths = options.levels.length === 0 ? [] : onlyLevel('hard-sharing', options.levels);
    const input = inputLayer(shape);
    const bottom = mlps('bottom', [shared], input.width, widths);
    const heads = towers('tower', shape.tasks, widths.at(-1) ?? input.width, options.tower);
    return {
      parameters: { ...input.parameters, ...bottom.parameters, ...heads.parameters },
      apply(parameters, inputs) {
        const hidden = bottom.apply(parameters, input.apply(parameters, inputs)); // [blocks, 1, width, rows]; without layers x
        return { logits: heads.apply(parameters, hidden.rank === 4 ? pickOne(hidden, 0) : hidden) };
      },
    };
  },
});
