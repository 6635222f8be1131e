import { type BinarySample, forEachTie } from './binary-sample.js';

export const calibrationBinCount = 15;

/** Consecutive rows by predicted probability. */
export interface CalibrationBin {
  readonly rows: number;
  /** Sum of the predicted probabilities. */
  readonly predicted: number;
  /** Where an edge falls into a tie, a share of the tie's positives. */
  readonly positives: number;
  /** predicted - positives, summed row by row: exact where the two are nearly the same. */
  readonly gap: number;
}

/**
 * Bins of equal count (Nguyen and O'Connor 2015); with fewer rows than bins, some are empty and left out. Where an edge falls into a
 * tie, each part takes its share of the tie's positives, so that the order of rows does not matter.
 */
export function calibrationBins(sample: BinarySample): readonly CalibrationBin[] {
  const rows = sample.positives.length + sample.negatives.length;
  const endOf = (bin: number) => Math.round(((bin + 1) * rows) / calibrationBinCount);
  const bins: CalibrationBin[] = [];
  let [edge, row] = [0, 0];
  let bin = { rows: 0, predicted: 0, positives: 0, gap: 0 };
  forEachTie(sample, ({ logit, positives, negatives }) => {
    const [probability, share] = [1 / (1 + Math.exp(-logit)), positives / (positives + negatives)];
    let left = positives + negatives;
    while (left > 0) {
      const taken = Math.min(left, endOf(edge) - row);
      bin.rows += taken;
      bin.predicted += taken * probability;
      bin.positives += taken * share;
      bin.gap += taken * (probability - share);
      row += taken;
      left -= taken;
      if (row < endOf(edge)) continue;
      if (bin.rows > 0) bins.push(bin);
      bin = { rows: 0, predicted: 0, positives: 0, gap: 0 };
      edge++;
    }
  });
  return bins;
}
