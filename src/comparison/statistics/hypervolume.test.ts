import { expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { hypervolume } from './hypervolume.js';

test('cases worked by hand', () => {
  expect(hypervolume([])).toBe(0);
  expect(hypervolume([[2, 3]])).toBe(6);
  expect(hypervolume([[2, -3]])).toBe(0);
  // 1 x 3 and 4 x 1 overlap in 1 x 1; (.5, .5) is below both.
  expect(hypervolume([[1, 3], [4, 1], [0.5, 0.5], [-9, 9]])).toBe(6); // biome-ignore format: a row is a front
  // Two boxes of 1 x 2 x 3 and 3 x 1 x 2 overlap in 1 x 1 x 2.
  expect(hypervolume([[1, 2, 3], [3, 1, 2]])).toBe(10); // biome-ignore format: a row is a front
});

test.each([1, 2, 3, 4])('of %d tasks: the share of random points that a point dominates', (tasks) => {
  const random = randomFromSeed(5).stream(`hypervolume/${tasks}`);
  const draw = () => Array.from({ length: tasks }, () => 2 * random.uniform() - 0.5);
  const points = Array.from({ length: 7 }, draw);
  const draws = 40_000;
  let dominated = 0;
  for (let index = 0; index < draws; index++) {
    const at = Array.from({ length: tasks }, () => 1.5 * random.uniform());
    if (points.some((point) => point.every((value, task) => value > (at[task] ?? 0)))) dominated++;
  }
  const share = dominated / draws;
  const whole = 1.5 ** tasks;
  const error = Math.sqrt((share * (1 - share)) / draws);
  expect(Math.abs(hypervolume(points) / whole - share)).toBeLessThanOrEqual(4 * error);
});
