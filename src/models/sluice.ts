import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { mlps } from './dense.js';
import { inputLayer } from './embedding.js';
import { defineModel } from './model.js';
import { ownShare, tower, twoLevels } from './options.js';
import { glorot, mixingScalars, named, startingShares } from './parameters.js';
import { product } from './product.js';
import { combine } from './streams.js';
import { towers } from './tower.js';

/**
 * Sluice networks (Ruder et al., AAAI 2019, eq. 1-5; PLE Fig. 1g): a column of layers per task, each level's state split in S
 * subspaces. After each level a trainable scalar matrix alpha [tasks * S, tasks * S] mixes all subspaces of all tasks, starting at
 * `alpha` for the own subspace and (1 - alpha) / (K S - 1) elsewhere. Task k's tower reads sum_l beta[k, l] h_k,l over the levels' mixed states,
 * beta starting at `beta` for the last level and the rest shared; levels of another width than the last pass a projection without bias.
 * One level alone has no beta.
 *
 * Penalty, of pairs of subspaces s < t, G_s [inputs, width / S] being the weights of the level's last layer that make subspace s. The paper has
 * lambda * sum over tasks, levels and pairs of ||G_s^T G_t||_F^2 (`penalty: frobenius`). That sum grows with width, levels and tasks, and weights
 * that merely shrink lower it. `penalty: relative` is lambda * mean over tasks, levels and pairs of
 *
 *     inputs ||G_s^T G_t||_F^2 / (||G_s||_F^2 ||G_t||_F^2)
 *
 * which is the mean squared element of G_s^T G_t over what it would be for unrelated weights of this size. Its mean at the start is 1 whatever
 * the sizes; it is 0 for orthogonal subspaces and does not depend on the weights' scale, so only orthogonality lowers it.
 *
 * Shapes: x [blocks, inputs, rows], states [blocks, tasks, width, rows], logits [tasks, batch].
 */
export const sluice = defineModel({
  name: 'sluice',
  summary: 'columns whose subspaces and levels are mixed by trained scalars',
  minimumTasks: 2,
  options: z.strictObject({
    type: z.literal('sluice'),
    levels: twoLevels,
    tower: tower.default([64]),
    subspaces: z.int().positive().default(2),
    alpha: ownShare.default(0.95),
    beta: ownShare.default(0.9),
    penalty: z.enum(['relative', 'frobenius']).default('relative'),
    /** lambda, the weight of the penalty. */
    orthogonality: z.number().nonnegative().default(0.1),
  }),
  widthMultiple: ({ subspaces }) => subspaces,
  build(shape, options) {
    const { tasks } = shape;
    const { subspaces, penalty, orthogonality } = options;
    const input = inputLayer(shape);
    const outputs = options.levels.map((widths) => widths.at(-1) ?? 0);
    const last = outputs.at(-1) ?? 0;
    for (const width of outputs) {
      if (width % subspaces === 0) continue;
      throw new ConfigError(`model.levels: sluice cannot split width ${width} in ${subspaces} equal subspaces.`);
    }
    const levels = options.levels.map((widths, index) => {
      const name = `level${index + 1}`;
      return {
        columns: mlps(`${name}.columns`, tasks, outputs[index - 1] ?? input.width, widths),
        lastWeight: `${name}.columns.${widths.length - 1}.weight`,
        alpha: `${name}.alpha`,
        ...(widths.at(-1) === last ? {} : { projection: `${name}.projection.weight` }),
      };
    });
    const heads = towers('tower', tasks, last, options.tower);

    const mixed = tasks.length * subspaces;
    const alphas = mixingScalars(mixed, mixed, startingShares('alpha', mixed, options.alpha));
    const columns = levels.map(({ columns, alpha, projection }, index) => ({
      ...columns.parameters,
      [alpha]: alphas,
      ...(projection === undefined ? {} : { [projection]: glorot(tasks, outputs[index] ?? 0, last) }),
    }));
    const depth = levels.length;
    const betas = () =>
      mixingScalars(
        tasks.length,
        depth,
        startingShares('beta', depth, options.beta, () => depth - 1),
      );

    return {
      parameters: Object.assign({}, input.parameters, ...columns, depth > 1 ? { beta: betas() } : {}, heads.parameters),
      apply(parameters, inputs) {
        let hidden = input.apply(parameters, inputs);
        const states: Tensor[] = [];
        const penalties: Tensor[] = [];
        for (const { columns, lastWeight, alpha, projection } of levels) {
          hidden = mixSubspaces(named(parameters, alpha), columns.apply(parameters, hidden), subspaces);
          states.push(projection === undefined ? hidden : product(hidden, named(parameters, projection)));
          penalties.push(...overlaps(named(parameters, lastWeight), subspaces, penalty === 'relative'));
        }
        const logits = heads.apply(
          parameters,
          states.length > 1 ? mixLevels(named(parameters, 'beta'), states) : hidden,
        );
        if (orthogonality === 0 || penalties.length === 0) return { logits };
        const factor = penalty === 'relative' ? orthogonality / (penalties.length * tasks.length) : orthogonality;
        return { logits, penalty: tf.mul(tf.addN(penalties), factor) };
      },
    };
  },
});

/** [blocks, tasks, width, rows] -> the same, every subspace a combination of all tasks' subspaces. */
function mixSubspaces(alpha: Tensor, hidden: Tensor, subspaces: number): Tensor {
  const [blocks = 0, tasks = 0, width = 0, rows = 0] = hidden.shape;
  return combine(alpha, hidden.reshape([blocks, tasks * subspaces, width / subspaces, rows])).reshape(hidden.shape);
}

/** beta [tasks, levels] and per level [blocks, tasks, width, rows] -> [blocks, tasks, width, rows]. */
function mixLevels(beta: Tensor, states: readonly Tensor[]): Tensor {
  const [blocks = 0, tasks = 0, width = 0, rows = 0] = states[0]?.shape ?? [];
  const all = tf.concat(
    states.map((state) => state.reshape([blocks, tasks, 1, width * rows])),
    2,
  );
  return product(all, beta.reshape([tasks, 1, states.length])).reshape([blocks, tasks, width, rows]);
}

/** For every pair of subspaces ||G_s^T G_t||_F^2, or that relative to unrelated weights, summed over tasks. Weight: [tasks, width, inputs]. */
function overlaps(weight: Tensor, subspaces: number, relative: boolean): Tensor[] {
  const [tasks = 0, width = 0, inputs = 0] = weight.shape;
  const part = width / subspaces;
  const groups = Array.from({ length: subspaces }, (_, s) => weight.slice([0, s * part, 0], [tasks, part, inputs]));
  const squares = (matrices: Tensor) => tf.sum(tf.square(matrices), [1, 2]); // [tasks]
  return groups.flatMap((left, s) =>
    groups.slice(s + 1).map((right) => {
      const overlap = squares(tf.matMul(left, right, false, true));
      if (!relative) return tf.sum(overlap);
      return tf.sum(tf.div(tf.mul(overlap, inputs), tf.mul(squares(left), squares(right))));
    }),
  );
}
