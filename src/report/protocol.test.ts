import { expect, test } from 'vitest';
import type { Comparison, ModelSearch } from '../comparison/comparison.js';
import { must } from '../support/must.js';
import { everyVerdict } from './comparison.fixture.js';
import { comparisonPoints } from './points.js';
import { protocol } from './protocol.js';

/** Each candidate: a learning rate, and the tasks that chose it. */
const modelSearch = (
  label: string,
  ...candidates: readonly (readonly [rate: number, chosenFor: readonly string[]])[]
): ModelSearch => ({
  ...{ label, axis: {}, groups: [['a', 'b']] },
  candidates: candidates.map(([rate, chosenFor]) => ({
    values: { 'train.optimizer.learningRate': rate, 'model.tower': [8] },
    ...{ runs: [], chosenFor },
  })),
});
const models = [
  modelSearch('single-task', [0.1, ['a']], [0.2, ['b']]),
  modelSearch('m', [0.1, []], [0.2, ['a', 'b']], [0.3, []]),
];

test('of models that keep their last epoch: the rows and the passes', () => {
  const protocolOf = (passes: number) => {
    const trained = { ...everyVerdict, trained: [{ axis: {}, rows: 199_523, passes }] };
    return protocol(trained, must(comparisonPoints(trained)[0], 'point'));
  };
  expect(protocolOf(1)).toContain('Models were trained for one pass over 199,523 rows.');
  expect(protocolOf(4)).toContain('Models were trained for 4 passes over 199,523 rows.');
});

test('searches of different sizes are counted', () => {
  const search: Comparison = { ...everyVerdict, search: { type: 'random', seeds: [7], models } };
  expect(protocol(search, must(comparisonPoints(search)[0], 'point'))).toContain(
    'Search: 2 to 3 combinations in each of 2 searches, 5 runs. The best mean validation score chooses.',
  );
});
