import { tf } from '../support/tf.js';
import type { Features } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, type ForwardPass, type ModelShape, type ModelTask, ownedBy } from './model.js';
import { type CommonOptions, twoLevelsOrNone } from './options.js';

/**
 * K independent networks, each with embeddings of its own: an MLP of all levels' layers and the tower's (PLE section 5,
 * [256, 128, 64] -> 1). The baseline of every gain.
 *
 * Nothing is batched over tasks: a network's names, starting values, noise and arithmetic depend on its own task alone.
 * On the same rows, a run of K tasks therefore equals K runs of one task, bit for bit. (A run leaves out training rows
 * in no listed task's sample space. Where sample spaces differ, a run of one task so has fewer rows and other batches.)
 */
export const singleTask = defineModel({
  name: 'single-task',
  summary: 'one independent network per task, the baseline of every gain',
  source: 'PLE section 5',
  minimumTasks: 1,
  tower: [64],
  options: { levels: twoLevelsOrNone },
  build(shape, options) {
    const networks = shape.tasks.map((task) => taskNetwork(task, shape, options));
    return composed(
      networks.flatMap(({ layers }) => layers),
      (pass) => ({ logits: tf.concat(networks.map(({ hidden, tower }) => tower.apply(pass, hidden(pass)))) }),
    );
  },
});

/** The network of one task: its levels are the first layers of an MLP, the tower is the rest. */
export function taskNetwork(
  task: ModelTask,
  shape: ModelShape,
  options: CommonOptions & { readonly levels: readonly (readonly number[])[] },
) {
  const { name } = task;
  const widths = options.levels.flat();
  const input = embed(shape, options, `${name}.`);
  const levels = mlps(`${name}.mlp`, [name], input.width, widths, options);
  const tower = towers(`${name}.mlp`, [task], levels.width, options, widths.length);
  return {
    layers: [input, levels, tower].map((layer) => ownedBy(name, layer)),
    width: levels.width,
    tower,
    /** The output of the last layer of the levels. */
    hidden: (pass: ForwardPass): Features => levels.apply(pass, input.apply(pass)),
  };
}
