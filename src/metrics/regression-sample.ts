import type { Task } from '../data/dataset.js';
import type { TaskScores } from './task-scores.js';

/** A regression task's rows, in the label's own units. */
export interface RegressionSample {
  readonly predictions: Float64Array;
  readonly labels: Float64Array;
  /** Each row's weight, in the same order; without weights 1. */
  readonly weights: Float64Array;
  /** Of the population: the mean of (label - mean)^2. NaN if there are no rows. */
  readonly labelVariance: number;
}

/** Rows with mask > 0. */
export function regressionSample({ offset, scale }: Task, { logits, labels, mask }: TaskScores): RegressionSample {
  let rows = 0;
  for (const value of mask) if (value > 0) rows++;
  const sample = {
    predictions: new Float64Array(rows),
    labels: new Float64Array(rows),
    weights: new Float64Array(rows),
  };
  let row = 0;
  for (let index = 0; index < logits.length; index++) {
    const weight = mask[index] ?? 0;
    if (!(weight > 0)) continue;
    sample.predictions[row] = (logits[index] ?? 0) * scale + offset;
    sample.labels[row] = labels[index] ?? 0;
    sample.weights[row] = weight;
    row++;
  }
  const mean = meanOfRows(sample, (_, label) => label);
  return { ...sample, labelVariance: meanOfRows(sample, (_, label) => (label - mean) ** 2) };
}

/** The weighted mean over the rows of a value of each. */
export function meanOfRows(
  { predictions, labels, weights }: Pick<RegressionSample, 'predictions' | 'labels' | 'weights'>,
  value: (prediction: number, label: number) => number,
): number {
  let [sum, whole] = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    const weight = weights[row] ?? 0;
    sum += weight * value(predictions[row] ?? 0, labels[row] ?? 0);
    whole += weight;
  }
  return sum / whole;
}
