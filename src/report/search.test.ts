import { expect, test } from 'vitest';
import type { Comparison, ModelSearch } from '../comparison/comparison.js';
import { everyVerdict } from './comparison.fixture.js';
import { comparisonTable } from './comparison-table.js';
import { searchedInWords, searchTable } from './search.js';

/** Each candidate: a learning rate, what its rungs spent, and the tasks that chose it. */
const searchOf = (
  label: string,
  ...candidates: readonly (readonly [rate: number, spent: readonly number[], chosenFor: readonly string[]])[]
): ModelSearch => ({
  ...{ label, axis: {}, groups: [['a', 'b']], rungs: [1, 3] },
  candidates: candidates.map(([rate, spent, chosenFor]) => ({
    values: { 'train.optimizer.learningRate': rate, 'model.tower': [8] },
    ...{ cost: 1, chosenFor },
    rungs: spent.map((each) => ({ tasks: ['a', 'b'], spent: each, runs: [] })),
  })),
});
const models = [
  searchOf('single-task', [0.1, [1, 2], ['a']], [0.2, [1, 2], ['b']]),
  searchOf('m', [0.1, [2], []], [0.2, [2, 4], ['a', 'b']], [0.3, [2], []]),
];
const comparison: Comparison = { ...everyVerdict, search: { type: 'halving', budget: null, seeds: [7], models } };

test('with --wide, the searches have what they tried, spent and chose, and nothing where there are none', () => {
  expect(searchTable(comparison, {}).trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^searched +tried +epochs spent +chosen$/),
    expect.stringMatching(
      /^single-task +2 +6\.0 +learningRate 0\.1 tower \[8\] \(a\); learningRate 0\.2 tower \[8\] \(b\)$/,
    ),
    expect.stringMatching(/^m +3 +10\.0 +learningRate 0\.2 tower \[8\]$/),
  ]);
  expect(comparisonTable(comparison, { colour: false, wide: true, columns: 80 })).toContain('epochs spent');
  expect(searchTable(everyVerdict, {})).toBe('');
});

test('over the best trials of the baseline, what ranks is the gain of the worst task', () => {
  const ranked = models.map((search) => ({ ...search, reference: { a: 0.66 } }));
  const search = { ...comparison, search: { type: 'halving' as const, budget: null, seeds: [7], models: ranked } };
  expect(searchedInWords(search, {})).toEqual([
    'Search: 2 to 3 combinations in each of 2 searches, 5 runs. The best gain of the worst task over single-task on validation chooses.',
  ]);
});
