import { z } from 'zod';
import { mlps } from './dense.js';
import { inputLayer } from './embedding.js';
import { defineModel } from './model.js';
import { ownShare, tower, twoLevels } from './options.js';
import { mixingScalars, named, startingShares } from './parameters.js';
import { combine } from './streams.js';
import { towers } from './tower.js';

/**
 * Cross-stitch networks (Misra et al., CVPR 2016, eq. 1; PLE Fig. 1f): a column of layers per task; after each level
 * [x~_1 … x~_K] = A [x_1 … x_K] with a trainable scalar matrix A [tasks, tasks] per level, the same for all samples. It starts at
 * `own` for the own column and (1 - own) / (K - 1) for each other. The last level's x~ feed the towers.
 *
 * Shapes: x [blocks, inputs, rows], columns and x~ [blocks, tasks, width, rows], logits [tasks, batch].
 */
export const crossStitch = defineModel({
  name: 'cross-stitch',
  summary: 'a column per task, linearly mixed after every level',
  minimumTasks: 2,
  options: z.strictObject({
    type: z.literal('cross-stitch'),
    levels: twoLevels,
    tower: tower.default([64]),
    own: ownShare.default(0.9),
  }),
  build(shape, options) {
    const { tasks } = shape;
    const count = tasks.length;
    const stitched = mixingScalars(count, count, startingShares('own', count, options.own));
    const input = inputLayer(shape);
    const levels = options.levels.map((widths, index) => ({
      columns: mlps(`level${index + 1}.columns`, tasks, options.levels[index - 1]?.at(-1) ?? input.width, widths),
      stitch: `level${index + 1}.stitch`,
    }));
    const heads = towers('tower', tasks, options.levels.at(-1)?.at(-1) ?? 0, options.tower);
    return {
      parameters: Object.assign(
        {},
        input.parameters,
        ...levels.map(({ columns, stitch }) => ({ ...columns.parameters, [stitch]: stitched })),
        heads.parameters,
      ),
      apply(parameters, inputs) {
        let hidden = input.apply(parameters, inputs); // x; from level 2 on, [blocks, tasks, width, rows]
        for (const { columns, stitch } of levels) {
          hidden = combine(named(parameters, stitch), columns.apply(parameters, hidden));
        }
        return { logits: heads.apply(parameters, hidden) };
      },
    };
  },
});
