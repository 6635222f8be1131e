import { defineMetric } from './metric.js';
import { type BinarySample, classWeight, forEachTie, sigmoid } from './samples.js';

const binCount = 15;

/**
 * Expected calibration error (Naeini et al. 2015) with bins of equal count (Nguyen and O'Connor 2015): the mean over
 * rows of the absolute difference of mean predicted probability and share of positives in the row's bin. With weights,
 * means and shares are weighted, and bins have equal weight.
 */
export const calibrationError = defineMetric({
  name: 'calibrationError',
  summary: `expected calibration error, ${binCount} bins of equal count`,
  type: 'binary',
  better: 'lower',
  margin: { percent: 1 },
  compute: (sample) => {
    const whole = classWeight(sample, 'positives') + classWeight(sample, 'negatives');
    return binGaps(sample, whole).reduce((sum, gap) => sum + Math.abs(gap), 0) / whole;
  },
});

/**
 * The gap of each bin of equal count (Nguyen and O'Connor 2015): predicted probability less share of positives, summed
 * over its rows. With fewer rows than bins, some are empty and left out. Where an edge falls into a tie, each part takes
 * its share of the tie's positives, so that the order of rows does not matter. With weights, bins have equal weight: an
 * edge may then split a row between two bins.
 */
function binGaps(sample: BinarySample, whole: number): readonly number[] {
  const lastRow = (bin: number) => {
    if (bin + 1 === binCount) return Number.POSITIVE_INFINITY; // whatever rounding has left
    const end = ((bin + 1) * whole) / binCount;
    return sample.weights ? end : Math.round(end);
  };
  const gaps: number[] = [];
  let [edge, done, gap] = [0, 0, 0];
  forEachTie(sample, ({ logit, positives, negatives }) => {
    const [probability, share] = [sigmoid(logit), positives / (positives + negatives)];
    let left = positives + negatives;
    while (left > 0) {
      const room = lastRow(edge) - done;
      const taken = Math.min(left, room);
      gap += taken * (probability - share);
      left -= taken;
      done += taken;
      if (taken < room) continue;
      done = lastRow(edge++);
      gaps.push(gap);
      gap = 0;
    }
  });
  return [...gaps, gap];
}
