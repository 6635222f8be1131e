import { defineModel } from './model.js';
import { experts, gateStart, oneLevel, onlyLevel } from './options.js';
import { extractionNetworks } from './ple.js';

/**
 * Customized Gate Control (PLE section 4.1, eq. 2-5): one extraction network. Task k's gate g_k(x) = softmax(W_k x)
 * mixes its own m_k experts and the m_s shared ones, own first; y_k = h_k(g_k(x) S_k(x)).
 */
export const cgc = defineModel({
  name: 'cgc',
  summary: 'task-specific and shared experts, one gate per task (PLE with one level)',
  source: 'PLE section 4.1, eq. 2-5',
  tower: [128, 64],
  options: { levels: oneLevel, experts, gateStart },
  build: (shape, options) => extractionNetworks(shape, { ...options, levels: [onlyLevel('cgc', options.levels)] }),
});
