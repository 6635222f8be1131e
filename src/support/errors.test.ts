import { openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { asUserError, systemReason, UserError } from './errors.js';

const of = (code: string, message: string) => Object.assign(new Error(message), { code, syscall: 'open' });

test.each([
  [
    of('EMFILE', "EMFILE: too many open files, open 'a'"),
    /^Too few files may be open: \d+\. Raise the limit of open files \(ulimit -n 1024\)/,
  ],
  [of('EMFILE', 'spawn node EMFILE'), /^Too few files may be open: \d+\. Raise/],
  [
    new Error('libduckdb.so: cannot open shared object file: Too many open files'),
    /^Too few files may be open: \d+\. Raise/,
  ],
  [of('EAGAIN', 'spawn node EAGAIN'), /^spawn node EAGAIN\. Raise the limit of processes and threads \(ulimit -u\)/],
  [
    new RangeError('Array buffer allocation failed'),
    /^Out of memory \(Array buffer allocation failed\)\. Use smaller batches/,
  ],
])('%s is told as what it is', (error, message) => {
  expect(asUserError(error)).toBeInstanceOf(UserError);
  expect(asUserError(error)?.message).toMatch(message);
});

test('a reason has words and a code', () => {
  const open = () => openSync('/none/none', 'r');
  expect(open).toThrow();
  try {
    open();
  } catch (error) {
    expect(systemReason(error)).toBe('no such file or directory (ENOENT)');
  }
});
