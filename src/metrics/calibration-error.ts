import { calibrationBinCount, calibrationBins } from './calibration-bins.js';
import { defineMetric } from './metric.js';
import { weightOf } from './samples.js';

/**
 * Expected calibration error (Naeini et al. 2015) with bins of equal count (Nguyen and O'Connor 2015): the mean over rows of
 * |mean predicted probability - share of positives| in the row's bin. With weights, means and shares are weighted, and bins are of equal weight.
 */
export const calibrationError = defineMetric({
  name: 'calibrationError',
  summary: `expected calibration error, ${calibrationBinCount} bins of equal count`,
  type: 'binary',
  better: 'lower',
  margin: { percent: 1 },
  compute: (sample) => {
    const whole = weightOf(sample, 'positives') + weightOf(sample, 'negatives');
    return calibrationBins(sample).reduce((sum, { gap }) => sum + Math.abs(gap), 0) / whole;
  },
});
