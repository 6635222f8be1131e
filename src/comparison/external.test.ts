import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';
import { isRunning } from '../support/process-identity.js';
import { runCommand } from './external.js';

const never = new AbortController().signal;
const signals = { signal: never, halt: never, threads: 3 };

test('the folder is the last word, whatever its name; what a command prints is kept', async () => {
  const folder = temporaryFolder();
  expect(await runCommand('printf "%s|" a', folder, signals)).toEqual({ status: 'done' });
  expect(readFileSync(join(folder, 'command.log'), 'utf8')).toBe(`a|${folder}|`);
});

test('OpenMP takes the threads of a job, unless the environment says how many', async () => {
  const folder = temporaryFolder();
  const printed = async () => {
    await runCommand('printf "$OMP_NUM_THREADS" #', folder, signals);
    return readFileSync(join(folder, 'command.log'), 'utf8');
  };
  vi.stubEnv('OMP_NUM_THREADS', undefined);
  expect(await printed()).toBe('3');
  vi.stubEnv('OMP_NUM_THREADS', '5');
  expect(await printed()).toBe('5');
  vi.unstubAllEnvs();
});

test('a command that is killed has failed', async () => {
  const folder = temporaryFolder();
  const message = `its command ended by SIGKILL (${join(folder, 'command.log')})`;
  expect(await runCommand('kill -9 $$ #', folder, signals)).toEqual({ status: 'failed', message });
});

test('an interruption ends a command with the processes that it started', async () => {
  const folder = temporaryFolder();
  const interruption = new AbortController();
  const begun = join(folder, 'begun');
  const running = runCommand(`sleep 1000 & echo $! > ${begun}.partial; mv ${begun}.partial ${begun}; wait #`, folder, {
    ...signals,
    signal: interruption.signal,
  });
  const moment = () => new Promise((resolve) => setTimeout(resolve, 20));
  while (!existsSync(begun)) await moment();
  interruption.abort();
  expect(await running).toEqual({ status: 'interrupted' });
  while (isRunning(Number(readFileSync(begun, 'utf8')))) await moment();
});
