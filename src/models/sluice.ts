import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { layerWidth } from '../config/count.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';
import { type Features, product } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { mix, mixLevels } from './layers/mix.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, glorot, namesOf, parameterNamed } from './model.js';
import { ownShare, twoLevels } from './options.js';

/**
 * Sluice networks (Ruder et al., AAAI 2019, eq. 1-5; PLE Fig. 1g): a column of layers per task, each level's state
 * split in S subspaces. After each level a trainable scalar matrix alpha [tasks * S, tasks * S] mixes all subspaces of
 * all tasks. It starts at `alpha` for the own subspace and (1 - alpha) / (K S - 1) elsewhere. Task k's tower reads
 * sum_l beta[k, l] h_k,l over the levels' mixed states. beta starts at `beta` for the last level; the other levels
 * share the rest. Levels of another width than the last pass a projection without bias. With one level there is no
 * beta.
 *
 * Penalty, of pairs of subspaces s < t, G_s [inputs, width / S] being the weights of the level's last layer that make
 * subspace s. The paper has lambda * sum over tasks, levels and pairs of ||G_s^T G_t||_F^2 (`penalty: frobenius`). That
 * sum grows with width, levels and tasks, and weights that merely shrink lower it. `penalty: relative` is lambda * mean
 * over tasks, levels and pairs of
 *
 *     inputs ||G_s^T G_t||_F^2 / (||G_s||_F^2 ||G_t||_F^2)
 *
 * which is the mean squared element of G_s^T G_t over its value for unrelated weights of this size. Its mean at the
 * start is 1 whatever the sizes, and it is 0 for orthogonal subspaces. It does not depend on the weights' scale, so
 * only orthogonality lowers it.
 */
export const sluice = defineModel({
  name: 'sluice',
  summary: 'columns whose subspaces and levels are mixed by trained scalars',
  source: 'Ruder et al., AAAI 2019',
  tower: [64],
  options: {
    levels: twoLevels,
    subspaces: layerWidth().default(2).describe('Parts of each hidden state; must divide every level’s last width.'),
    alpha: ownShare
      .default(0.95)
      .describe('At the start, the share of a subspace’s own, from 1 / (K · subspaces) to 1.'),
    beta: ownShare.default(0.9).describe('At the start, the share of the last level, from 1 / levels to 1.'),
    penalty: z
      .enum(['relative', 'frobenius'])
      .default('relative')
      .describe(
        'The penalty of what subspaces G, H of a layer’s weights have in common. `relative`: n ||GᵀH||² / (||G||² ||H||²) for n inputs, a mean over tasks, levels and pairs; 1 at the start, 0 if orthogonal. `frobenius`: the sum of ||GᵀH||², as in the paper; it grows with the width.',
      ),
    orthogonality: z.number().nonnegative().default(0.1).describe('The weight of the penalty.'),
  },
  widthMultiple: ({ subspaces }) => subspaces,
  build(shape, options) {
    const { tasks } = shape;
    const { subspaces, penalty, orthogonality } = options;
    const last = must(options.levels.at(-1)?.at(-1), 'last width');
    const input = embed(shape, options);
    let { width } = input;
    const levels = options.levels.map((widths, index) => {
      const name = `level${index + 1}`;
      const columns = mlps(`${name}.columns`, namesOf(tasks), width, widths, options);
      width = columns.width;
      if (width % subspaces !== 0)
        throw new ConfigError(`model.levels: sluice cannot split width ${width} in ${subspaces} equal subspaces.`);
      const projection = width === last ? undefined : `${name}.projection.weight`;
      const starts = projection === undefined ? {} : { [projection]: glorot(namesOf(tasks), width, last) };
      return {
        columns,
        lastWeight: `${name}.columns.${widths.length - 1}.weight`,
        alpha: mix(`${name}.alpha`, tasks.length, { key: 'alpha', share: options.alpha }, subspaces),
        projection,
        starts,
      };
    });
    const heads = towers('tower', tasks, width, options);
    const depth = levels.length;
    const beta = depth > 1 ? mixLevels('beta', tasks.length, depth, { key: 'beta', share: options.beta }) : undefined;
    const layers = [
      input,
      ...levels.flatMap(({ columns, alpha, starts }) => [columns, alpha, { parameters: starts }]),
      ...(beta ? [beta] : []),
      heads,
    ];
    return composed(layers, (pass) => {
      const { parameters } = pass;
      let hidden = input.apply(pass);
      const states: Features[] = [];
      const penalties: Tensor[] = [];
      for (const { columns, lastWeight, alpha, projection } of levels) {
        hidden = alpha.apply(pass, columns.apply(pass, hidden));
        states.push(projection === undefined ? hidden : product(hidden, parameterNamed(parameters, projection)));
        penalties.push(...overlaps(parameterNamed(parameters, lastWeight), subspaces, penalty === 'relative'));
      }
      const logits = heads.apply(pass, beta ? beta.apply(pass, states) : hidden);
      if (orthogonality === 0 || penalties.length === 0) return { logits };
      const factor = penalty === 'relative' ? orthogonality / (penalties.length * tasks.length) : orthogonality;
      return { logits, penalty: tf.mul(tf.addN(penalties), factor) };
    });
  },
});

/**
 * For every pair of subspaces ||G_s^T G_t||_F^2, or that relative to unrelated weights, summed over tasks. Weight:
 * [tasks, width, inputs].
 */
function overlaps(weight: Tensor, subspaces: number, relative: boolean): Tensor[] {
  const [tasks = 0, width = 0, inputs = 0] = weight.shape;
  const size = width / subspaces;
  const groups = Array.from({ length: subspaces }, (_, s) => weight.slice([0, s * size, 0], [tasks, size, inputs]));
  const squares = (matrices: Tensor) => tf.sum(tf.square(matrices), [1, 2]); // [tasks]
  return groups.flatMap((left, s) =>
    groups.slice(s + 1).map((right) => {
      const overlap = squares(tf.matMul(left, right, false, true));
      if (!relative) return tf.sum(overlap);
      return tf.sum(tf.div(tf.mul(overlap, inputs), tf.mul(squares(left), squares(right))));
    }),
  );
}
