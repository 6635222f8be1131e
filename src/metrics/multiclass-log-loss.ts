import { type ClassScores, classScores, meanOverRows, surprise } from './class-scores.js';
import { defineMetric } from './metric.js';
import { influenceOnRowMean } from './row-influence.js';

/** Mean cross entropy from logits: -log of the softmax's probability of the row's class. */
export const multiclassLogLoss = defineMetric({
  name: 'multiclassLogLoss',
  summary: 'mean cross entropy of the classes (natural logarithm)',
  type: 'multiclass',
  better: 'lower',
  margin: { percent: 1 },
  compute: (scores) => meanOverRows(scores, crossEntropy(scores)),
  loss: (value) => value,
  influence: (task, scores) => influenceOnRowMean(scores, crossEntropy(classScores(task, scores))),
});

function crossEntropy(scores: ClassScores): (row: number) => number {
  return (row) => surprise(scores, row, scores.label(row));
}
