import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';
import { meanOfRows, predictionOf } from './samples.js';

/** Mean absolute error in the label's own units. */
export const mae = defineMetric({
  name: 'mae',
  summary: "mean absolute error, in the label's units",
  type: 'regression',
  better: 'lower',
  margin: { percent: 1 },
  compute: (sample) => meanOfRows(sample, (prediction, label) => Math.abs(prediction - label)),
  influence: (task, scores) => influenceOnMean(scores, (logit, label) => Math.abs(predictionOf(task, logit) - label)),
});
