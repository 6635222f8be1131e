import { expect, test } from 'vitest';
import type { Comparison, ModelSearch } from '../comparison/comparison.js';
import { must } from '../support/must.js';
import { everyVerdict } from './comparison.fixture.js';
import { comparisonPoints } from './points.js';
import { protocol } from './protocol.js';

/** Each candidate: a learning rate, what its rungs spent, and the tasks that chose it. */
const modelSearch = (
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
  modelSearch('single-task', [0.1, [1, 2], ['a']], [0.2, [1, 2], ['b']]),
  modelSearch('m', [0.1, [2], []], [0.2, [2, 4], ['a', 'b']], [0.3, [2], []]),
];
const comparison: Comparison = { ...everyVerdict, search: { type: 'halving', budget: null, seeds: [7], models } };

test('over the best trials of the baseline, what ranks is the gain of the worst task', () => {
  const ranked = models.map((search) => ({ ...search, reference: { a: 0.66 } }));
  const search = { ...comparison, search: { type: 'halving' as const, budget: null, seeds: [7], models: ranked } };
  expect(protocol(search, must(comparisonPoints(search)[0], 'point'))).toContain(
    'Search: 2 to 3 combinations in each of 2 searches, 5 runs. The best gain of the worst task over single-task on validation chooses.',
  );
});
