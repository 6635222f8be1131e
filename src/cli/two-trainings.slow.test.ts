import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ple, smallConfig, temporaryFolder } from './command.fixture.js';
import { startPle, until } from './compare.fixture.js';
import { epochsIn, runIn } from './tracked-run.fixture.js';

test('a training in the folder of a run that continues is refused with exit code 1, and the other continues', async () => {
  const folder = temporaryFolder();
  const runs = `${folder}/runs`;
  const words = ['train', '--config', smallConfig(folder), '--runs', runs, 'train.epochs=100000'];
  const first = startPle(words);
  await until('an epoch has ended', () => first.stderr().includes('epoch 2/'));
  const second = await ple(words);
  expect(second.stderr).toMatch(/^ple: \S+small-[0-9a-f]{8} is in use by process \d+\.[^\n]*\n$/);
  expect([second.status, second.stdout]).toEqual([1, '']);
  const run = runIn(runs);
  const seen = epochsIn(run).length;
  await until('it goes on', () => epochsIn(run).length > seen + 1);
  process.kill(first.pid, 'SIGINT');
  expect((await first.finished).status).toBe(130);
  expect(readdirSync(run).filter((name) => name.startsWith('lock'))).toEqual([]);
});
