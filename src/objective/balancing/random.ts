import { z } from 'zod';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { defineBalancing } from './balancing.js';

/**
 * Random loss weighting: Lin, Ye, Zhang and Tsang, "Reasonable effectiveness of random weighting: a litmus test for
 * multi-task learning" (TMLR 2022). In each step w = K softmax(x) for K standard normals x. The paper's weights sum to
 * 1; here they sum to K, as fixed weights do, so that a learning rate means the same.
 */
export const random = defineBalancing({
  name: 'random',
  summary: 'random loss weighting: in each step the softmax of normal numbers',
  source: 'Lin et al. 2022, RLW',
  options: z.strictObject({ type: z.literal('random') }),
  build: ({ tasks }) => ({
    kind: 'losses',
    noise: { normals: { shape: [tasks.length], draw: (values, random) => random.fillNormal(values) } },
    slots: () => ({}),
    weights: ({ noise }) => tf.softmax(must(noise.normals, 'normals')).mul(tasks.length),
    next: () => ({}),
  }),
});
