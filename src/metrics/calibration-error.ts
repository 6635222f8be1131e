import { forEachTie } from './binary-sample.js';
import { defineMetric } from './metric.js';

const bins = 15;

/**
 * Expected calibration error (Naeini et al. 2015) with bins of equal count (Nguyen and O'Connor 2015): the mean over rows of
 * |mean predicted probability - share of positives| in the row's bin. Bins hold consecutive rows by probability; where an edge
 * falls into a tie, each part takes its share of the tie's positives, so that the order of rows does not matter.
 */
export const calibrationError = defineMetric({
  name: 'calibrationError',
  summary: `expected calibration error, ${bins} bins of equal count`,
  type: 'binary',
  better: 'lower',
  relativeTo: (value) => value,
  compute: (sample) => {
    const rows = sample.positives.length + sample.negatives.length;
    const endOf = (bin: number) => Math.round(((bin + 1) * rows) / bins);
    let [bin, row, gap, sum] = [0, 0, 0, 0];
    forEachTie(sample, ({ logit, positives, negatives }) => {
      const rowGap = 1 / (1 + Math.exp(-logit)) - positives / (positives + negatives);
      let left = positives + negatives;
      while (left > 0) {
        const taken = Math.min(left, endOf(bin) - row);
        gap += taken * rowGap;
        row += taken;
        left -= taken;
        if (row < endOf(bin)) continue;
        sum += Math.abs(gap);
        gap = 0;
        bin++;
      }
    });
    return sum / rows;
  },
});
