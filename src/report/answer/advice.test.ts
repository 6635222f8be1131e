import { expect, test } from 'vitest';
import type { Comparison, TaskGain } from '../../comparison/comparison.js';
import { must } from '../../support/must.js';
import { comparisonRow, everyVerdict, taskGain } from '../comparison.fixture.js';
import { comparisonPoints } from '../points.js';
import { whatDecides } from './advice.js';

const point = must(comparisonPoints(everyVerdict)[0], 'point');

/** Of a table with these undecided gains. */
function next(gains: readonly Partial<TaskGain>[], changes: Partial<Comparison> = {}): string {
  const rows = gains.map((gain, index) =>
    comparisonRow(`m${index}`, { tasks: { income: taskGain(0.0008, 'undecided', gain) } }),
  );
  const [baseline] = everyVerdict.rows;
  const comparison: Comparison = {
    ...{ ...everyVerdict, tasks: ['income'], contrasts: [], rows: baseline ? [baseline, ...rows] : rows },
    ...changes,
  };
  return whatDecides(comparison, must(comparisonPoints(comparison)[0], 'point'));
}

test('one sentence on what would decide: each undecided gain counts once', () => {
  const both: Partial<Comparison> = { uncertainty: 'both', test: { ...everyVerdict.test, drawn: 'rows' } };
  const [seeds, rows] = [{ seedsToDecide: 40 }, { seedsToDecide: null, rowsToDecide: 91_234 }];
  const never = { seedsToDecide: null };
  const below = { interval: [-0.0002, 0.0009] as const };
  expect(next([])).toBe('');
  expect(next([{ ...seeds, rowsToDecide: 1000 }])).toBe('Undecided gains: about 40 seeds would decide 1.');
  expect(next([never], { uncertainty: 'rows' })).toBe('Undecided gains: more test rows would not decide 1.');
  expect(
    next(
      [
        { ...never, timesToDecide: 3 },
        { ...never, timesToDecide: 12 },
      ],
      both,
    ),
  ).toBe('Undecided gains: about 12 times the seeds and test rows would decide 2.');
  expect(next([{ ...never, timesToDecide: 657 }], both)).toBe(
    'Undecided gains: these data cannot decide 1 (about 657 times the seeds and test rows would).',
  );
  expect(next([{}, seeds, rows, never, below, below], both)).toBe(
    'Undecided gains: about 40 seeds would decide 2; about 92,000 test rows would decide 1; ' +
      'more seeds and test rows would not decide 1; in 2 the effect, if any, is below the margin.',
  );
});

test('without a test, nothing is said of numbers; contrasts count', () => {
  const untested = { p: null, pHolm: null, seedsToDecide: null };
  expect(next([{ ...untested, gains: [{ seed: 1, gain: 0.1 }] }])).toBe(
    'One seed allows no test: add seeds (compare.seeds).',
  );
  expect(whatDecides(everyVerdict, point)).toBe('Undecided gains: in 6 the effect, if any, is below the margin.');
});
