import { describe, expect, it } from 'vitest';
import { seedError } from './gain-error.js';
import { inverseTrigamma, moderation } from './moderation.js';

/** Two tasks, four gains, five pairs; the third gain varies far more than the others. */
const tasks = [
  [
    [0.01, 0.03, -0.02, 0.02, 0.01],
    [0.012, 0.025, -0.012, 0.028, 0.009],
    [0.02, 0.09, -0.08, 0.05, 0.03],
    [0.011, 0.012, 0.009, 0.013, 0.01],
  ],
  [
    [1, 3, 2, 5, 4],
    [1.1, 2.5, 2.4, 4, 4.4],
    [3, 9, 1, 14, 8],
    [2, 2.4, 2.1, 2.9, 2.6],
  ],
];

const moderated = (values: readonly number[], task: number, all: Parameters<typeof moderation>[0] = tasks) => {
  const own = seedError(values, 0);
  if (own === null) throw new Error('too few');
  return moderation(all)?.moderate(own, values.length, task);
};

describe('variances of a table', () => {
  // numpy and scipy 1.15.3, the formulas of the doc comment on arrays: var(ddof=1), cov, polygamma(1, .), brentq
  it('agree with numpy and scipy: correlation .3635, V 6.5095, d0 .8521', () => {
    const expected = [
      [9.787659519837292e-5, 8.176804707046696e-5, 0.0007940000000000002, 4.058160569532968e-5],
      [0.6836195536060143, 0.5644129999061575, 5.3, 0.293683869650051],
    ];
    for (const [task, gains] of tasks.entries()) {
      for (const [index, values] of gains.entries()) {
        const found = moderated(values, task);
        expect(found?.degreesOfFreedom).toBeCloseTo(4.426041111197288, 9);
        expect((found?.variance ?? 0) / (expected[task]?.[index] ?? 0)).toBeCloseTo(1, 12);
      }
    }
  });

  it('that differ no more than by chance are moved to their mean, but never below their own', () => {
    const alike = [
      [
        [0.01, 0.018, 0.004, 0.031, 0.022],
        [0.002, -0.014, 0.029, 0.001, -0.016],
        [0.012, 0.03, 0.015, 0.001, 0.019],
      ],
    ];
    // scipy: V < 0, the prior infinite; the gains are not correlated, so that the prior has 12 degrees of freedom: 4 + (12 - 4) / 2
    expect(moderated(alike[0]?.[0] ?? [], 0, alike)).toEqual({
      variance: expect.closeTo(3.637333333333333e-5, 17),
      degreesOfFreedom: 8,
    });
    expect(moderated(alike[0]?.[1] ?? [], 0, alike)?.variance).toBeCloseTo(6.486e-5, 17);
  });

  it('are not moderated with three pairs or two gains, nor by gains that do not vary or have fewer pairs', () => {
    expect(moderation(tasks.map((gains) => gains.map((values) => values.slice(0, 3))))).toBeNull();
    expect(moderation(tasks.map((gains) => gains.slice(0, 2)))).toBeNull();
    const constant = [1, 1, 1, 1, 1];
    expect(moderation(tasks.map((gains) => [...gains.slice(0, 2), constant]))).toBeNull();
    const short = tasks.map((gains) => [...gains, [1, 2, 3, 9]]);
    expect(moderated(tasks[0]?.[0] ?? [], 0, [...short, ...short].slice(0, 2))).toEqual(
      moderated(tasks[0]?.[0] ?? [], 0),
    );
    expect(moderation([])).toBeNull();
  });
});

// scipy 1.15.3: polygamma(1, x); brentq(lambda x: polygamma(1, x) - .3, .1, 20)
it('the inverse of the trigamma function agrees with scipy', () => {
  for (const [x, y] of [
    [0.5, 4.93480220054468],
    [1, 1.6449340668482266],
    [3.7, 0.31003785767003833],
    [40, 0.025315103841291032],
    [3.8087190120511676, 0.3],
  ] as const)
    expect(inverseTrigamma(y) / x).toBeCloseTo(1, 12);
  expect(inverseTrigamma(0)).toBe(Number.POSITIVE_INFINITY);
  expect(inverseTrigamma(-1)).toBe(Number.POSITIVE_INFINITY);
});
