import { expect, test } from 'vitest';
import { sampleVariance, squeezedVariances } from './variances.js';

const tasks = [
  [
    [0.81, 0.84, 0.83, 0.86],
    [0.8, 0.82, 0.79, 0.83],
    [0.85, 0.86, 0.83, 0.88],
    [0.7, 0.75, 0.8, 0.77],
  ],
  [
    [0.31, 0.33, 0.32, 0.3],
    [0.36, 0.35, 0.37, 0.33],
    [0.3, 0.31, 0.34, 0.35],
    [0.41, 0.39, 0.36, 0.44],
  ],
];

// The formulas of the doc comment with SciPy's digamma, polygamma and brentq.
test('agrees with an independent calculation', () => {
  const { variances, priorDegreesOfFreedom } = squeezedVariances(tasks);
  expect(priorDegreesOfFreedom).toBeCloseTo(3.4633447100658605, 9);
  expect(variances.map((models) => models.map((found) => found?.variance))).toEqual(
    [
      [0.0006480252985239746, 0.0006016097020398837, 0.0006480252985239756, 0.0017666666666666699],
      [0.0004031116228394743, 0.0004611311184445875, 0.0005887740087758374, 0.0011333333333333334],
    ].map((models) => models.map((value) => expect.closeTo(value, 14))),
  );
  for (const found of variances.flat()) expect(found?.degreesOfFreedom).toBeCloseTo(6.4633447100658605, 9);
});

test('no variance becomes smaller, and one of a single run or of a task of its own stays', () => {
  const { variances } = squeezedVariances([...tasks, [[1, 2, 4]]]);
  for (const [task, models] of tasks.entries())
    for (const [model, runs] of models.entries())
      expect(variances[task]?.[model]?.variance).toBeGreaterThanOrEqual(sampleVariance(runs)?.variance ?? 1);
  expect(variances[2]).toEqual([sampleVariance([1, 2, 4])]);
  expect(squeezedVariances([[[1], [1, 2, 4]]]).variances).toEqual([[null, sampleVariance([1, 2, 4])]]);
});

test('runs that do not vary take the common variance, but say nothing about it', () => {
  const [[without = null] = []] = squeezedVariances([tasks[0] ?? []]).variances;
  const { variances } = squeezedVariances([[...(tasks[0] ?? []), [0.5, 0.5, 0.5, 0.5]]]);
  expect(variances[0]?.[0]).toEqual(without);
  expect(variances[0]?.[4]?.variance).toBeGreaterThan(0);
  expect(
    squeezedVariances([
      [
        [0.5, 0.5],
        [0.3, 0.3],
      ],
    ]).variances[0]?.[0]?.variance,
  ).toBe(0);
  expect(sampleVariance([0.3, 0.7, 0.9].map((value) => value + 0.1 - value))?.variance).toBe(0); // equal but for rounding
});
