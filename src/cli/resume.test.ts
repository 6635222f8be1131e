import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { dropout, resumableBits, stoppedRun, wholeRun } from './resume.fixture.js';

// The slow suite has the other signals and places.
test('33: a run that is killed while a checkpoint is being written continues in its folder to the same bits, when it is asked to', async () => {
  const { status, run, words } = await stoppedRun('SIGKILL', 'checkpoint:3', dropout);
  expect(status).toBe('SIGKILL');
  expect(existsSync(join(run, 'result.json'))).toBe(false);
  const again = await pleHere(words);
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('--resume')]);
  const changed = await pleHere(['train', '--resume', run, 'train.epochs=9']);
  expect([changed.status, changed.stderr]).toEqual([2, expect.stringMatching(/only engine, tracking, name and paths/)]);
  await succeeded(pleHere(['train', '--resume', run, 'engine.threads=1']));
  expect(resumableBits(run)).toEqual(await wholeRun(temporaryFolder(), dropout));
});
