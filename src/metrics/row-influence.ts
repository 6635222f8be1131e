import { binarySample } from './binary-sample.js';
import type { TaskScores } from './task-scores.js';

/*
 * The influence of a row: its part of a metric's deviation from what it would be over all rows that there could be, to first order.
 * Rows outside the task's sample space have 0. The sum of the squares is the metric's variance over draws of the rows; the influence
 * of a sum or difference of metrics on the same rows is the sum or difference of their influences.
 */

/** Of the mean of a value per row, or of that mean divided by `unit`. Null for fewer than two rows and for values that are not finite. */
export function influenceOnMean(
  { logits, labels, mask }: TaskScores,
  value: (logit: number, label: number) => number,
  unit = 1,
): Float64Array | null {
  const influence = new Float64Array(logits.length);
  let [rows, sum] = [0, 0];
  for (let row = 0; row < logits.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    const found = value(logits[row] ?? 0, labels[row] ?? 0);
    influence[row] = found;
    sum += found;
    rows++;
  }
  if (rows < 2 || !Number.isFinite(sum) || !(unit > 0)) return null;
  const scale = unit * Math.sqrt(rows * (rows - 1));
  for (let row = 0; row < logits.length; row++) {
    if ((mask[row] ?? 0) > 0) influence[row] = ((influence[row] ?? 0) - sum / rows) / scale;
  }
  return influence;
}

/**
 * Of the area under the ROC curve: a row's placement among the rows of the other class less the area (DeLong et al. 1988), so that the
 * squares add up to `delongVariance`. Null for fewer than two rows of a class.
 */
export function influenceOnArea(scores: TaskScores): Float64Array | null {
  const { logits, labels, mask } = scores;
  const { positives, negatives } = binarySample(scores);
  const [m, n] = [positives.length, negatives.length];
  if (m < 2 || n < 2) return null;
  const influence = new Float64Array(logits.length);
  let ordered = 0;
  for (let row = 0; row < logits.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    const logit = logits[row] ?? 0;
    const positive = (labels[row] ?? 0) > 0.5;
    const others = positive ? negatives : positives;
    const below = (countBelow(others, logit, false) + countBelow(others, logit, true)) / 2;
    influence[row] = positive ? below / n : 1 - below / m;
    if (positive) ordered += below; // a multiple of 1/2: exact up to 2^52 pairs
  }
  const area = ordered / m / n;
  const [ofPositives, ofNegatives] = [Math.sqrt(m * (m - 1)), Math.sqrt(n * (n - 1))];
  for (let row = 0; row < logits.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    const positive = (labels[row] ?? 0) > 0.5;
    influence[row] = ((influence[row] ?? 0) - area) / (positive ? ofPositives : ofNegatives);
  }
  return influence;
}

/** How many of ascending values lie below a limit, or at it. */
function countBelow(ascending: Float32Array | Float64Array, limit: number, orEqual: boolean): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = ascending[middle] ?? 0;
    if (value < limit || (orEqual && value === limit)) low = middle + 1;
    else high = middle;
  }
  return low;
}
