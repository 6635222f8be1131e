import { embed } from './layers/embed.js';
import { mix } from './layers/mix.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, namesOf } from './model.js';
import { ownShare, twoLevels } from './options.js';

/**
 * Cross-stitch networks (Misra et al., CVPR 2016, eq. 1; PLE Fig. 1f): a column of layers per task; after each level
 * [x~_1 … x~_K] = A [x_1 … x_K] with a trainable scalar matrix A [tasks, tasks] per level, the same for all samples. It
 * starts at `own` for the own column and (1 - own) / (K - 1) for each other. The last level's x~ feed the towers.
 */
export const crossStitch = defineModel({
  name: 'cross-stitch',
  summary: 'a column per task, linearly mixed after every level',
  source: 'Misra et al., CVPR 2016',
  tower: [64],
  options: {
    levels: twoLevels,
    own: ownShare
      .default(0.9)
      .describe('At the start, the share of a task’s own column: from 1/K (K tasks, equal shares) to 1.'),
  },
  build(shape, options) {
    const { tasks } = shape;
    const input = embed(shape, options);
    let { width } = input;
    const levels = options.levels.map((widths, index) => {
      const name = `level${index + 1}`;
      const columns = mlps(`${name}.columns`, namesOf(tasks), width, widths, options);
      width = columns.width;
      return { columns, stitch: mix(`${name}.stitch`, tasks.length, { key: 'own', share: options.own }) };
    });
    const heads = towers('tower', tasks, width, options);
    const layers = levels.flatMap(({ columns, stitch }) => [columns, stitch]);
    return composed([input, ...layers, heads], (pass) => {
      let hidden = input.apply(pass); // x; from level 2 on, a stream per task
      for (const { columns, stitch } of levels) hidden = stitch.apply(pass, columns.apply(pass, hidden));
      return { logits: heads.apply(pass, hidden) };
    });
  },
});
