import { defineMetric } from './metric.js';
import { delongVariance, errorOfAreaGain, influenceOnArea, influenceOnMean, interval } from './row-influence.js';
import {
  areaUnderCurve,
  type BinarySample,
  binarySample,
  classWeight,
  forEachTie,
  meanOverSample,
  sigmoid,
} from './samples.js';

/**
 * Area under the ROC curve, exact: the share of (positive, negative) pairs in the right order, by weight. A tie counts
 * half.
 */
export const auc = defineMetric({
  name: 'auc',
  summary: 'area under the ROC curve: exact, ties count half',
  type: 'binary',
  better: 'higher',
  range: 'share',
  usual: true,
  margin: { absolute: 0.001 }, // a gain worth having (PLE, section 3.2)
  compute: areaUnderCurve,
  score: (value) => 1000 * value,
  ofConstant: 0.5,
  influence: (_task, scores) => influenceOnArea(scores),
  errorBeforeTraining: errorOfAreaGain,
});

/**
 * 95 % interval of the AUC by DeLong's variance (DeLong, DeLong and Clarke-Pearson 1988; from ranks as in Sun and Xu
 * 2014). It is normal on the logit scale, so it stays within (0, 1). Null for an AUC of 0 or 1, which that scale lacks,
 * and for fewer than two rows of a class.
 */
export const aucInterval = defineMetric({
  name: 'aucInterval',
  summary: '95 % interval of the AUC: DeLong, on the logit scale',
  type: 'binary',
  better: null,
  compute: (sample) => {
    const area = areaUnderCurve(sample);
    const variance = delongVariance(sample);
    return area === null || variance === null ? null : interval(area, Math.sqrt(variance), 'share');
  },
});

/** Mean logistic loss from logits: softplus(-x) for a positive, softplus(x) for a negative. */
export const logLoss = defineMetric({
  name: 'logLoss',
  summary: 'mean logistic loss (natural logarithm)',
  type: 'binary',
  better: 'lower',
  range: 'error',
  margin: { percent: 1 },
  compute: (sample) => meanOverSample(sample, logisticLoss),
  loss: (value) => value,
  influence: (_task, scores) => influenceOnMean(scores, logisticLoss),
});

/** The loss of a row, from its logit. */
function logisticLoss(logit: number, label: number): number {
  return softplus(label > 0.5 ? -logit : logit);
}

/** log(1 + exp(x)) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * Normalised entropy (He et al. 2014, "Practical Lessons from Predicting Clicks on Ads at Facebook", eq. 1): the mean
 * logistic loss / the entropy of the share of positives, both of the evaluated rows. It is 1 if every prediction is
 * this share.
 */
export const normalisedEntropy = defineMetric({
  name: 'normalisedEntropy',
  summary: 'mean logistic loss / entropy of the share of positives, which itself gets 1',
  type: 'binary',
  better: 'lower',
  range: 'error',
  margin: { percent: 1 },
  compute: (sample) => logLoss.compute(sample) / entropy(sample),
  // The entropy counts as a constant, as the variance of the labels does in nmse.
  influence: (_task, scores) => influenceOnMean(scores, logisticLoss, entropy(binarySample(scores))),
});

function classWeights(sample: BinarySample): readonly [positives: number, negatives: number] {
  return [classWeight(sample, 'positives'), classWeight(sample, 'negatives')];
}

/** In nats; 0 for one class. */
function entropy(sample: BinarySample): number {
  const [positives, negatives] = classWeights(sample);
  return [positives, negatives].reduce((sum, weight) => {
    const share = weight / (positives + negatives);
    return weight === 0 ? sum : sum - share * Math.log(share);
  }, 0);
}

/**
 * Average precision, the area under the steps of the precision-recall curve: the mean over positives of the precision
 * at their logit. Rows with the same logit are taken together. There is no interpolation, as in scikit-learn's
 * `average_precision_score`. A constant prediction gets the share of positives.
 */
export const averagePrecision = defineMetric({
  name: 'averagePrecision',
  summary: 'area under the precision-recall curve, without interpolation',
  type: 'binary',
  better: 'higher',
  margin: { percent: 1 },
  compute(sample) {
    const [positives, negatives] = classWeights(sample);
    if (positives === 0 || negatives === 0) return null;
    let sum = 0;
    forEachTie(sample, (tie) => {
      if (tie.positives === 0) return;
      const positivesAbove = positives - tie.positivesBelow;
      sum += tie.positives * (positivesAbove / (positivesAbove + negatives - tie.negativesBelow));
    });
    return sum / positives;
  },
});

/**
 * The mean predicted probability / the share of positives ("calibration" of He et al. 2014): 1 is right on average,
 * above it predictions are too high.
 */
export const predictedOverObserved = defineMetric({
  name: 'predictedOverObserved',
  summary: 'mean probability / share of positives: above 1 predictions are too high',
  type: 'binary',
  better: null,
  compute: (sample) => meanOverSample(sample, sigmoid) / meanOverSample(sample, (_logit, label) => label),
});

/** The share of rows whose label is that of a probability above 0.5; exactly 0.5 counts as negative. */
export const binaryAccuracy = defineMetric({
  name: 'binaryAccuracy',
  summary: 'share of rows classified correctly at the probability 0.5',
  type: 'binary',
  better: 'higher',
  range: 'share',
  margin: { absolute: 0.001 }, // as of accuracy
  compute: (sample) => meanOverSample(sample, isRight),
  influence: (_task, scores) => influenceOnMean(scores, isRight),
});

function isRight(logit: number, label: number): number {
  return Number(logit > 0 === label > 0.5);
}

/**
 * F1, the harmonic mean of precision and recall (van Rijsbergen 1979, with beta = 1): 2 TP / (2 TP + FP + FN). A row is
 * called positive if its probability is at least the threshold. The threshold is the one with the largest F1 on
 * validation; of equal ones, the lowest.
 */
export const f1 = defineMetric({
  name: 'f1',
  summary: 'F1 at the threshold that maximises it on validation',
  type: 'binary',
  better: 'higher',
  margin: { percent: 1 },
  chooseThreshold(validation) {
    const [positives, negatives] = classWeights(validation);
    let [best, threshold, last]: [number, number | null, number] = [0, null, -1];
    forEachTie(validation, ({ logit, positivesBelow, negativesBelow }) => {
      const probability = sigmoid(logit);
      if (probability === last) return; // large logits that differ: no threshold separates them
      last = probability;
      const positivesAbove = positives - positivesBelow;
      const value = (2 * positivesAbove) / (positivesAbove + negatives - negativesBelow + positives);
      if (value > best) [best, threshold] = [value, probability];
    });
    return threshold;
  },
  computeAt(sample, threshold) {
    const positives = classWeight(sample, 'positives');
    if (positives === 0) return null;
    let [positivesCalled, called] = [0, 0];
    forEachTie(sample, (tie) => {
      if (sigmoid(tie.logit) < threshold) return;
      positivesCalled += tie.positives;
      called += tie.positives + tie.negatives;
    });
    return (2 * positivesCalled) / (called + positives);
  },
});

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
