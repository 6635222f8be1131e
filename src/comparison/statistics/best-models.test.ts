import { expect, test } from 'vitest';
import type { EstimateError } from './behrens-fisher.js';
import { type Difference, mayBeBest } from './best-models.js';

const known = (variance: number): EstimateError => ({ estimated: [], known: variance });

// Three models, so each has two comparisons: .05 / 2 = .025, and z(.975) = 1.959964.
test('a model leaves if another is better by the one-sided test, with Bonferroni’s bound', () => {
  const differences = (gain: number): Difference[] => [
    { model: 0, other: 1, gain: -gain, error: known(1) },
    { model: 0, other: 2, gain: 0.5, error: known(1) },
    { model: 1, other: 2, gain: gain + 0.5, error: null },
  ];
  expect(mayBeBest(3, differences(1.9599), 0.05)).toEqual([0, 1, 2]);
  expect(mayBeBest(3, differences(1.96), 0.05)).toEqual([1, 2]); // what has no error leaves nobody behind
  expect(mayBeBest(3, differences(1.96), 0.04)).toEqual([0, 1, 2]);
  const same = { model: 0, other: 1, gain: 0.1, error: known(0) };
  expect(mayBeBest(2, [same], 0.05)).toEqual([0, 1]);
});
