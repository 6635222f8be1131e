import type { Task } from '../data/dataset.js';
import { againstRest, type ClassScores, classScores, predictedClass, rowsOfClasses, surprise } from './class-scores.js';
import { defineMetric } from './metric.js';
import { influenceOnArea, influenceOnRowMean } from './row-influence.js';
import { areaUnderCurve, binarySample, meanOverRows, type TaskScores } from './samples.js';

/**
 * The unweighted mean over classes of the one-against-rest AUC of a class's probability. (Provost and Domingos 2000
 * weight classes by rows.) Classes that have no row, or all rows, are left out; another field has their number.
 */
export const macroAuc = defineMetric({
  name: 'macroAuc',
  summary: 'mean over classes of the AUC of one against the rest',
  type: 'multiclass',
  better: 'higher',
  range: 'share',
  usual: true,
  margin: { absolute: 0.001 }, // as of auc
  compute: meanArea,
  score: (value) => 1000 * value,
  ofConstant: 0.5,
  influence: meanInfluence,
});

function meanArea(scores: ClassScores): number | null {
  const areas = compared(scores).flatMap((index) => areaUnderCurve(binarySample(againstRest(scores, index))) ?? []);
  return areas.length === 0 ? null : areas.reduce((sum, area) => sum + area, 0) / areas.length;
}

/** The mean of the classes' influences. Null if one of them is not defined: the class has one row, or all but one. */
function meanInfluence(task: Task, given: TaskScores): Float64Array | null {
  const scores = classScores(task, given);
  const classes = compared(scores);
  const mean = new Float64Array(scores.rows);
  for (const index of classes) {
    const own = influenceOnArea(againstRest(scores, index));
    if (own === null) return null;
    for (const [row, value] of own.entries()) mean[row] = (mean[row] ?? 0) + value / classes.length;
  }
  return classes.length === 0 ? null : mean;
}

/** Classes that have some rows, but not all. */
function compared(scores: ClassScores): readonly number[] {
  const counts = rowsOfClasses(scores);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return [...counts.keys()].filter((index) => counts[index] !== 0 && counts[index] !== all);
}

/** The share of rows whose own class has the largest logit; of equal logits the first class counts. */
export const accuracy = defineMetric({
  name: 'accuracy',
  summary: 'share of rows whose class has the highest probability',
  type: 'multiclass',
  better: 'higher',
  range: 'share',
  margin: { absolute: 0.001 },
  compute: (scores) => meanOverRows(scores, isRight(scores)),
  influence: (task, scores) => influenceOnRowMean(scores, isRight(classScores(task, scores))),
});

function isRight(scores: ClassScores): (row: number) => number {
  return (row) => Number(predictedClass(scores, row) === scores.label(row));
}

/** Mean cross entropy from logits: -log of the softmax's probability of the row's class. */
export const multiclassLogLoss = defineMetric({
  name: 'multiclassLogLoss',
  summary: 'mean cross entropy of the classes (natural logarithm)',
  type: 'multiclass',
  better: 'lower',
  range: 'error',
  margin: { percent: 1 },
  compute: (scores) => meanOverRows(scores, crossEntropy(scores)),
  loss: (value) => value,
  influence: (task, scores) => influenceOnRowMean(scores, crossEntropy(classScores(task, scores))),
});

function crossEntropy(scores: ClassScores): (row: number) => number {
  return (row) => surprise(scores, row, scores.label(row));
}
