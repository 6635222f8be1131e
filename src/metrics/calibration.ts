import { defineMetric } from './metric.js';
import { type BinarySample, classWeight, forEachTie, sigmoid } from './samples.js';

export const calibrationBinCount = 15;

/**
 * Expected calibration error (Naeini et al. 2015) with bins of equal count (Nguyen and O'Connor 2015): the mean over
 * rows of the absolute difference of mean predicted probability and share of positives in the row's bin. With weights,
 * means and shares are weighted, and bins have equal weight.
 */
export const calibrationError = defineMetric({
  name: 'calibrationError',
  summary: `expected calibration error, ${calibrationBinCount} bins of equal count`,
  type: 'binary',
  better: 'lower',
  margin: { percent: 1 },
  compute: (sample) => {
    const whole = classWeight(sample, 'positives') + classWeight(sample, 'negatives');
    return calibrationBins(sample).reduce((sum, { gap }) => sum + Math.abs(gap), 0) / whole;
  },
});

/** Consecutive rows by predicted probability. */
export interface CalibrationBin {
  /** The sum of the rows' weights; without weights, their number. Sums below are weighted alike. */
  readonly weight: number;
  /** Sum of the predicted probabilities. */
  readonly predicted: number;
  /** Where an edge falls into a tie, a share of the tie's positives. */
  readonly positives: number;
  /** predicted - positives, summed row by row: exact where the two are nearly the same. */
  readonly gap: number;
}

/**
 * Bins of equal count (Nguyen and O'Connor 2015); with fewer rows than bins, some are empty and left out. Where an edge
 * falls into a tie, each part takes its share of the tie's positives, so that the order of rows does not matter. With
 * weights, bins have equal weight: an edge may then split a row between two bins.
 */
export function calibrationBins(sample: BinarySample): readonly CalibrationBin[] {
  const whole = classWeight(sample, 'positives') + classWeight(sample, 'negatives');
  const lastRow = (bin: number) => {
    if (bin + 1 === calibrationBinCount) return Number.POSITIVE_INFINITY; // whatever rounding has left
    const end = ((bin + 1) * whole) / calibrationBinCount;
    return sample.weights ? end : Math.round(end);
  };
  const bins: CalibrationBin[] = [];
  let [edge, done] = [0, 0];
  let bin = { weight: 0, predicted: 0, positives: 0, gap: 0 };
  const close = () => {
    if (bin.weight > 0) bins.push(bin);
    bin = { weight: 0, predicted: 0, positives: 0, gap: 0 };
  };
  forEachTie(sample, ({ logit, positives, negatives }) => {
    const [probability, share] = [sigmoid(logit), positives / (positives + negatives)];
    let left = positives + negatives;
    while (left > 0) {
      const room = lastRow(edge) - done;
      const taken = Math.min(left, room);
      bin.weight += taken;
      bin.predicted += taken * probability;
      bin.positives += taken * share;
      bin.gap += taken * (probability - share);
      left -= taken;
      done += taken;
      if (taken < room) continue;
      done = lastRow(edge++);
      close();
    }
  });
  close();
  return bins;
}
