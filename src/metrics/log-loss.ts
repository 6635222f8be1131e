import { meanOf } from './binary-sample.js';
import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';

/** Mean logistic loss from logits: softplus(-x) for a positive, softplus(x) for a negative. */
export const logLoss = defineMetric({
  name: 'logLoss',
  summary: 'mean logistic loss (natural logarithm)',
  type: 'binary',
  better: 'lower',
  relativeTo: (value) => value,
  margin: { percent: 1 },
  compute: (sample) => meanOf(sample, loss),
  loss: (value) => value,
  influence: (_task, scores) => influenceOnMean(scores, loss),
});

function loss(logit: number, label: number): number {
  return softplus(label > 0.5 ? -logit : logit);
}

/** log(1 + exp(x)) without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
