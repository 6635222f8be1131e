import { expect, test } from 'vitest';
import { Interrupted, UserError } from '../../support/errors.js';
import { errorOf } from './worker-process.js';

test('a worker that Ctrl-C ends before it is loaded is no failure, as one that the system kills is', () => {
  expect(errorOf({ kind: 'lost', signal: 'SIGINT', message: '' })).toBeInstanceOf(Interrupted);
  expect(errorOf({ kind: 'lost', signal: 'SIGKILL', message: '' })).toBeInstanceOf(UserError);
});
