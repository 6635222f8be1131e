import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';
import { meanOf } from './samples.js';

/** The share of rows whose label is that of a probability above 0.5; exactly 0.5 counts as negative. */
export const binaryAccuracy = defineMetric({
  name: 'binaryAccuracy',
  summary: 'share of rows that the threshold 0.5 on the probability classifies correctly',
  type: 'binary',
  better: 'higher',
  isShare: true,
  margin: { absolute: 0.001 }, // as of accuracy
  compute: (sample) => meanOf(sample, isRight),
  influence: (_task, scores) => influenceOnMean(scores, isRight),
});

function isRight(logit: number, label: number): number {
  return Number(logit > 0 === label > 0.5);
}
