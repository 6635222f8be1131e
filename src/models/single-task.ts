import { tf } from '../support/tf.js';
import { embed } from './layers/embed.js';
import { towers } from './layers/mlps.js';
import { composed, defineModel, ownedBy } from './model.js';
import { twoLevelsOrNone } from './options.js';

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
    const tower = [...options.levels.flat(), ...options.tower];
    const networks = shape.tasks.map((task) => {
      const { name } = task;
      const input = embed(shape, options, `${name}.`);
      const mlp = towers(`${name}.mlp`, [task], input.width, { ...options, tower });
      return {
        input,
        mlp,
        layers: [input, mlp].map((layer) => ({ ...layer, parameters: ownedBy(name, layer.parameters) })),
      };
    });
    return composed(
      networks.flatMap(({ layers }) => layers),
      (pass) => ({ logits: tf.concat(networks.map(({ input, mlp }) => mlp.apply(pass, input.apply(pass)))) }),
    );
  },
});
