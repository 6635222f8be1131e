import { areaUnderCurve } from './area-under-curve.js';
import { type BinarySample, forEachTie } from './binary-sample.js';
import { defineMetric } from './metric.js';

const normalQuantile = 1.959963984540054; // of 0.975

/**
 * 95 % interval of the AUC: DeLong's variance (DeLong, DeLong and Clarke-Pearson 1988; from ranks as in Sun and Xu 2014),
 * normal on the logit scale, so that it stays within (0, 1).
 * Null for an AUC of 0 or 1, where that scale has no such point, and for fewer than two rows of a class.
 */
export const aucInterval = defineMetric({
  name: 'aucInterval',
  summary: '95 % interval of the AUC: DeLong, on the logit scale',
  type: 'binary',
  better: null,
  compute: (sample) => {
    const area = areaUnderCurve(sample);
    const variance = delongVariance(sample);
    if (area === null || variance === null || area === 0 || area === 1) return null;
    const centre = Math.log(area / (1 - area));
    const half = (normalQuantile * Math.sqrt(variance)) / (area * (1 - area));
    return [expit(centre - half), expit(centre + half)];
  },
});

/** Null for fewer than two rows of a class. */
export function delongVariance(sample: BinarySample): number | null {
  const [m, n] = [sample.positives.length, sample.negatives.length];
  const area = areaUnderCurve(sample);
  if (area === null || m < 2 || n < 2) return null;
  let [overPositives, overNegatives] = [0, 0];
  forEachTie(sample, ({ positives, negatives, positivesBelow, negativesBelow }) => {
    // Placements: the share of the other class on the right side of a row. Their mean is the AUC for either class.
    const ofPositive = (negativesBelow + negatives / 2) / n;
    const ofNegative = (m - positivesBelow - positives / 2) / m;
    overPositives += positives * (ofPositive - area) ** 2;
    overNegatives += negatives * (ofNegative - area) ** 2;
  });
  return overPositives / (m - 1) / m + overNegatives / (n - 1) / n;
}

function expit(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
