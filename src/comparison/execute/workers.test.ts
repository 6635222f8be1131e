import { expect, test } from 'vitest';
import { Interrupted } from '../../support/errors.js';
import { createWorkers } from './workers.js';

test.each(['stop', 'kill', 'release'] as const)('after %s no worker is started: nothing would end it', async (how) => {
  const workers = createWorkers();
  await workers[how]();
  expect(() => workers.at(0)).toThrow(Interrupted);
});
