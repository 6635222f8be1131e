import { ConfigError } from '../support/errors.js';
import { mixtureOfExperts } from './mmoe.js';
import { defineModel, namesOf } from './model.js';
import { gateStart, sharedExperts, twoLevels } from './options.js';

/**
 * Multi-level MMoE (PLE Fig. 1h). Level 1 has n experts and n gates; each expert of level 2 reads the mixture of its
 * gate. One gate per task mixes the experts of the last level. "All gating networks share the same selector": every
 * gate reads x.
 */
export const mlMmoe = defineModel({
  name: 'ml-mmoe',
  summary: 'levels of shared experts, a gate per expert of the next level',
  source: 'PLE fig. 1h',
  tower: [64],
  options: { levels: twoLevels, experts: sharedExperts, gateStart },
  build(shape, options) {
    if (options.levels.length < 2)
      throw new ConfigError('model.levels: ml-mmoe has two levels or more; with one, say type: mmoe.');
    return mixtureOfExperts(shape, options, namesOf(shape.tasks));
  },
});
