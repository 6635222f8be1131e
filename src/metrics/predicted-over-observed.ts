import { defineMetric } from './metric.js';
import { meanOf, probabilityOf } from './samples.js';

/** The mean predicted probability / the share of positives ("calibration" of He et al. 2014): 1 is right on average, above it predictions are too high. */
export const predictedOverObserved = defineMetric({
  name: 'predictedOverObserved',
  summary: 'mean probability / share of positives: above 1 predictions are too high; null without positives',
  type: 'binary',
  better: null,
  compute: (sample) => meanOf(sample, probabilityOf) / meanOf(sample, (_logit, label) => label),
});
