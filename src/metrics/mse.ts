import type { Task } from '../data/dataset.js';
import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';
import { meanOfRows, predictionOf, type RegressionSample, type TaskScores } from './samples.js';

/** Mean squared error in the label's own units. */
export const mse = defineMetric({
  name: 'mse',
  summary: "mean squared error, in the label's units",
  type: 'regression',
  better: 'lower',
  usual: true,
  margin: { percent: 1 },
  compute: meanSquaredError,
  loss: (value, { scale }) => value / scale ** 2,
  influence: (task, scores) => influenceOnMeanSquare(task, scores),
});

export function meanSquaredError(sample: RegressionSample): number {
  return meanOfRows(sample, (prediction, label) => (prediction - label) ** 2);
}

/** Of the squared error divided by `unit`, which counts as given. */
export function influenceOnMeanSquare(task: Task, scores: TaskScores, unit = 1): Float64Array | null {
  return influenceOnMean(scores, (logit, label) => (predictionOf(task, logit) - label) ** 2, unit);
}
