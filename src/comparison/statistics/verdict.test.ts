import { describe, expect, it } from 'vitest';
import { rowVerdict, taskVerdict } from './verdict.js';

it.each([
  [0.1, 0.049, null, 'better'],
  [-0.1, 0.049, null, 'worse'],
  [0.1, 0.05, null, 'undecided'],
  [-0.1, 0.9, 0.049, 'equivalent'],
  [0.1, 0.001, 0.049, 'equivalent'], // beyond noise, and too small to count
  [0.1, 0.001, 0.2, 'better'],
  [0.1, null, null, 'undecided'],
])('a gain of %s, p %s of a difference, p %s of equivalence: %s', (gain, pHolm, pEquivalent, verdict) => {
  expect(taskVerdict(gain, { pHolm, pEquivalent }, 0.05)).toBe(verdict);
});

describe('over tasks', () => {
  const [b, w, e, u] = ['better', 'worse', 'equivalent', 'undecided'] as const;
  it.each([
    [[b, b], 'better on all'],
    [[b, u], 'better on some'],
    [[e, b, b], 'better on some'],
    [[b, w], 'seesaw'],
    [[u, w], 'worse'],
    [[e, e], 'equivalent'],
    [[e, u], 'undecided'],
    [[b, null], 'better on some'],
    [[], 'undecided'],
  ])('%j: %s', (tasks, verdict) => {
    expect(rowVerdict(tasks)).toBe(verdict);
  });
});
