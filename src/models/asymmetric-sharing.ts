import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { combine, concatenated, pick } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { inTaskOrder, mlps, type Towers, towers } from './layers/mlps.js';
import { composed, defineModel, type ModelTask, namesOf } from './model.js';
import { type CommonOptions, oneLevel, onlyLevel } from './options.js';

/**
 * Asymmetric sharing (PLE Fig. 1b): every task has a bottom f_k, and the `source` task's bottom feeds all towers:
 * z_source = f_source(x), z_k = fuse(f_source(x), f_k(x)), fuse being concatenation, sum or mean.
 */
export const asymmetricSharing = defineModel({
  name: 'asymmetric-sharing',
  summary: "a bottom per task; the source task's bottom feeds every tower",
  source: 'PLE fig. 1b',
  tower: [128, 64],
  options: {
    levels: oneLevel,
    source: z.string().describe('The task whose bottom feeds all towers.'),
    fuse: z
      .enum(['concat', 'sum', 'mean'])
      .default('concat')
      .describe('How the other towers join the source’s bottom and their own: `concat`, `sum` or `mean`.'),
  },
  build(shape, options) {
    const { tasks } = shape;
    const names = namesOf(tasks);
    const source = names.indexOf(options.source);
    if (source < 0) {
      throw new ConfigError(`model.source: there is no task '${options.source}'${didYouMean(options.source, names)}.`);
    }
    const input = embed(shape, options);
    const bottoms = mlps('bottoms', names, input.width, onlyLevel('asymmetric-sharing', options.levels), options);
    const heads =
      options.fuse === 'concat'
        ? withConcatenation(tasks, source, bottoms.width, options)
        : withSum(tasks, source, bottoms.width, options, options.fuse === 'mean' ? 0.5 : 1);
    return composed([input, bottoms, heads], (pass) => ({
      logits: heads.apply(pass, bottoms.apply(pass, input.apply(pass))),
    }));
  },
});

/** The source's tower is narrower than the others, so it is computed apart. */
function withConcatenation(tasks: readonly ModelTask[], source: number, width: number, options: CommonOptions): Towers {
  const others = [...tasks.keys()].filter((task) => task !== source);
  const first = towers('sourceTower', named([source]), width, options);
  const fused = towers('tower', named(others), 2 * width, options);
  return {
    parameters: { ...first.parameters, ...fused.parameters },
    noise: { ...first.noise, ...fused.noise },
    apply(pass, hidden) {
      const sources = others.map(() => source);
      const z = concatenated([pick(hidden, sources), pick(hidden, others)]);
      const logits = tf.concat([first.apply(pass, pick(hidden, [source])), fused.apply(pass, z)]);
      return inTaskOrder(logits, namesOf([...named([source]), ...named(others)]), tasks);
    },
  };

  function named(indexes: readonly number[]): ModelTask[] {
    return tasks.filter((_, task) => indexes.includes(task));
  }
}

function withSum(
  tasks: readonly ModelTask[],
  source: number,
  width: number,
  options: CommonOptions,
  factor: number,
): Towers {
  const all = towers('tower', tasks, width, options);
  const sum = tasks.map((_, k) =>
    tasks.map((_, j) => {
      if (k === source) return j === source ? 1 : 0;
      return j === source || j === k ? factor : 0;
    }),
  );
  return { ...all, apply: (pass, hidden) => all.apply(pass, combine(tf.tensor2d(sum), hidden)) };
}
