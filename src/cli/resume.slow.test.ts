import { beforeAll, expect, test } from 'vitest';
import { folderOfFile, ple, succeeded } from './command.fixture.js';
import { dropout, resumableBits, stoppedRun, wholeRun } from './resume.fixture.js';

const configs = { plain: [], dropout } as const;
const folder = folderOfFile();
const wholes = new Map<string, ReturnType<typeof resumableBits>>();
beforeAll(async () => {
  for (const [name, changes] of Object.entries(configs)) wholes.set(name, await wholeRun(folder, changes));
});

test.each([
  ['SIGKILL', 'compile', 'plain'],
  ['SIGKILL', 'run:14', 'plain'], // in a later epoch
  ['SIGKILL', 'checkpoint:1', 'plain'],
  ['SIGTERM', 'run:14', 'plain'],
  ['SIGHUP', 'run:14', 'dropout'],
  ['SIGINT', 'run:14', 'dropout'], // Ctrl-C within an epoch
] as const)('33: a run that gets %s at %s continues to the same bits: %s', async (signal, place, config) => {
  const { status, stdout, stderr, run } = await stoppedRun(signal, place, configs[config]);
  expect([status, stdout], stderr).toEqual([signal === 'SIGKILL' ? signal : 130, '']);
  if (signal !== 'SIGKILL') expect(stderr).toContain(`ple train --resume ${run}`);
  await succeeded(ple(['train', '--resume', run]));
  expect(resumableBits(run)).toEqual(wholes.get(config));
});
