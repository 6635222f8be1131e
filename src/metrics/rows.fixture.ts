import type { Task } from '../data/dataset.js';
import type { TaskScores } from './samples.js';

export interface Row {
  readonly logit: number;
  /** Of a multiclass task the class's index. */
  readonly label: number;
  readonly weight: number;
  readonly group: number;
}

/** @param classes Of a multiclass task: class c has a logit that peaks where `logit` is c. */
export function taskScores(rows: readonly Row[], classes?: number) {
  const outputs = Array.from({ length: classes ?? 1 }, (_, index) => index);
  return {
    logits: Float32Array.from(
      outputs.flatMap((index) => rows.map(({ logit }) => (classes ? -((logit - index) ** 2) : logit))),
    ),
    labels: Float64Array.from(rows, ({ label }) => label),
    mask: Float64Array.from(rows, ({ weight }) => weight),
    groups: Int32Array.from(rows, ({ group }) => group),
  } satisfies TaskScores;
}

// 200 rows: logits with ties and labels that follow them, a regression task's predictions and labels, and two kinds of
// weights.
export const binary: Task = { name: 'click', type: 'binary', offset: 0, scale: 1 };
export const regression: Task = { name: 'rating', type: 'regression', offset: 0, scale: 1 };
export const multiclass: Task = {
  name: 'kind',
  type: 'multiclass',
  offset: 0,
  scale: 1,
  classes: ['a', 'b', 'c', 'of no row'],
};
const rows = Array.from({ length: 200 }, (_, i) => i);
export const logits = Float64Array.from(rows, (i) => Math.round(Math.sin(i * i) * 30) / 10);
export const labels = Float64Array.from(rows, (i) => (Math.sin(7 * i + 1) + 0.4 * (logits[i] ?? 0) > 0.8 ? 1 : 0));
export const ratings = Float64Array.from(rows, (i) => 5 + 2 * Math.sin(3 * i));
export const predictions = ratings.map((rating, i) => rating + Math.cos(i * i));
export const ones = Float64Array.from(rows, () => 1);
export const weights = Float64Array.from(rows, (i) => ((i * 7) % 6) / 2);
