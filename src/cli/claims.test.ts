import { expect, it } from 'vitest';
import { varianceShares } from '../../scripts/claims/variance-shares.js';

it('the shares of a crossed design are those of its mean squares', () => {
  // Effects of ±1 and ±2, none of the draw, and an interaction of ±.5: mean squares 8, 32, 0 and 2 / 4 (by hand).
  const signs = [-1, 1];
  const cells = signs.flatMap((a) =>
    signs.flatMap((b) =>
      signs.map((draw) => ({
        levels: { model: `${a}`, rate: `${b}`, draw: `${draw}` },
        value: 7 + a + 2 * b + 0.5 * a * b,
      })),
    ),
  );
  const sum = (8 - 0.5) / 4 + (32 - 0.5) / 4 + 0.5;
  const shares = varianceShares(cells);
  expect(shares['model']).toBeCloseTo(1.875 / sum, 12);
  expect(shares['rate']).toBeCloseTo(7.875 / sum, 12);
  expect(shares['draw']).toBe(0);
  expect(shares['rest']).toBeCloseTo(0.5 / sum, 12);
});
