import { concatenated, pick } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, namesOf } from './model.js';
import { moduleNames, oneLevel, onlyLevel } from './options.js';

/** Customized sharing (PLE Fig. 1c): z_k = concat(f_shared(x), f_k(x)), without a gate; y_k = h_k(z_k). */
export const customizedSharing = defineModel({
  name: 'customized-sharing',
  summary: 'a bottom per task and a shared one, concatenated',
  source: 'PLE fig. 1c',
  tower: [128, 64],
  options: { levels: oneLevel },
  build(shape, options) {
    const { tasks } = shape;
    const widths = onlyLevel('customized-sharing', options.levels);
    const input = embed(shape, options);
    const bottoms = mlps('bottoms', moduleNames(namesOf(tasks), true), input.width, widths, options);
    const heads = towers('tower', tasks, 2 * bottoms.width, options);
    return composed([input, bottoms, heads], (pass) => {
      const hidden = bottoms.apply(pass, input.apply(pass)); // tasks' bottoms, then the shared one
      const common = tasks.map(() => tasks.length);
      return { logits: heads.apply(pass, concatenated([pick(hidden, common), pick(hidden, [...tasks.keys()])])) };
    });
  },
});
