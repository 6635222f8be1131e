import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { folderOfFile, pleHere, succeeded } from './command.fixture.js';
import { bitsOf, dropout, stoppedRun, wholeRun } from './resume.fixture.js';

const folder = folderOfFile();
let whole: ReturnType<typeof bitsOf>;
beforeAll(async () => {
  whole = await wholeRun(folder, dropout);
});

async function resume(run: string): Promise<void> {
  await succeeded(pleHere(['train', '--resume', run, 'engine.threads=1']));
  expect(bitsOf(run)).toEqual(whole);
}

test('33: a run that is killed while a checkpoint is being written continues in its folder to the same bits, when it is asked to', async () => {
  const { status, run, words } = await stoppedRun('SIGKILL', 'checkpoint:3', dropout);
  expect(status).toBe('SIGKILL');
  expect(existsSync(join(run, 'result.json'))).toBe(false);
  const again = await pleHere(words);
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('--resume')]);
  const changed = await pleHere(['train', '--resume', run, 'train.epochs=9']);
  expect([changed.status, changed.stderr]).toEqual([2, expect.stringMatching(/only engine, tracking, name and paths/)]);
  await resume(run);
});

test('33: Ctrl-C within an epoch writes a checkpoint, exits 130, and the run continues to the same bits', async () => {
  const { status, stdout, stderr, run } = await stoppedRun('SIGINT', 'run:14', dropout);
  expect([status, stdout], stderr).toEqual([130, '']);
  expect(existsSync(join(run, 'checkpoints/last.safetensors'))).toBe(true);
  expect(stderr).toContain(`ple train --resume ${run}`);
  await resume(run);
});
