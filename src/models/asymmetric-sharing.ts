import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { mlps } from './dense.js';
import { inputLayer } from './embedding.js';
import { defineModel } from './model.js';
import { oneLevel, onlyLevel, tower } from './options.js';
import { combine, pick } from './streams.js';
import { towers } from './tower.js';

/**
 * Asymmetric sharing (PLE Fig. 1b): every task has a bottom f_k, and the `source` task's bottom feeds all towers:
 * z_source = f_source(x), z_k = fuse(f_source(x), f_k(x)), fuse being concatenation, sum or mean.
 *
 * Shapes: x [blocks, inputs, rows], bottoms [blocks, tasks, width, rows], logits [tasks, batch]. With `concat` the towers of all but
 * the source read [blocks, tasks - 1, 2 * width, rows].
 */
export const asymmetricSharing = defineModel({
  name: 'asymmetric-sharing',
  summary: "a bottom per task; the source task's bottom feeds every tower",
  minimumTasks: 2,
  options: z.strictObject({
    type: z.literal('asymmetric-sharing'),
    levels: oneLevel,
    tower: tower.default([128, 64]),
    /** The task whose bottom feeds all: which one it is depends on the tasks, so there is no default. */
    source: z.string(),
    fuse: z.enum(['concat', 'sum', 'mean']).default('concat'),
  }),
  build(shape, options) {
    const { tasks } = shape;
    const source = tasks.indexOf(options.source);
    if (source < 0) {
      throw new ConfigError(`model.source: there is no task '${options.source}'${didYouMean(options.source, tasks)}.`);
    }
    const widths = onlyLevel('asymmetric-sharing', options.levels);
    const width = widths.at(-1) ?? 0;
    const input = inputLayer(shape);
    const bottoms = mlps('bottoms', tasks, input.width, widths);
    const heads =
      options.fuse === 'concat'
        ? concatenated(tasks, source, width, options.tower)
        : added(tasks, source, width, options.tower, options.fuse === 'mean' ? 0.5 : 1);
    return {
      parameters: { ...input.parameters, ...bottoms.parameters, ...heads.parameters },
      apply: (parameters, inputs) => ({
        logits: heads.apply(parameters, bottoms.apply(parameters, input.apply(parameters, inputs))),
      }),
    };
  },
});

/** The source's tower is narrower than the others, hence apart. */
function concatenated(tasks: readonly string[], source: number, width: number, widths: readonly number[]) {
  const others = [...tasks.keys()].filter((task) => task !== source);
  const own = towers('sourceTower', pickNames(tasks, [source]), width, widths);
  const fused = towers('tower', pickNames(tasks, others), 2 * width, widths);
  const order = [source, ...others];
  return {
    parameters: { ...own.parameters, ...fused.parameters },
    apply(parameters: Readonly<Record<string, Tensor>>, hidden: Tensor): Tensor {
      const sources = others.map(() => source);
      const z = tf.concat([pick(hidden, sources), pick(hidden, others)], 2); // [blocks, tasks - 1, 2 * width, rows]
      const logits = tf.concat([own.apply(parameters, pick(hidden, [source])), fused.apply(parameters, z)]);
      const places = tasks.map((_, task) => order.indexOf(task));
      return pick(logits.reshape([1, tasks.length, 1, -1]), places).reshape([tasks.length, -1]);
    },
  };
}

function added(tasks: readonly string[], source: number, width: number, widths: readonly number[], factor: number) {
  const all = towers('tower', tasks, width, widths);
  const sum = tasks.map((_, k) =>
    tasks.map((_, j) => {
      if (k === source) return j === source ? 1 : 0;
      return j === source || j === k ? factor : 0;
    }),
  );
  return {
    parameters: all.parameters,
    apply: (parameters: Readonly<Record<string, Tensor>>, hidden: Tensor): Tensor =>
      all.apply(parameters, combine(tf.tensor2d(sum), hidden)),
  };
}

function pickNames(tasks: readonly string[], indexes: readonly number[]): string[] {
  return tasks.filter((_, task) => indexes.includes(task));
}
