import { defineMetric } from './metric.js';
import { influenceOnMeanSquare, meanSquaredError } from './mse.js';
import { regressionSample } from './samples.js';

/** mse / Var(y), the variance being that of the evaluated rows: 1 is what their mean would get. 1 - nmse is R squared. */
export const nmse = defineMetric({
  name: 'nmse',
  summary: 'mean squared error / variance of the label; null if that is 0',
  type: 'regression',
  better: 'lower',
  margin: { percent: 1 },
  compute: (sample) => (sample.labelVariance === 0 ? null : meanSquaredError(sample) / sample.labelVariance),
  score: (value) => 1 - value,
  ofConstant: 1,
  influence: (task, scores) => influenceOnMeanSquare(task, scores, regressionSample(task, scores).labelVariance),
});
