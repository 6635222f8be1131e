import { expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import type { EstimateError } from './behrens-fisher.js';
import { type Difference, mayBeBest } from './best-models.js';
import { mean, standardDeviation } from './moments.js';

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

test('the best of four models is kept in 19 of 20 tables, and the worst often leaves', () => {
  const random = randomFromSeed(11).stream('tables');
  const [runs, tables, truth] = [4, 200, [0, 0, 0, -3]];
  let [kept, left] = [0, 0];
  for (let table = 0; table < tables; table++) {
    const samples = truth.map((level) => Array.from({ length: runs }, () => level + random.normal()));
    const error = (...of: readonly (readonly number[])[]): EstimateError => ({
      estimated: of.map((values) => {
        return { variance: standardDeviation(values) ** 2 / runs, degreesOfFreedom: runs - 1, runs, overlap: 0 };
      }),
      known: 0,
    });
    const differences = samples.flatMap((one, model) =>
      samples.slice(model + 1).map((another, place) => {
        return { model, other: model + 1 + place, gain: mean(one) - mean(another), error: error(one, another) };
      }),
    );
    const found = mayBeBest(4, differences, 0.05);
    if (found.includes(0)) kept++;
    if (!found.includes(3)) left++;
  }
  expect(kept / tables).toBeGreaterThan(0.95 - 4 * Math.sqrt((0.05 * 0.95) / tables));
  expect(left / tables).toBeGreaterThan(0.5);
});
