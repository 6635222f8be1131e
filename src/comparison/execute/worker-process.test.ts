import { expect, test } from 'vitest';
import { Interrupted, UserError } from '../../support/errors.js';
import { answerError } from './worker-process.js';

test('a worker that Ctrl-C ends before it is loaded is no failure, as one that the system kills is', () => {
  expect(answerError({ kind: 'lost', signal: 'SIGINT', message: '' })).toBeInstanceOf(Interrupted);
  expect(answerError({ kind: 'lost', signal: 'SIGKILL', message: '' })).toBeInstanceOf(UserError);
});
