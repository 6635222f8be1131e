import { defineMetric } from './metric.js';
import { forEachTie, weightOf } from './samples.js';

/**
 * Average precision, the area under the steps of the precision-recall curve: the mean over positives of the precision at their logit, rows with the same
 * logit being taken together. Without interpolation, as scikit-learn's `average_precision_score`. A constant prediction gets the share of positives.
 */
export const averagePrecision = defineMetric({
  name: 'averagePrecision',
  summary: 'average precision (area under the precision-recall curve, without interpolation); null for one class',
  type: 'binary',
  better: 'higher',
  margin: { percent: 1 },
  compute(sample) {
    const [positives, negatives] = [weightOf(sample, 'positives'), weightOf(sample, 'negatives')];
    if (positives === 0 || negatives === 0) return null;
    let sum = 0;
    forEachTie(sample, (tie) => {
      if (tie.positives === 0) return;
      const found = positives - tie.positivesBelow;
      sum += tie.positives * (found / (found + negatives - tie.negativesBelow));
    });
    return sum / positives;
  },
});
