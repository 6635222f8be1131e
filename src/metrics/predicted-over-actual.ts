import { defineMetric } from './metric.js';
import { meanOfRows } from './samples.js';

/** The mean prediction / the mean label: as `predictedOverObserved` of binary tasks. It tells little of labels around 0. */
export const predictedOverActual = defineMetric({
  name: 'predictedOverActual',
  summary:
    'mean prediction / mean label; null if that is 0; below 1 for a right model under the loss `log-normal`, whose predictions are medians',
  type: 'regression',
  better: null,
  compute: (sample) =>
    meanOfRows(sample, (prediction) => prediction) / meanOfRows(sample, (_prediction, label) => label),
});
