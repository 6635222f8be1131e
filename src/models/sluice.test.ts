import { beforeAll, describe, expect, test } from 'vitest';
import { tf } from '../support/tf.js';
import type { ModelShape } from './model.js';
import type { Options } from './reference.fixture.js';
import { build, predict, present, randomRows, startingValues } from './run.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const names = (count: number) => Array.from({ length: count }, (_, i) => `x${i}`);
const penaltyOf = (
  shape: ModelShape,
  options: Options,
  seed: number,
  weights: Readonly<Record<string, number[]>> = {},
) => {
  const model = build({ model: 'sluice', shape, options });
  const values = startingValues(model, seed);
  for (const [name, data] of Object.entries(weights)) present(values[name]).data.set(data);
  return tf.tidy(() => present(present(predict(model, values, randomRows(shape, 1), shape).penalty).dataSync()[0]));
};

test.each([
  { width: 16, levels: 2, tasks: 2, columns: 30, seeds: 60 },
  { width: 256, levels: 2, tasks: 2, columns: 30, seeds: 2 },
  { width: 32, levels: 5, tasks: 2, columns: 30, seeds: 20 },
  { width: 32, levels: 1, tasks: 6, columns: 30, seeds: 20 },
  { width: 32, levels: 1, tasks: 2, columns: 3, seeds: 60 },
  { width: 32, levels: 1, tasks: 2, columns: 300, seeds: 20 },
])('the penalty is lambda at the start, to 3 %, whatever the sizes: %o', ({ width, levels, tasks, columns, seeds }) => {
  const shape = { tasks: names(tasks), categorical: [], numeric: names(columns) };
  const options = { levels: Array.from({ length: levels }, () => [width]), tower: [], orthogonality: 0.2 };
  let sum = 0;
  for (let seed = 0; seed < seeds; seed++) sum += penaltyOf(shape, options, seed);
  expect(Math.abs(sum / seeds / 0.2 - 1)).toBeLessThan(0.03);
});

describe('by hand: two tasks, two subspaces of two units over two inputs', () => {
  const shape = { tasks: ['a', 'b'], categorical: [], numeric: ['x', 'y'] };
  const options: Options = { levels: [[4]], tower: [], orthogonality: 0.3 };
  const first = [1, 0, 1, 0, /* second subspace */ 2, 0, 1, 1]; // products 2, 1, 2, 1
  const orthogonal = [1, 0, 2, 0, /* second subspace */ 0, 3, 0, 1];
  const weights = (scale: number) => ({ 'level1.columns.0.weight': [...first, ...orthogonal].map((w) => scale * w) });

  test('relative: inputs 10 / (2 * 6) for one task, 0 for the other, and no less for smaller weights', () => {
    for (const scale of [1, 0.1]) {
      expect(penaltyOf(shape, options, 1, weights(scale))).toBeCloseTo((0.3 * ((2 * 10) / 12 + 0)) / 2, 6);
    }
  });

  test('frobenius: 10 for one task, 0 for the other', () => {
    const plain: Options = { ...options, penalty: 'frobenius' };
    expect(penaltyOf(shape, plain, 1, weights(1))).toBeCloseTo(0.3 * 10, 6);
    expect(penaltyOf(shape, plain, 1, weights(0.1))).toBeCloseTo(0.3 * 10 * 1e-4, 9);
  });
});
