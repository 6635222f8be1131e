import { beforeAll, expect, test } from 'vitest';
import { folderOfFile, ple, succeeded } from './command.fixture.js';
import { bitsOf, dropout, stoppedRun, wholeRun } from './resume.fixture.js';

const configs = { plain: [], dropout } as const;
const folder = folderOfFile();
const wholes = new Map<string, ReturnType<typeof bitsOf>>();
beforeAll(async () => {
  for (const [name, changes] of Object.entries(configs)) wholes.set(name, await wholeRun(folder, changes));
});

test.each([
  ['SIGKILL', 'compile', 'plain'],
  ['SIGKILL', 'run:14', 'plain'], // in a later epoch
  ['SIGKILL', 'checkpoint:1', 'plain'],
  ['SIGTERM', 'run:14', 'plain'],
  ['SIGHUP', 'run:14', 'dropout'],
] as const)('33: a run that gets %s at %s continues to the same bits: %s', async (signal, place, config) => {
  const { status, stderr, run } = await stoppedRun(signal, place, configs[config]);
  expect(status, stderr).toBe(signal === 'SIGKILL' ? signal : 130);
  await succeeded(ple(['train', '--resume', run]));
  expect(bitsOf(run)).toEqual(wholes.get(config));
});
