import { expect, test } from 'vitest';
import { float32 } from '../support/arrays.js';
import { addBalance, balanceOf } from './epoch-balance.js';

const outputs = (losses: number[][], weights: number[][], cosines?: number[][]) => {
  const of = (rows: number[][]) => float32([rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));
  return { tasks: of(losses), balancing: of(weights), ...(cosines ? { cosines: of(cosines) } : {}) };
};

test('weights are means over steps, shares are of the weighted losses, over chunks of steps', () => {
  const first = addBalance(
    undefined,
    outputs(
      [
        [1, 2],
        [1, 2],
      ],
      [
        [1, 3],
        [2, 2],
      ],
    ),
    2,
  );
  const both = addBalance(first, outputs([[1, 2]], [[3, 1]]), 2);
  expect(both).toEqual({ steps: 3, weights: [6, 6] });
  const found = both && balanceOf(both, ['a', 'b'], [1, 2]);
  expect(found).toEqual({ weights: [2, 2], balance: { shares: { a: 1 / 3, b: 2 / 3 } } });
  expect(both && balanceOf(both, ['a', 'b'], [1, null]).balance.shares).toEqual({ a: 1, b: null });
});

test('cosines are means over the steps in which both tasks have rows', () => {
  const losses = [
    [1, 1, 0],
    [1, 0, 0],
  ];
  const sums = addBalance(
    undefined,
    outputs(
      losses,
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
      [
        [0.5, 0, 0],
        [0.25, 0, 0],
      ],
    ),
    3,
  );
  expect(sums?.cosines).toEqual([
    { sum: 0.5, steps: 1 },
    { sum: 0, steps: 0 },
    { sum: 0, steps: 0 },
  ]);
  expect(sums && balanceOf(sums, ['a', 'b', 'c'], [1, 1, null]).balance.cosines).toEqual([
    { tasks: ['a', 'b'], cosine: 0.5 },
    { tasks: ['a', 'c'], cosine: null },
    { tasks: ['b', 'c'], cosine: null },
  ]);
});
