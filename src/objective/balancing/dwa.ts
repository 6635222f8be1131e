import { z } from 'zod';
import { stepCount } from '../../config/count.js';
import { float32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';

/**
 * Dynamic weight average: Liu, Johns and Davison, "End-to-end multi-task learning with attention" (CVPR 2019), equation
 * 7:
 *
 *     w_k(t) = K exp(r_k(t - 1) / T) / sum_i exp(r_i(t - 1) / T),   r_k(t - 1) = L_k(t - 1) / L_k(t - 2).
 *
 * L_k(t) is the mean of the batches' losses in epoch t, as in the paper, or in period t of `steps` steps. In the first
 * two periods all weights are 1. Batches without rows of a task are left out of its mean; after an epoch without any,
 * the last mean stays.
 */
export const dwa = defineBalancing({
  name: 'dwa',
  summary: 'dynamic weight average: more weight for tasks whose loss falls more slowly',
  source: 'Liu et al. 2019, eq. 7',
  options: z.strictObject({
    type: z.literal('dwa'),
    temperature: z.number().positive().default(2).describe('T of the softmax. Larger: more equal weights.'),
    steps: stepCount().optional().describe('Steps over which losses are averaged. Absent: an epoch.'),
  }),
  build({ tasks, stepsPerEpoch }, { temperature, steps = stepsPerEpoch }) {
    const vector = (value: number) => float32([tasks.length], new Float32Array(tasks.length).fill(value));
    return {
      kind: 'losses',
      noise: {},
      slots: () => ({
        sums: vector(0),
        counts: vector(0),
        last: vector(1),
        before: vector(1),
        steps: float32([]),
        periods: float32([]),
      }),
      weights({ slots }) {
        const [last, before] = [must(slots.last, 'last'), must(slots.before, 'before')];
        const hasRatios = must(slots.periods, 'periods').greaterEqual(2);
        const ratios = tf.where(hasRatios, last.div(before), tf.onesLike(last));
        return tf.softmax(ratios.div(temperature)).mul(tasks.length);
      },
      next({ slots, losses, present }) {
        const [last, before, periods] = [
          must(slots.last, 'last'),
          must(slots.before, 'before'),
          must(slots.periods, 'p'),
        ];
        const sums = must(slots.sums, 'sums').add(losses.mul(present));
        const counts = must(slots.counts, 'counts').add(present);
        const done = must(slots.steps, 'steps').add(1);
        const ends = done.greaterEqual(steps);
        const mean = tf.where(counts.greater(0), sums.div(counts.maximum(1)), last);
        const atEnd = (then: typeof sums, otherwise: typeof sums) => tf.where(ends, then, otherwise);
        return {
          sums: atEnd(tf.zerosLike(sums), sums),
          counts: atEnd(tf.zerosLike(counts), counts),
          last: atEnd(mean, last),
          before: atEnd(last, before),
          steps: atEnd(tf.zerosLike(done), done),
          periods: atEnd(periods.add(1), periods),
        };
      },
    };
  },
});
