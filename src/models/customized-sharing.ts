import { z } from 'zod';
import { tf } from '../support/tf.js';
import { mlps } from './dense.js';
import { inputLayer } from './embedding.js';
import { defineModel } from './model.js';
import { moduleNames, oneLevel, onlyLevel, tower } from './options.js';
import { pick } from './streams.js';
import { towers } from './tower.js';

/**
 * Customized sharing (PLE Fig. 1c): z_k = concat(f_shared(x), f_k(x)), without a gate; y_k = h_k(z_k).
 *
 * Shapes: x [blocks, inputs, rows], bottoms [blocks, tasks + 1, width, rows], z [blocks, tasks, 2 * width, rows],
 * logits [tasks, batch].
 */
export const customizedSharing = defineModel({
  name: 'customized-sharing',
  summary: 'a bottom per task beside a shared one, concatenated',
  minimumTasks: 2,
  options: z.strictObject({ type: z.literal('customized-sharing'), levels: oneLevel, tower: tower.default([128, 64]) }),
  build(shape, options) {
    const { tasks } = shape;
    const widths = onlyLevel('customized-sharing', options.levels);
    const input = inputLayer(shape);
    const bottoms = mlps('bottoms', moduleNames(tasks, true), input.width, widths);
    const heads = towers('tower', tasks, 2 * (widths.at(-1) ?? 0), options.tower);
    return {
      parameters: { ...input.parameters, ...bottoms.parameters, ...heads.parameters },
      apply(parameters, inputs) {
        const hidden = bottoms.apply(parameters, input.apply(parameters, inputs)); // tasks' bottoms, then the shared one
        const common = pick(
          hidden,
          tasks.map(() => tasks.length),
        );
        return { logits: heads.apply(parameters, tf.concat([common, pick(hidden, [...tasks.keys()])], 2)) };
      },
    };
  },
});
