import { expect, test } from 'vitest';
import { endedBy, notesOn } from './result.js';

const atLimit = 'The run ended at its limit of 5 epochs and was still improving: raise train.epochs.';
const scored = { auc: 0.7, logLoss: 0.5, samples: 9 };
const none = { auc: null, logLoss: null, samples: 0 };

/** Of a run of five epochs with tasks a, b, …; without those on metrics that are not defined. */
function notes(
  ended: 'plateau' | 'limit',
  bestEpoch: number | Readonly<Record<string, number>>,
  ...validation: (typeof scored | typeof none)[]
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
});

test('without a validation row the last epoch is kept, which says nothing of the model', () => {
  const kept = "Task 'b' has no validation row: its last epoch is kept.";
  expect(notes('plateau', { a: 3, b: 5 }, scored, none)).toEqual([kept]);
});

test('what ended a run on a plateau is said: patience, or the limit', () => {
  const train = {
    epochs: 9,
    batchSize: 1,
    accumulate: 1 as const,
    optimizer: { type: 'adam' },
    earlyStopping: { monitor: 'mean', patience: 3 },
  };
  const of = (ended: 'plateau' | 'limit', epochs: number) => endedBy({ ended, epochs }, train);
  expect(of('plateau', 7)).toBe('The run ended by patience in epoch 7 of 9: no better score in 3 epochs.');
  expect(of('plateau', 9)).toMatch(/^The run ended at its limit of 9 epochs, on a plateau/);
  expect(of('limit', 9)).toBeUndefined();
});
