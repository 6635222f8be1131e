import { tf } from '../support/tf.js';
import { asStream, combine, stopped, together } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { gates } from './layers/gates.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, namesOf } from './model.js';
import { experts, gateStart, layerWidths, levelExperts, oneLevel, onlyLevel, shared } from './options.js';

/**
 * STEM-Net (Su et al., AAAI 2024): Shared and Task-specific EMbeddings. Every task has embeddings x_k and experts of
 * its own, and so has the shared module; an expert reads its module's embeddings. Task k's gate g_k = softmax(W_k
 * u_k(x_k + x_shared) + b_k), u_k hidden layers, mixes **all** experts,
 *
 *     y_k = h_k(sum over e of g_k,e f_e),   f_e of another task without gradient
 *
 * ("all forward, task-specific backward"): the loss of task k trains its own experts and embeddings, and the shared
 * ones, alone.
 *
 * The paper has one level of experts, and so has this. Numeric columns have no embedding, and are the same in every
 * x_k. With no shared expert there are no shared embeddings, and gates read x_k. That gates read a sum, and their
 * hidden layers and biases, are from the authors' program.
 */
export const stem = defineModel({
  name: 'stem',
  summary: 'embeddings and experts per task and shared; a task sees all, and trains its own and the shared',
  source: 'Su et al., AAAI 2024',
  tower: [128, 64],
  options: {
    levels: oneLevel,
    experts,
    gateStart,
    gate: layerWidths
      .default([128, 64])
      .describe('Widths of a gate’s hidden layers, as in the authors’ program. `[]`: none.'),
  },
  build(shape, options) {
    const tasks = namesOf(shape.tasks);
    const level = levelExperts(options.experts, tasks);
    const { modules, names, owners } = level;
    const inputs = modules.map((module) => embed(shape, options, `${module}.`));
    const width = inputs[0]?.width ?? 0;
    const outputs = mlps('level1.experts', names, width, onlyLevel('stem', options.levels), options);
    const specs = tasks.map((task) => {
      const trained = [...level.of(task), ...level.of(shared)];
      return {
        name: task,
        sees: names.map((_, expert) => (trained.includes(expert) ? expert : names.length + expert)),
      };
    });
    const selectors = mlps('level1.selectors', tasks, width, options.gate, options);
    // Every expert twice: with its gradient, and without.
    const mixtures = gates(1, specs, [...names, ...names], selectors.width, options, true);
    const read = tasks.map((task) => modules.map((module) => (module === task || module === shared ? 1 : 0)));
    const heads = towers('tower', shape.tasks, outputs.width, options);
    return composed([...inputs, outputs, selectors, mixtures, heads], (pass) => {
      const embedded = together(inputs.map((input) => asStream(input.apply(pass))));
      const features = outputs.apply(pass, embedded, owners);
      const selected = selectors.apply(pass, combine(tf.tensor2d(read), embedded));
      const mixed = mixtures.apply(pass, selected, together([features, stopped(features)]));
      return { logits: heads.apply(pass, mixed.mixtures), gates: mixed.gates };
    });
  },
});
