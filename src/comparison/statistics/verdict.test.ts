import { describe, expect, it } from 'vitest';
import { rowVerdict, taskVerdict } from './verdict.js';

it.each([
  [0.1, 0.049, 'better'],
  [-0.1, 0.049, 'worse'],
  [0.1, 0.05, 'no difference seen'],
  [-0.1, 0.9, 'no difference seen'],
  [0, 1, 'no difference seen'],
  [0.1, null, null],
  [null, null, null],
])('a gain of %s with an adjusted p of %s: %s', (gain, pHolm, verdict) => {
  expect(taskVerdict(gain, pHolm)).toBe(verdict);
});

describe('over tasks', () => {
  const [b, w, n] = ['better', 'worse', 'no difference seen'] as const;
  it.each([
    [[b, b], 'better on all'],
    [[b], 'better on all'],
    [[b, n], 'better on some'],
    [[n, b, b], 'better on some'],
    [[b, w], 'seesaw'],
    [[w, n, b], 'seesaw'],
    [[w, w], 'worse'],
    [[n, w], 'worse'],
    [[n, n], 'no difference seen'],
    [[n], 'no difference seen'],
    [[b, null], null],
    [[w, null], null],
    [[n, null], null],
    [[null, null], null],
    [[b, null, w], 'seesaw'],
    [[], null],
  ])('%j: %s', (tasks, verdict) => {
    expect(rowVerdict(tasks)).toBe(verdict);
  });
});
