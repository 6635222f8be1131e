import { expect, test } from 'vitest';
import { notesOn } from './result.js';

const atLimit = 'The run ended at its limit of 5 epochs and was still improving: raise train.epochs.';
const scored = { auc: 0.7, logLoss: 0.5, samples: 9 };
const oneClass = { auc: null, logLoss: 0.5, samples: 9 };
const none = { auc: null, logLoss: null, samples: 0 };

/** Of a run of five epochs with tasks a, b, …; without those on metrics that are not defined. */
function notes(
  ended: 'plateau' | 'limit',
  bestEpoch: number | Readonly<Record<string, number>>,
  ...validation: (typeof scored | typeof oneClass | typeof none)[]
) {
  const tasks = validation.map((metrics, index) => [
    String.fromCharCode(97 + index),
    { type: 'binary', validation: metrics, test: scored },
  ]);
  return notesOn({ ended, bestEpoch, tasks: Object.fromEntries(tasks) }, 5).filter(
    (note) => !note.includes('not defined'),
  );
}

test('a run that ended at its limit is noted', () => {
  expect(notes('limit', 5, scored, none)).toEqual([atLimit]);
  expect(notes('plateau', 5, scored, scored)).toEqual([]);
  const one = { a: { type: 'binary', validation: scored, test: scored } };
  expect(notesOn({ ended: 'limit', bestEpoch: 1, tasks: one }, 1)).toEqual([
    'The run ended at its limit of 1 epoch: raise train.epochs.',
  ]);
});

test('without a validation row the last epoch is kept, which says nothing of the model', () => {
  const kept = "Task 'b' has no validation row: its last epoch is kept.";
  expect(notes('plateau', { a: 3, b: 5 }, scored, none)).toEqual([kept]);
  expect(notes('limit', 5, none, none)).toEqual(['No task has a validation row: the last epoch is kept.']);
});

test('without a score the loss chooses', () => {
  expect(notes('limit', { a: 3, b: 5 }, scored, oneClass)).toEqual([
    "Task 'b' has no score on validation: its best epoch is that of its loss there.",
    atLimit,
  ]);
  expect(notes('plateau', 2, oneClass, none)).toEqual([
    'No task has a score on validation: the best epoch is that of the joint loss there.',
  ]);
});
