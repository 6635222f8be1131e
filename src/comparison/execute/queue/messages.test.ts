import { expect, test } from 'vitest';
import { jobIdOf, payloadSchema, plannedBy } from './messages.js';

const payload = {
  ...plannedBy,
  config: 'name: a',
  hash8: '01234567',
  checksum: 'c',
  path: 'sweep/tuning/ple-seed-1-01234567',
  predictions: true,
  files: [],
};

test('a job is named by the run, the epoch that it stops after, and whether it keeps predictions; it is no number', () => {
  expect(jobIdOf(payload)).toBe('run-01234567-p');
  expect(jobIdOf({ ...payload, predictions: false })).toBe('run-01234567');
  expect(jobIdOf({ ...payload, predictions: false, until: 4 })).toBe('run-01234567-e4');
});

test('a payload as the planner writes it is taken', () => {
  expect(payloadSchema.parse(payload)).toEqual(payload);
  expect(payloadSchema.parse({ ...payload, until: 3 }).until).toBe(3);
});

test.each([
  ['a path that leaves the folder of runs', { path: 'sweep/../../etc' }],
  ['another hash', { hash8: '../../ab' }],
  ['an unknown key', { command: 'rm' }],
  ['a file that is too large', { files: [{ path: 'x.csv', bytes: 2 ** 40, sha256: '0'.repeat(64) }] }],
])('%s is refused', (_, change) => {
  expect(payloadSchema.safeParse({ ...payload, ...change }).success).toBe(false);
});
