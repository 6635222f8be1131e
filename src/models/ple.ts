import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { extractionNetworks } from './extraction.js';
import { defineModel } from './model.js';
import { expertCounts, experts, tower, twoLevels } from './options.js';

/**
 * Progressive Layered Extraction (Tang et al., RecSys 2020, eq. 6-7, Fig. 5): N >= 2 extraction networks. At level j module k's
 * experts and gate read the module's mixture of level j - 1 (level 1: x). Below the last level a shared gate mixes all experts of
 * the level for the shared experts of the next.
 *
 * Shapes: x [blocks, inputs, rows], a level's experts [blocks, sum m_k + m_s, width, rows], its mixtures
 * [blocks, tasks + 1, width, rows] (last level: [blocks, tasks, width, rows]), logits [tasks, batch].
 */
export const ple = defineModel({
  name: 'ple',
  summary: 'levels of task-specific and shared experts, separated progressively',
  minimumTasks: 2,
  options: z.strictObject({
    type: z.literal('ple'),
    levels: twoLevels,
    tower: tower.default([64]),
    experts: experts.default(1),
  }),
  build(shape, options) {
    if (options.levels.length < 2)
      throw new ConfigError('model.levels: ple has two levels or more; with one, say type: cgc.');
    return extractionNetworks(shape, {
      levels: options.levels,
      tower: options.tower,
      experts: expertCounts(options.experts, shape.tasks),
    });
  },
});
