import { defineMetric } from './metric.js';
import { forEachTie, probabilityOf, weightOf } from './samples.js';

/**
 * F1, the harmonic mean of precision and recall (van Rijsbergen 1979, with beta = 1): 2 TP / (2 TP + FP + FN). A row is called positive if its probability
 * is at least the threshold. On validation, where the threshold is chosen, this is the largest F1 that there is; of thresholds with the same F1
 * the lowest is chosen.
 */
export const f1 = defineMetric({
  name: 'f1',
  summary:
    'F1 at the threshold that maximises it on validation (there the field `f1Threshold`); null without positives',
  type: 'binary',
  better: 'higher',
  margin: { percent: 1 },
  chooseThreshold(validation) {
    const [positives, negatives] = [weightOf(validation, 'positives'), weightOf(validation, 'negatives')];
    let [best, threshold, last]: [number, number | null, number] = [0, null, -1];
    forEachTie(validation, ({ logit, positivesBelow, negativesBelow }) => {
      const probability = probabilityOf(logit);
      if (probability === last) return; // large logits, which differ: no threshold tells them apart
      last = probability;
      const found = positives - positivesBelow;
      const value = (2 * found) / (found + negatives - negativesBelow + positives);
      if (value > best) [best, threshold] = [value, probability];
    });
    return threshold;
  },
  computeAt(sample, threshold) {
    const positives = weightOf(sample, 'positives');
    if (positives === 0) return null;
    let [found, called] = [0, 0];
    forEachTie(sample, (tie) => {
      if (probabilityOf(tie.logit) < threshold) return;
      found += tie.positives;
      called += tie.positives + tie.negatives;
    });
    return (2 * found) / (called + positives);
  },
});
