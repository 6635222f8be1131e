import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { float32 } from '../../support/arrays.js';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
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
    target: z.string().describe('The task that the others are to help.'),
    relax: z
      .number()
      .min(0)
      .max(1)
      .default(0.7)
      .describe('How far lengths are adapted. 1: to that of the target’s gradient. 0: not at all.'),
    beta: z.number().min(0).lt(1).default(0.9).describe('The decay of the mean of lengths.'),
    scale: z
      .enum(['all', 'larger', 'smaller'])
      .default('all')
      .describe('Which gradients are scaled: all, or those larger (smaller) than the target’s.'),
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
    const slotName = (parameter: string) => `length/${parameter}`;
    return {
      kind: 'gradients',
      noise: {},
      slots: (shared) => Object.fromEntries(shared.map((name) => [slotName(name), float32([tasks.length])])),
      combine({ parameterProducts: productsOf, shared, slots, present }) {
        const lengths = new Map(shared.map((name) => [name, nextLengths(name)]));
        const factors = new Map(Array.from(lengths, ([name, length]) => [name, scaleFactors(length)]));
        const adapted = tf.addN(Array.from(lengths.values(), (length) => shorterLength(length).greater(0).toFloat()));
        return {
          mix: (gradients, name) => linear(must(factors.get(name), `factors of ${name}`))(gradients),
          // Their mean over the parameters that the task and the target reach. Elsewhere a factor is 1.
          weights: tf
            .addN(Array.from(factors.values(), (factor) => factor.sub(1)))
            .div(adapted.maximum(1))
            .add(1),
          slots: Object.fromEntries(Array.from(lengths, ([name, length]) => [slotName(name), length])),
        };

        function nextLengths(name: string): Tensor {
          const before = must(slots[slotName(name)], `length of ${name}`);
          const length = before.mul(beta).add(
            diagonal(productsOf(name))
              .sqrt()
              .mul(1 - beta),
          );
          return tf.where(present.greater(0), length, before);
        }

        function scaleFactors(length: Tensor): Tensor {
          const wanted = length.slice([main], [1]);
          const scaled = wanted
            .div(length.add(leastLength))
            .mul(relax)
            .add(1 - relax);
          const isMain = tf.tensor1d(names.map((_, index) => Number(index === main))).greater(0);
          const kept = {
            all: isMain,
            larger: isMain.logicalOr(length.lessEqual(wanted)),
            smaller: isMain.logicalOr(length.greaterEqual(wanted)),
          }[scale];
          return tf.where(kept.logicalOr(shorterLength(length).lessEqual(0)), tf.onesLike(scaled), scaled);
        }

        /** The length, or 0 where the target or the task does not reach the parameter. */
        function shorterLength(length: Tensor): Tensor {
          return length.minimum(length.slice([main], [1]));
        }
      },
    };
  },
});
