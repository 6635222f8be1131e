import type { Task } from '../data/dataset.js';
import type { TaskScores } from './task-scores.js';

/** A regression task's rows, in the label's own units. */
export interface RegressionSample {
  readonly predictions: Float64Array;
  readonly labels: Float64Array;
  /** Of the population: the mean of (label - mean)^2. NaN if there are no rows. */
  readonly labelVariance: number;
}

/** Rows with mask > 0. */
export function regressionSample({ offset, scale }: Task, { logits, labels, mask }: TaskScores): RegressionSample {
  let rows = 0;
  for (const value of mask) if (value > 0) rows++;
  const sample = { predictions: new Float64Array(rows), labels: new Float64Array(rows) };
  let row = 0;
  for (let index = 0; index < logits.length; index++) {
    if (!((mask[index] ?? 0) > 0)) continue;
    sample.predictions[row] = (logits[index] ?? 0) * scale + offset;
    sample.labels[row] = labels[index] ?? 0;
    row++;
  }
  const mean = sample.labels.reduce((sum, label) => sum + label, 0) / rows;
  const labelVariance = sample.labels.reduce((sum, label) => sum + (label - mean) ** 2, 0) / rows;
  return { ...sample, labelVariance };
}
