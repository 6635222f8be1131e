import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { float32 } from '../../support/arrays.js';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { mapKeys, mapValues, recordOf } from '../../support/records.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';
import { diagonal, linear } from './products.js';

/** Added to a length that divides, as in the authors' program. */
const leastLength = 1e-5;

/**
 * He, Feng, Cheng, Ji, Guo and Caverlee, "MetaBalance: improving multi-task recommendations via adapting gradient
 * magnitudes of auxiliary tasks" (WWW 2022), algorithm 1. For each shared parameter, m_k <- beta m_k + (1 - beta)
 * ||g_k|| is the moving length of task k's gradient, and an auxiliary task's gradient becomes
 *
 *     relax (m_target / m_k) g_k + (1 - relax) g_k.
 *
 * The direction is the sum. `scale` has the paper's strategies: A (`larger`) scales only gradients longer than the
 * target's, B (`smaller`) only shorter ones, C (`all`) both. A parameter is one array; of a batched one, all members
 * together. A task without rows in a batch keeps its m.
 *
 * The paper leaves one case open: where m_target or m_k is 0, the target or the task does not reach the parameter. Here
 * g_k then stays.
 */
export const metabalance = defineBalancing({
  name: 'metabalance',
  summary: 'auxiliary tasks’ gradients are scaled to the length of the target’s, parameter by parameter',
  source: 'He et al. 2022, algorithm 1',
  options: z.strictObject({
    type: z.literal('metabalance'),
    target: z.string().describe('The task that the others help.'),
    relax: z
      .number()
      .min(0)
      .max(1)
      .default(0.7)
      .describe('How far lengths are adapted: 0 not at all, 1 to that of the target’s gradient.'),
    beta: z.number().min(0).lt(1).default(0.9).describe('The decay of the moving mean of lengths.'),
    scale: z
      .enum(['all', 'larger', 'smaller'])
      .default('all')
      .describe('Which gradients are scaled: all, or those larger (or smaller) than the target’s.'),
  }),
  undoesWeights: ({ relax, scale }) => relax === 1 && scale === 'all',
  build({ tasks }, { target, relax, beta, scale }) {
    const names = tasks.map(({ name }) => name);
    const main = names.indexOf(target);
    if (main < 0) {
      throw new ConfigError(
        `loss.balancing.target: no such task '${target}'${didYouMean(target, names)}; there are: ${names.join(', ')}.`,
      );
    }
    return {
      kind: 'gradients',
      noise: {},
      slots: (shared) =>
        mapKeys(
          recordOf(shared, () => float32([tasks.length])),
          slotName,
        ),
      combine({ parameterProducts: productsOf, shared, slots, present }) {
        const lengths = recordOf(shared, (name) => {
          const before = must(slots[slotName(name)], `length of ${name}`);
          const length = before.mul(beta).add(
            diagonal(productsOf(name))
              .sqrt()
              .mul(1 - beta),
          );
          return tf.where(present.greater(0), length, before);
        });
        const factors = mapValues(lengths, (length) => scaleFactors(length, main, { relax, scale }));
        const adapted = tf.addN(
          Object.values(lengths).map((length) => shorterLength(length, main).greater(0).toFloat()),
        );
        return {
          mix: (gradients, name) => linear(must(factors[name], `factors of ${name}`))(gradients),
          // Their mean over the parameters that the task and the target reach. Elsewhere a factor is 1.
          weights: tf
            .addN(Object.values(factors).map((factor) => factor.sub(1)))
            .div(adapted.maximum(1))
            .add(1),
          slots: mapKeys(lengths, slotName),
        };
      },
    };
  },
});

function slotName(parameter: string): string {
  return `length/${parameter}`;
}

/** What each task's gradient of a parameter is multiplied by. @param length moving lengths of the gradients, [tasks] */
function scaleFactors(
  length: Tensor,
  main: number,
  { relax, scale }: { readonly relax: number; readonly scale: 'all' | 'larger' | 'smaller' },
): Tensor {
  const target = length.slice([main], [1]);
  const scaled = target
    .div(length.add(leastLength))
    .mul(relax)
    .add(1 - relax);
  const isMain = tf.tensor1d(Array.from({ length: length.size }, (_, task) => Number(task === main))).greater(0);
  const kept = {
    all: isMain,
    larger: isMain.logicalOr(length.lessEqual(target)),
    smaller: isMain.logicalOr(length.greaterEqual(target)),
  }[scale];
  return tf.where(kept.logicalOr(shorterLength(length, main).lessEqual(0)), tf.onesLike(scaled), scaled);
}

/** The length, or 0 where the target or the task does not reach the parameter. */
function shorterLength(length: Tensor, main: number): Tensor {
  return length.minimum(length.slice([main], [1]));
}
