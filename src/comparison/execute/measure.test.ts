import { expect, test } from 'vitest';
import { candidates } from './measure.js';

test.each<[number, number, number[]]>([
  [1, 50, [1]],
  [16, 50, [1, 2, 8, 16]],
  [64, 50, [1, 4, 16, 50]],
  [64, 0, [1]],
])('on %d cores, for %d runs, so many jobs are tried: %j', (cores, runs, expected) => {
  expect(candidates(cores, runs)).toEqual(expected);
});
