import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';
import { meanOf } from './samples.js';

/** Mean logistic loss from logits: softplus(-x) for a positive, softplus(x) for a negative. */
export const logLoss = defineMetric({
  name: 'logLoss',
  summary: 'mean logistic loss (natural logarithm)',
  type: 'binary',
  better: 'lower',
  margin: { percent: 1 },
  compute: (sample) => meanOf(sample, logisticLoss),
  loss: (value) => value,
  influence: (_task, scores) => influenceOnMean(scores, logisticLoss),
});

/** Of a row, from its logit. */
export function logisticLoss(logit: number, label: number): number {
  return softplus(label > 0.5 ? -logit : logit);
}

/** log(1 + exp(x)) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
