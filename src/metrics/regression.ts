import type { Task } from '../data/dataset.js';
import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';
import { inLabelUnits, meanOfRows, type RegressionSample, regressionSample, type TaskScores } from './samples.js';

/** Mean squared error in the label's own units. */
export const mse = defineMetric({
  name: 'mse',
  summary: "mean squared error, in the label's units",
  type: 'regression',
  better: 'lower',
  range: 'error',
  usual: true,
  margin: { percent: 1 },
  compute: meanSquaredError,
  loss: (value, { scale }) => value / scale ** 2,
  influence: (task, scores) => influenceOnMeanSquare(task, scores),
});

function meanSquaredError(sample: RegressionSample): number {
  return meanOfRows(sample, (prediction, label) => (prediction - label) ** 2);
}

/** Influences on the mean squared error divided by `unit`, which counts as a constant. */
function influenceOnMeanSquare(task: Task, scores: TaskScores, unit = 1): Float64Array | null {
  return influenceOnMean(scores, (logit, label) => (inLabelUnits(task, logit) - label) ** 2, unit);
}

/** mse / Var(y), with the variance of the evaluated rows: 1 for predicting their mean. 1 - nmse is R squared. */
export const nmse = defineMetric({
  name: 'nmse',
  summary: 'mean squared error / variance of the label',
  type: 'regression',
  better: 'lower',
  range: 'error',
  margin: { percent: 1 },
  compute: (sample) => (sample.labelVariance === 0 ? null : meanSquaredError(sample) / sample.labelVariance),
  score: (value) => -100 * Math.log(Math.max(value, Number.MIN_VALUE)),
  ofConstant: 1,
  influence: (task, scores) => influenceOnMeanSquare(task, scores, regressionSample(task, scores).labelVariance),
});

/** Mean absolute error in the label's own units. */
export const mae = defineMetric({
  name: 'mae',
  summary: "mean absolute error, in the label's units",
  type: 'regression',
  better: 'lower',
  range: 'error',
  margin: { percent: 1 },
  compute: (sample) => meanOfRows(sample, (prediction, label) => Math.abs(prediction - label)),
  influence: (task, scores) => influenceOnMean(scores, (logit, label) => Math.abs(inLabelUnits(task, logit) - label)),
});

/**
 * R squared, the coefficient of determination: 1 - mse / Var(y), of the evaluated rows: 0 for predicting their mean.
 */
export const r2 = defineMetric({
  name: 'r2',
  summary: 'R², 1 - mean squared error / variance of the label',
  type: 'regression',
  better: 'higher',
  range: 'below 1',
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

/**
 * The mean prediction / the mean label, as `predictedOverObserved` of binary tasks. It says little for labels around 0.
 */
export const predictedOverActual = defineMetric({
  name: 'predictedOverActual',
  summary: 'mean prediction / mean label; below 1 for a right model under `log-normal`, which predicts medians',
  type: 'regression',
  better: null,
  compute: (sample) =>
    meanOfRows(sample, (prediction) => prediction) / meanOfRows(sample, (_prediction, label) => label),
});
