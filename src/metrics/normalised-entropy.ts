import { logisticLoss, logLoss } from './log-loss.js';
import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';
import { type BinarySample, binarySample, weightOf } from './samples.js';

/**
 * Normalised entropy (He et al. 2014, "Practical Lessons from Predicting Clicks on Ads at Facebook", eq. 1): the mean logistic loss / the entropy
 * of the share of positives, both of the evaluated rows. 1 is what this share would get as the prediction of every row.
 */
export const normalisedEntropy = defineMetric({
  name: 'normalisedEntropy',
  summary: 'mean logistic loss / entropy of the share of positives: 1 is what this share gets; null for one class',
  type: 'binary',
  better: 'lower',
  margin: { percent: 1 },
  compute: (sample) => logLoss.compute(sample) / entropyOf(sample),
  // The entropy counts as given, as the variance of the labels does in nmse.
  influence: (_task, scores) => influenceOnMean(scores, logisticLoss, entropyOf(binarySample(scores))),
});

/** In nats; 0 for one class. */
function entropyOf(sample: BinarySample): number {
  const [positives, negatives] = [weightOf(sample, 'positives'), weightOf(sample, 'negatives')];
  return [positives, negatives].reduce((sum, weight) => {
    const share = weight / (positives + negatives);
    return weight === 0 ? sum : sum - share * Math.log(share);
  }, 0);
}
