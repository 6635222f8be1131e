import { z } from 'zod';
import { tf } from '../support/tf.js';
import { entireSpace, funnelTasks } from './esmm.js';
import { stopped } from './layers/axes.js';
import { defineModel } from './model.js';
import { oneLevelOrNone } from './options.js';

/**
 * Entire Space Counterfactual Multi-task Model with inverse propensities (Wang et al., "ESCM2", SIGIR 2022): ESMM's two
 * losses, and that of pCVR over the clicks, weighted so that it estimates the loss if all impressions were clicked,
 *
 *     L = CE(click, pCTR) + CE(click * conversion, pCTR * pCVR) + counterfactual * R,
 *     R = mean over impressions of click * CE(conversion, pCVR) / max(pCTR, clip).
 *
 * No gradient passes through the propensity, and it is clipped from below. The paper's weight of the second loss is
 * `loss.weights` of `conversion`. A click without a known conversion is left out of R, as of the
 * second loss.
 *
 * The paper's doubly robust variant adds a network that imputes the error CE(conversion, pCVR). It is left out: but for
 * the imputation's own loss, the network of pCVR would get the same gradient.
 */
export const escm2 = defineModel({
  name: 'escm2',
  summary: 'esmm with a third loss: conversion over the clicks, weighted by inverse propensity',
  source: 'Wang et al., SIGIR 2022, ESCM²-IPS',
  maximumTasks: 2,
  binaryOnly: true,
  tower: [128, 64],
  options: {
    levels: oneLevelOrNone,
    ...funnelTasks,
    counterfactual: z
      .number()
      .nonnegative()
      .default(0.1)
      .describe(
        'The weight of the counterfactual loss. `loss.weights` and `loss.balancing` do not change it. 0: as `esmm`.',
      ),
    clip: z
      .number()
      .positive()
      .max(1)
      .default(0.1)
      .describe(
        'The least propensity: lower predicted click probabilities count as this. If most are lower, all clicks weigh alike.',
      ),
  },
  build(shape, { counterfactual, clip, ...options }) {
    return entireSpace('escm2', shape, options, ({ click, conversion, clicked, converted }) => {
      const propensity = stopped(tf.sigmoid(click)).maximum(clip);
      const losses = tf.softplus(conversion).sub(conversion.mul(converted));
      return losses.mul(clicked).div(propensity).mul(counterfactual);
    });
  },
});
