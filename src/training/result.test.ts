import { expect, test } from 'vitest';
import type { TaskMetrics } from '../metrics/evaluate.js';
import type { Ended } from './ended.js';
import { endedBy, resultNotes } from './result.js';
import { type ModelResults, unpredictedTasks } from './unpredicted-tasks.js';

const atLimit = 'The run ended at its limit of 5 epochs and was still improving: raise train.epochs.';
const scored = { auc: 0.7, logLoss: 0.5, samples: 9 };
const none = { auc: null, logLoss: null, samples: 0 };

/** Of a run of five epochs with tasks a, b, …; without those on metrics that are not defined. */
function notes(ended: Ended, ...validation: (typeof scored | typeof none)[]) {
  const tasks = validation.map((metrics, index) => [
    String.fromCharCode(97 + index),
    { type: 'binary', validation: metrics, test: scored },
  ]);
  return resultNotes({ ended, tasks: Object.fromEntries(tasks) }, 5).filter((note) => !note.includes('not defined'));
}

test('a run that ended at its limit is noted', () => {
  expect(notes('limit', scored, none).at(-1)).toBe(atLimit);
  expect(notes('plateau', scored, scored)).toEqual([]);
});

test('without a validation row the last epoch is kept, which says nothing of the model', () => {
  const kept = "Task 'b' has no validation row: its last epoch is kept.";
  expect(notes('plateau', scored, none)).toEqual([kept]);
});

test('what ended a run is said in the words of its end', () => {
  const train = {
    epochs: 9,
    batchSize: 1,
    keep: 'best' as const,
    optimizer: { type: 'adam' },
    earlyStopping: { monitor: 'mean', patience: 3 },
  };
  const dataset = { checksum: '', rows: { train: 1_400_000, validation: 1, test: 1 } };
  const of = (ended: Ended, epochs: number, settings: object = {}) =>
    endedBy({ ended, epochs, dataset }, { ...train, ...settings });
  expect(of('plateau', 7)).toBe(
    'The run ended in epoch 7 of 9, on a plateau, at a learning rate that had fallen; no task improved in 3 epochs.',
  );
  expect(of('patience', 7)).toMatch(/by patience, at the learning rate where it began: a rate that falls/);
  expect(of('plateau', 9)).toMatch(/in the last fifth of its epochs\.$/);
  expect(of('budget', 9, { passes: 1 })).toBe('The run ended at its budget: one pass over 1,400,000 training rows.');
  expect(of('budget', 9)).toBe('The run ended at its budget: 9 passes over 1,400,000 training rows.');
  expect(of('limit', 9)).toBeUndefined();
});

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
