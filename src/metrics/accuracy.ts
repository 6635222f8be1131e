import { type ClassScores, classScores, meanOverRows, predictedClass } from './class-scores.js';
import { defineMetric } from './metric.js';
import { influenceOnRowMean } from './row-influence.js';

/** The share of rows whose own class has the largest logit; of equal logits the first class counts. */
export const accuracy = defineMetric({
  name: 'accuracy',
  summary: 'share of rows whose class has the highest probability',
  type: 'multiclass',
  better: 'higher',
  isShare: true,
  margin: { absolute: 0.001 },
  compute: (scores) => meanOverRows(scores, isRight(scores)),
  influence: (task, scores) => influenceOnRowMean(scores, isRight(classScores(task, scores))),
});

function isRight(scores: ClassScores): (row: number) => number {
  return (row) => Number(predictedClass(scores, row) === scores.label(row));
}
