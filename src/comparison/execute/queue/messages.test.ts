import { expect, test } from 'vitest';
import { jobIdOf, payloadSchema, plannedBy, returnedSchema, tellingSchema } from './messages.js';

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
  ['an absolute path', { path: '/etc/x' }],
  ['a hidden folder', { path: 'sweep/.ssh' }],
  ['no path', { path: '' }],
  ['another hash', { hash8: '../../ab' }],
  ['a config of two megabytes', { config: ' '.repeat(2 ** 21) }],
  ['an unknown key', { command: 'rm' }],
  ['a file that is too large', { files: [{ path: 'x.csv', bytes: 2 ** 40, sha256: '0'.repeat(64) }] }],
  ['a file without a checksum', { files: [{ path: 'x.csv', bytes: 1, sha256: '../x' }] }],
])('%s is refused', (_, change) => {
  expect(payloadSchema.safeParse({ ...payload, ...change }).success).toBe(false);
});

test('what workers tell and return is checked too', () => {
  const telling = { worker: 'w', shared: false, epochs: [{ epoch: 1, validation: {} }], notes: [] };
  expect(tellingSchema.parse(telling)).toEqual(telling);
  expect(tellingSchema.safeParse({ ...telling, epochs: [{ epoch: 'one' }] }).success).toBe(false);
  expect(tellingSchema.safeParse({ ...telling, notes: [{ message: 'x'.repeat(20_000), ofRun: false }] }).success).toBe(
    false,
  );
  expect(returnedSchema.safeParse({ worker: 'w', upload: null }).success).toBe(true);
  expect(returnedSchema.safeParse({ worker: 'w' }).success).toBe(false);
});
