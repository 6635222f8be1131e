import { defineMetric } from './metric.js';
import { interval } from './row-influence.js';
import { areaUnderCurve, type BinarySample, forEachTie, weightOf } from './samples.js';

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
    return area === null || variance === null ? null : interval(area, Math.sqrt(variance), true);
  },
});

/**
 * Null for fewer than two rows of a class.
 *
 * With weights, the AUC is the weighted mean of the placements of either class, and the variance that of a ratio of means (Cochran 1977,
 * section 2.11): of the m rows of a class, m / (m - 1) * sum of (w_i (V_i - AUC))^2 / (sum of w_i)^2. With equal weights this is DeLong's.
 * Rows are the draws, whatever they weigh: m is in effect (sum of w)^2 / sum of w^2 (Kish 1965).
 */
export function delongVariance(sample: BinarySample): number | null {
  const [m, n] = [sample.positives.length, sample.negatives.length];
  const area = areaUnderCurve(sample);
  if (area === null || m < 2 || n < 2) return null;
  const [sumM, sumN] = [weightOf(sample, 'positives'), weightOf(sample, 'negatives')]; // without weights m and n
  let [overPositives, overNegatives] = [0, 0];
  forEachTie(sample, (tie) => {
    // Placements: the share of the other class on the right side of a row. Their mean is the AUC for either class.
    const ofPositive = (tie.negativesBelow + tie.negatives / 2) / sumN;
    const ofNegative = (sumM - tie.positivesBelow - tie.positives / 2) / sumM;
    overPositives += tie.positiveSquares * (ofPositive - area) ** 2;
    overNegatives += tie.negativeSquares * (ofNegative - area) ** 2;
  });
  return (overPositives / (m - 1) / m) * (m / sumM) ** 2 + (overNegatives / (n - 1) / n) * (n / sumN) ** 2;
}
