import { expect, test } from 'vitest';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { type ModelResults, unpredictedTasks } from './unpredicted-tasks.js';

const binary = (test: TaskMetrics): ModelResults[number] => ({ tasks: { click: { type: 'binary', test } } });
const regression = (nmse: number | null): ModelResults[number] => ({
  tasks: { time: { type: 'regression', test: { nmse } } },
});

test('a binary task whose AUC intervals all hold .5, with the best AUC', () => {
  const [poor, best] = [
    binary({ auc: 0.49, aucInterval: [0.46, 0.52] }),
    binary({ auc: 0.5124, aucInterval: [0.48, 0.54] }),
  ];
  const below = binary({ auc: 0.4, aucInterval: [0.3, 0.45] });
  expect(unpredictedTasks([[poor], [best], [below]])).toEqual([
    { task: 'click', best: 'AUC 0.512, 95 % interval 0.480 to 0.540' },
  ]);
  expect(unpredictedTasks([[poor], [binary({ auc: 0.54, aucInterval: [0.501, 0.58] })]])).toEqual([]);
});

test('a model’s level is the mean over its runs: one lucky seed is no prediction', () => {
  const [lucky, other] = [
    binary({ auc: 0.54, aucInterval: [0.51, 0.57] }),
    binary({ auc: 0.48, aucInterval: [0.45, 0.51] }),
  ];
  expect(unpredictedTasks([[lucky, other]])).toEqual([
    { task: 'click', best: 'AUC 0.510, 95 % interval 0.480 to 0.540' },
  ]);
  expect(unpredictedTasks([[lucky], [other]])).toEqual([]);
});

test('a regression task whose nmse is 1 or more in every model', () => {
  expect(unpredictedTasks([[regression(1.02), regression(1)], [regression(1.003)]])).toEqual([
    { task: 'time', best: 'NMSE 1.003' },
  ]);
});
