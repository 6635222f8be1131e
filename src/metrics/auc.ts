import { type BinarySample, forEachTie } from './binary-sample.js';
import { defineMetric } from './metric.js';
import { influenceOnArea } from './row-influence.js';

/** Area under the ROC curve: the share of (positive, negative) pairs in the right order, a tie counting half. Exact. */
export const auc = defineMetric({
  name: 'auc',
  summary: 'area under the ROC curve: exact, ties count half; null for one class',
  type: 'binary',
  better: 'higher',
  usual: true,
  relativeTo: (value) => value - 0.5,
  compute: areaUnderCurve,
  score: (value) => value,
  influence: (_task, scores) => influenceOnArea(scores),
});

/** Null if there are not both classes. */
export function areaUnderCurve(sample: BinarySample): number | null {
  const pairs = sample.positives.length * sample.negatives.length;
  if (pairs === 0) return null;
  let ordered = 0; // a multiple of 1/2: exact up to 2^52 pairs
  forEachTie(sample, ({ positives, negatives, negativesBelow }) => {
    ordered += positives * (negativesBelow + negatives / 2);
  });
  return ordered / pairs;
}
