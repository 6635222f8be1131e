import { single } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel } from './model.js';
import { oneLevelOrNone, onlyLevel, shared } from './options.js';

/**
 * Hard parameter sharing (Caruana 1997; PLE Fig. 1a): y_k = h_k(f(x)), one bottom f below one tower h_k per task. How
 * many layers are shared is the length of the level: `levels: [[256, 128]]` shares two. With `levels: []` only the
 * embeddings are shared: f(x) = x.
 */
export const hardSharing = defineModel({
  name: 'hard-sharing',
  summary: 'one shared bottom, one tower per task',
  source: 'Caruana 1997; PLE fig. 1a',
  tower: [128, 64],
  options: { levels: oneLevelOrNone },
  build(shape, options) {
    const widths = options.levels.length === 0 ? [] : onlyLevel('hard-sharing', options.levels);
    const input = embed(shape, options);
    const bottom = mlps('bottom', [shared], input.width, widths, options);
    const heads = towers('tower', shape.tasks, bottom.width, options);
    return composed([input, bottom, heads], (pass) => {
      const x = input.apply(pass);
      return { logits: heads.apply(pass, widths.length === 0 ? x : single(bottom.apply(pass, x))) };
    });
  },
});
