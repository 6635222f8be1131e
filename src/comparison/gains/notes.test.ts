import { expect, test } from 'vitest';
import { whatDecides } from './notes.js';

// a = 1; z(.05 / 3 / 2) = 2.394: n = (z / size)^2 = 23 and 36
test('seeds lower the training noise alone', () => {
  const gain = (name: string, size: number, known: number) => ({
    ...{ name, size, error: { estimated: [{ variance: 0.2, runs: 5, degreesOfFreedom: 4 }], known } },
  });
  const gains = [gain('a on y', 0.5, 0), gain('b on y', 0.4, 0), gain('c on y', 0.5, 0.1)];
  const rows = '1 needs more test rows (dataset.split of a file, dataset.rows.test of generated data)';
  expect(whatDecides(gains, 0.05, 5)).toBe(
    `Undecided gains: about 23 seeds would decide a on y; 36 would decide b on y; ${rows}.`, // 5 seeds alone leave too large an error
  );
  // b / (size^2 / z^2 - a / seeds) = .1 / (.0436 - .025)
  expect(whatDecides(gains, 0.05, 40)).toBe(
    `Undecided gains: about 41 seeds would decide a on y; 41 would decide b on y; ${rows}: about 5.4 times as many would decide c on y.`,
  );
});
