import { defineMetric } from './metric.js';
import { influenceOnMeanSquare } from './mse.js';
import { nmse } from './nmse.js';
import { regressionSample } from './samples.js';

/** R squared, the coefficient of determination: 1 - mse / Var(y), of the evaluated rows. 0 is what their mean would get. */
export const r2 = defineMetric({
  name: 'r2',
  summary: 'R², 1 - mean squared error / variance of the label; null if that is 0',
  type: 'regression',
  better: 'higher',
  margin: { absolute: 0.001 },
  compute(sample) {
    const error = nmse.compute(sample);
    return error === null ? null : 1 - error;
  },
  influence(task, scores) {
    const { labelVariance } = regressionSample(task, scores);
    return influenceOnMeanSquare(task, scores, labelVariance)?.map((value) => -value) ?? null;
  },
});
