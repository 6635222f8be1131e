import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { tf } from '../support/tf.js';
import { attention } from './layers/attention.js';
import { pick, together } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, type Gate, namesOf } from './model.js';
import { type CommonOptions, oneLevel, onlyLevel } from './options.js';

/**
 * Adaptive Information Transfer Multi-task (Xi et al., KDD 2021). The tasks are a chain, in the config's order. Task t
 * has a bottom q_t = f_t(x) over shared embeddings. It receives p_t-1 = g_t-1(z_t-1) from the task before it, and
 *
 *     z_1 = q_1,   z_t = sum of w_u h1(u) over u in {p_t-1, q_t},   w_u = softmax of <h2(u), h3(u)> / sqrt(k),   y_t = sigmoid(tower_t(z_t))
 *
 * with k the width of q. The behavioral expectation calibrator adds `calibrator` * max(y_t - y_t-1, 0) to the loss, the
 * mean over the rows of task t, summed over t. It expects of each task that its positives are positives of the task
 * before, with labels of both over the same rows. Where a task's sample space are the positives of the one before, y_t
 * is conditional: a run warns, and `calibrator` should be 0.
 *
 * The paper leaves open the form of g and h. Here g is one hidden layer of width k. h1, h2 and h3 are linear without
 * bias, and each pair of neighbours has its own.
 */
export const aitm = defineModel({
  name: 'aitm',
  summary: 'a chain of tasks; each mixes its own bottom with information from the task before',
  source: 'Xi et al., KDD 2021',
  binaryOnly: true,
  tower: [128, 64],
  options: {
    levels: oneLevel,
    calibrator: z
      .number()
      .nonnegative()
      .default(0.6)
      .describe('The weight of the penalty of a task’s probability above that of the task before it.'),
  },
  build(shape, options) {
    const names = namesOf(shape.tasks);
    const input = embed(shape, options);
    const bottoms = mlps('bottoms', names, input.width, onlyLevel('aitm', options.levels), options);
    const { width } = bottoms;
    const links = names
      .slice(1)
      .map((task, index) => link(`link${index + 1}`, names[index] ?? '', task, width, options));
    const heads = towers('tower', shape.tasks, width, options);
    const { calibrator } = options;
    const layers = [input, bottoms, ...links.flatMap((link) => [link.transfer, link.attention]), heads];
    const model = composed(layers, (pass) => {
      const streams = bottoms.apply(pass, input.apply(pass));
      let last = pick(streams, [0]);
      const mixed = [last];
      const gates: Gate[] = [];
      for (const [index, { task, before, transfer, attention }] of links.entries()) {
        const candidates = together([transfer.apply(pass, last), pick(streams, [index + 1])]);
        const { mixture, weights } = attention.apply(pass, candidates);
        gates.push({ level: 1, gate: task, experts: [before, task], weights });
        mixed.push(mixture);
        last = mixture;
      }
      const logits = heads.apply(pass, together(mixed));
      return calibrator > 0 ? { logits, gates, rowPenalties: tf.mul(excess(logits), calibrator) } : { logits, gates };
    });
    return calibrator > 0 ? { ...model, needsOneSampleSpace } : model;
  },
});

/** From a task to the one after it. */
function link(name: string, before: string, task: string, width: number, options: CommonOptions) {
  const transfer = mlps(`${name}.transfer`, [task], width, [width], options);
  return { before, task, transfer, attention: attention(name, width) };
}

const needsOneSampleSpace =
  'The calibrator keeps a task’s probability below that of the task before it, which holds for labels of the same rows: set model.calibrator to 0.';

/** By how much a task's probability is above that of the task before: [tasks, batch], 0 for the first. */
function excess(logits: Tensor): Tensor {
  const probabilities = tf.sigmoid(logits);
  const [tasks = 0] = logits.shape;
  const first = probabilities.slice([0, 0], [1, -1]);
  const before = tf.concat([first, probabilities.slice([0, 0], [tasks - 1, -1])]);
  return tf.relu(tf.sub(probabilities, before));
}
