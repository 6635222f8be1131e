import type { Task } from '../data/dataset.js';
import { must } from '../support/must.js';
import type { TaskScores } from './samples.js';

/** What metrics of a multiclass task read. Rows are those of the split; those with mask 0 do not count. */
export interface ClassScores {
  readonly classes: number;
  readonly rows: number;
  /** A class's index. */
  label(row: number): number;
  /** The row's weight in the task's sample space, 0 outside it. */
  weight(row: number): number;
  logit(row: number, index: number): number;
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
export function predictedClass({ classes, logit }: ClassScores, row: number): number {
  let best = 0;
  for (let index = 1; index < classes; index++) if (logit(row, index) > logit(row, best)) best = index;
  return best;
}

/** -log of the softmax's probability of a class. */
export function surprise(scores: ClassScores, row: number, index: number): number {
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
export function againstRest(scores: ClassScores, index: number): TaskScores {
  const { rows, label, weight } = scores;
  const of = (value: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => value(row));
  return {
    logits: of((row) => (weight(row) > 0 ? logitAgainstRest(scores, row, index) : 0)),
    labels: of((row) => Number(label(row) === index)),
    mask: of(weight),
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
