import { z } from 'zod';
import { tf } from '../support/tf.js';
import { inputLayer } from './embedding.js';
import { defineModel } from './model.js';
import { tower, twoLevelsOrNone } from './options.js';
import { ownedBy } from './parameters.js';
import { towers } from './tower.js';

/**
 * K independent networks, each with embeddings of its own: an MLP of all levels' layers and the tower's (PLE section 5,
 * [256, 128, 64] -> 1). The baseline of every gain.
 *
 * Nothing is batched over tasks: every network has names, starting values and arithmetic that depend on its own task alone, so
 * that parameters, predictions and metrics of a run of K tasks equal those of K runs of one task bit for bit, on the same rows. (Where
 * sample spaces differ, a run of one task has fewer: training rows in no listed task's sample space are left out, so that its batches are
 * others.)
 *
 * Shapes: per task x [blocks, inputs, rows] -> [1, batch]; logits [tasks, batch].
 */
export const singleTask = defineModel({
  name: 'single-task',
  summary: 'one independent network per task, the baseline of every gain',
  minimumTasks: 1,
  options: z.strictObject({ type: z.literal('single-task'), levels: twoLevelsOrNone, tower: tower.default([64]) }),
  build(shape, options) {
    const widths = [...options.levels.flat(), ...options.tower];
    const networks = shape.tasks.map((task) => {
      const input = inputLayer(shape, `${task}.`);
      const mlp = towers(`${task}.mlp`, [task], input.width, widths);
      return { task, input, mlp };
    });
    return {
      parameters: Object.assign(
        {},
        ...networks.map(({ task, input, mlp }) => ownedBy(task, { ...input.parameters, ...mlp.parameters })),
      ),
      apply: (parameters, inputs) => ({
        logits: tf.concat(networks.map(({ input, mlp }) => mlp.apply(parameters, input.apply(parameters, inputs)))),
      }),
    };
  },
});
