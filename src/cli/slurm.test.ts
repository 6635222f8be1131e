import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOfFile, pleHere } from './command.fixture.js';
import { runsIn, until } from './compare.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
const at = (...path: string[]) => join(folder, ...path);

testTranscript('slurm', folder);

test('a signal of the scheduler makes a task write a checkpoint and end; the same command continues', async () => {
  cpSync(at('runs/sent/jobs'), at('stopped/jobs'), { recursive: true });
  const plan = readdirSync(at('stopped/jobs')).find((name) => name.endsWith('.json')) ?? '';
  const run = () => pleHere(['run', '--plan', join('stopped/jobs', plan), '--index', '0'], { cwd: folder });
  const stopped = run();
  await until('a checkpoint', () =>
    runsIn(at('stopped')).some((name) => existsSync(at('stopped', name, 'checkpoints/last.safetensors'))),
  );
  process.emit('SIGUSR1');
  const { status, stderr } = await stopped;
  expect([status, stderr]).toEqual([
    130,
    expect.stringMatching(/^Run 0 is interrupted; the same command continues it: /m),
  ]);
  expect((await run()).stderr).toMatch(/, resumed in epoch 2$/m);
});
