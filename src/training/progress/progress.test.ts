import { expect, test } from 'vitest';
import { float32 } from '../../support/arrays.js';
import { addBalance, epochBalance } from './progress.js';

const outputs = (losses: number[][], weights: number[][]) => {
  const of = (rows: number[][]) => float32([rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));
  return { tasks: of(losses), balancing: of(weights) };
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
  const found = both && epochBalance(both, ['a', 'b'], [1, 2]);
  expect(found).toEqual({ weights: [2, 2], balance: { shares: { a: 1 / 3, b: 2 / 3 } } });
  expect(both && epochBalance(both, ['a', 'b'], [1, null]).balance.shares).toEqual({ a: 1, b: null });
});
