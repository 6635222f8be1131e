import { mixtureOfExperts } from './mmoe.js';
import { defineModel } from './model.js';
import { gateStart, oneLevel, onlyLevel, shared, sharedExperts } from './options.js';

/**
 * One-gate mixture of experts (Jacobs et al. 1991; OMoE of Ma et al., KDD 2018): y_k = h_k(sum_i g(x)_i f_i(x)), g =
 * softmax(W x). It is MMoE with one gate for all tasks. The default number of experts is MMoE's.
 */
export const omoe = defineModel({
  name: 'omoe',
  summary: 'shared experts, one gate for all tasks',
  source: 'Jacobs et al. 1991; Ma et al., KDD 2018 (OMoE)',
  tower: [128, 64],
  options: { levels: oneLevel, experts: sharedExperts, gateStart },
  build: (shape, options) =>
    mixtureOfExperts(shape, { ...options, levels: [onlyLevel('omoe', options.levels)] }, [shared]),
});
