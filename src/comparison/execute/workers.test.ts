import { expect, test } from 'vitest';
import { Interrupted } from '../../support/errors.js';
import { type Workers, withWorkers } from './workers.js';

test.each(['stop', 'kill'] as const)('after %s no worker is started: nothing would end it', async (how) => {
  const signals = { stop: new AbortController(), kill: new AbortController() };
  await withWorkers({ stop: signals.stop.signal, kill: signals.kill.signal }, async (workers) => {
    signals[how].abort();
    expect(() => workers.at(0)).toThrow(Interrupted);
  });
});

test('neither is one after the end', async () => {
  const workers = await withWorkers({}, async (all): Promise<Workers> => all);
  expect(() => workers.at(0)).toThrow(Interrupted);
});
