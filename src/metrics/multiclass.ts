import type { Task } from '../data/dataset.js';
import { must } from '../support/must.js';
import { type ClassScores, defineMetric } from './metric.js';
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
function meanInfluence(task: Task, taskScores: TaskScores): Float64Array | null {
  const scores = classScores(task, taskScores);
  const classes = compared(scores);
  const mean = new Float64Array(scores.rows);
  for (const index of classes) {
    const area = influenceOnArea(againstRest(scores, index));
    if (area === null) return null;
    for (const [row, value] of area.entries()) mean[row] = (mean[row] ?? 0) + value / classes.length;
  }
  return classes.length === 0 ? null : mean;
}

/** Classes that have some rows, but not all. */
function compared(scores: ClassScores): readonly number[] {
  const counts = rowsOfClasses(scores);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return [...counts.keys()].filter((index) => counts[index] !== 0 && counts[index] !== rows);
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

export function classScores({ name, classes }: Task, { logits, labels, mask }: TaskScores): ClassScores {
  const rows = labels.length;
  return {
    classes: must(classes, `class of task '${name}'`).length,
    rows,
    label: (row) => labels[row] ?? Number.NaN,
    weight: (row) => mask[row] ?? 0,
    logit: (row, index) => logits[index * rows + row] ?? Number.NaN,
  };
}

/** The class with the largest logit; of equal ones the first. */
function predictedClass({ classes, logit }: ClassScores, row: number): number {
  let best = 0;
  for (let index = 1; index < classes; index++) if (logit(row, index) > logit(row, best)) best = index;
  return best;
}

/** -log of the softmax's probability of a class. */
function surprise(scores: ClassScores, row: number, index: number): number {
  return logSumOfPowers(scores, row) - scores.logit(row, index);
}

/**
 * The logit of the softmax's probability of a class: x_c - log(sum of exp(x_j) over the others). Exact where the
 * probability is almost 1.
 */
function logitAgainstRest(scores: ClassScores, row: number, index: number): number {
  return scores.logit(row, index) - logSumOfPowers(scores, row, index);
}

function logSumOfPowers({ classes, logit }: ClassScores, row: number, without?: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < classes; index++) if (index !== without) largest = Math.max(largest, logit(row, index));
  let sum = 0;
  for (let index = 0; index < classes; index++) if (index !== without) sum += Math.exp(logit(row, index) - largest);
  return largest + Math.log(sum);
}

/** One class against the rest, as a binary task. */
function againstRest(scores: ClassScores, index: number): TaskScores {
  const { rows, label, weight } = scores;
  const perRow = (value: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => value(row));
  return {
    logits: perRow((row) => (weight(row) > 0 ? logitAgainstRest(scores, row, index) : 0)),
    labels: perRow((row) => Number(label(row) === index)),
    mask: perRow(weight),
  };
}

/** How many rows each class has, whatever their weights. */
export function rowsOfClasses({ classes, rows, label, weight }: ClassScores): readonly number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (let row = 0; row < rows; row++) {
    const before = counts[label(row)];
    if (weight(row) > 0 && before !== undefined) counts[label(row)] = before + 1;
  }
  return counts;
}
