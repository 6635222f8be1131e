import { expect, test } from 'vitest';
import { Interrupted } from '../support/errors.js';
import { interruptible } from './interruptible.js';

test.each([
  ['SIGINT', 'SIGTERM'],
  ['SIGTERM', 'SIGHUP'],
  ['SIGHUP', 'SIGINT'],
] as const)(
  '%s ends the work by a signal; a second signal, %s, finds no listener and so ends the process',
  async (first, second) => {
    const before = process.listenerCount(second);
    const work = interruptible('Interrupted: not done.', async (signal) => {
      expect(process.listenerCount(second)).toBe(before + 1);
      process.emit(first);
      expect(process.listenerCount(second)).toBe(before);
      signal.throwIfAborted();
    });
    await expect(work).rejects.toEqual(new Interrupted('Interrupted: not done.'));
  },
);
