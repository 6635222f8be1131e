import { expect, test } from 'vitest';
import { createTimeLeft } from './time-left.js';

test('a run continues as fast as since its first progress, and others take as long', () => {
  const time = createTimeLeft(['a', 'a', 'b'], 1);
  time.begin('a1', 'a', 0);
  time.update('a1', 0.1, 2); // 2 s to start
  time.update('a1', 0.5, 6); // then 10 s for the whole
  // 5 s are left of it, and 12 s of each of the two others.
  expect(time.left(6)).toBeCloseTo(5 + 12 + 12, 10);
});

test('a kind of run that has ended takes as long as before; a kind that is not known, as long as the mean', () => {
  const time = createTimeLeft(['slow', 'fast', 'slow', 'fast', 'other'], 1);
  time.begin('s1', 'slow', 0);
  time.update('s1', 0, 0);
  time.end('s1', 30);
  time.begin('f1', 'fast', 30);
  time.end('f1', 40);
  expect(time.left(40)).toBeCloseTo(30 + 10 + 20, 10);
});

test('runs at the same time share the rest, but none ends before itself', () => {
  const time = createTimeLeft(['a', 'a', 'a', 'a'], 2);
  for (const run of ['a1', 'a2']) {
    time.begin(run, 'a', 0);
    time.update(run, 0, 0);
    time.update(run, 0.5, 5);
  }
  expect(time.left(5)).toBeCloseTo((5 + 5 + 10 + 10) / 2, 10);
  time.end('a1', 8);
  time.begin('a3', 'a', 8);
  time.end('a3', 14);
  time.begin('a4', 'a', 14);
  // a2 has become slow: 0.5 in 14 s, so 14 s more, which is longer than half of all that is left.
  expect(time.left(14)).toBeCloseTo(14, 10);
});
