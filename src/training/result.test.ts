import { expect, test } from 'vitest';
import { notesOn } from './result.js';

const stillLearning = 'The last epoch (5) was the best: the model may still be improving. Raise train.epochs.';
const scored = { auc: 0.7, logLoss: 0.5, samples: 9 };
const oneClass = { auc: null, logLoss: 0.5, samples: 9 };
const none = { auc: null, logLoss: null, samples: 0 };

/** Of a run of five epochs with tasks a, b, …; without those on metrics that are not defined. */
function notes(
  bestEpoch: number | Readonly<Record<string, number>>,
  ...validation: (typeof scored | typeof oneClass | typeof none)[]
) {
  const tasks = validation.map((metrics, index) => [
    String.fromCharCode(97 + index),
    { type: 'binary', validation: metrics, test: scored },
  ]);
  return notesOn({ bestEpoch, tasks: Object.fromEntries(tasks) }, 5).filter((note) => !note.includes('not defined'));
}

test('the last epoch that was the best is noted', () => {
  expect(notes(5, scored, none)).toEqual([stillLearning]);
  expect(notes(4, scored, scored)).toEqual([]);
  expect(notes({ a: 5, b: 2 }, scored, scored)).toEqual([stillLearning]);
});

test('without a validation row the last epoch is kept, which says nothing of the model', () => {
  expect(notes({ a: 3, b: 5 }, scored, none)).toEqual(["Task 'b' has no validation row: its last epoch is kept."]);
  expect(notes(5, none, none)).toEqual(['No task has a validation row: the last epoch is kept.']);
});

test('without a score the loss chooses', () => {
  expect(notes({ a: 3, b: 5 }, scored, oneClass)).toEqual([
    "Task 'b' has no score on validation: its best epoch is that of its loss there.",
    stillLearning,
  ]);
  expect(notes(2, oneClass, none)).toEqual([
    'No task has a score on validation: the best epoch is that of the joint loss there.',
  ]);
});
