import { expect, test } from 'vitest';
import { evaluateTask, type TaskMetrics } from '../metrics/evaluate.js';
import { notesOnUnpredicted, type RunsOfModel, unpredictedTasks } from './unpredicted-tasks.js';

const binary = (test: TaskMetrics): RunsOfModel[number] => ({ tasks: { click: { type: 'binary', test } } });
const regression = (nmse: number | null): RunsOfModel[number] => ({
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
  expect(unpredictedTasks([[regression(1.02)], [regression(0.99)]])).toEqual([]);
});

test('without an interval the value decides; without a value nothing is said', () => {
  expect(unpredictedTasks([[binary({ auc: 0.5, aucInterval: null })]])).toEqual([{ task: 'click', best: 'AUC 0.500' }]);
  expect(unpredictedTasks([[binary({ auc: 1, aucInterval: null })]])).toEqual([]);
  expect(unpredictedTasks([[binary({ auc: null })], [regression(null)], []])).toEqual([]);
});

test('what predicts the mean alone is named, by the metrics themselves', () => {
  const labels = Float32Array.from({ length: 40 }, (_, row) => row % 2);
  const scores = { labels, logits: new Float32Array(40).fill(0.5), mask: new Float32Array(40).fill(1) };
  const tasks = Object.fromEntries(
    (['binary', 'regression'] as const).map((type) => {
      return [type, { type, test: evaluateTask({ name: type, type, offset: 0, scale: 1 }, scores) }];
    }),
  );
  expect(notesOnUnpredicted({ tasks })).toEqual([
    "Task 'binary': the model does not predict it better than its mean (AUC 0.500, 95 % interval 0.500 to 0.500). Is there anything in the inputs that could?",
    "Task 'regression': the model does not predict it better than its mean (NMSE 1.000). Is there anything in the inputs that could?",
  ]);
});
