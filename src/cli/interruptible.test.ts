import { expect, test } from 'vitest';
import { Interrupted } from '../support/errors.js';
import { interruptible } from './command.js';

test('a signal ends the work; a second one finds no listener and so ends the process', async () => {
  const before = process.listenerCount('SIGTERM');
  const work = interruptible('Interrupted: not done.', async (signal) => {
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    process.emit('SIGINT');
    expect(process.listenerCount('SIGTERM')).toBe(before);
    signal.throwIfAborted();
  });
  await expect(work).rejects.toEqual(new Interrupted('Interrupted: not done.'));
});
