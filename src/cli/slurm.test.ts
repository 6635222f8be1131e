import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOfFile, pleHere } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
const at = (...path: string[]) => join(folder, ...path);

testTranscript('slurm', folder);

test('a signal of the scheduler makes a task write a checkpoint and end; the same command continues', async () => {
  cpSync(at('runs/sent/jobs'), at('stopped/jobs'), { recursive: true });
  const plan = readdirSync(at('stopped/jobs')).find((name) => name.endsWith('.json')) ?? '';
  const run = (hear?: (text: string) => void) =>
    pleHere(['run', '--plan', join('stopped/jobs', plan), '--index', '0'], { cwd: folder, hear });
  const { status, stderr } = await run((text) => {
    if (text.startsWith('epoch 1/2')) process.emit('SIGUSR1');
  });
  expect([status, stderr]).toEqual([
    130,
    expect.stringMatching(/^Run 0 is interrupted; the same command continues it: /m),
  ]);
  expect((await run()).stderr).toMatch(/, resumed in epoch 2$/m);
});
