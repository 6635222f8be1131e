import { expect, test } from 'vitest';
import { commonLabelStatistics } from './label-statistics.js';

test('Spearman’s correlation is that of scipy, with tied values and over rows that have both labels', () => {
  const [a, b] = [Float32Array.of(1, 1, 2, 3, 9), Float32Array.of(1, 2, 3, 4, Number.NaN)];
  // scipy.stats.spearmanr([1, 1, 2, 3], [1, 2, 3, 4])
  const { rows, spearman } = commonLabelStatistics([a, b]);
  expect(rows).toEqual([
    [5, 4],
    [4, 4],
  ]);
  expect(spearman[0]?.[1]).toBeCloseTo(0.9486832980505138, 12);
});
