import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { folderPerTest } from '../../support/folder.fixture.js';
import { readRun } from '../../training/finished-run.js';
import { referencesTo, runsOfReference } from './entry.js';
import { storeRun } from './stored-run.fixture.js';

const at = folderPerTest();
const tasks = { click: { type: 'binary', logits: [0, 1, 2, 3], labels: [0, 1, 0, 1] } } as const;

test('a line of comparison.json has all runs of a seed, and failed if one of them has', () => {
  const runs = [
    { seed: 1, path: 'a', status: 'missing', tasks: ['click', 'time'] },
    { seed: 1, path: 'b', status: 'failed', tasks: ['buy'] },
  ] as const;
  const line = { seed: 1, path: 'a', status: 'failed', parts: { click: 'a', time: 'a', buy: 'b' } } as const;
  expect(referencesTo(runs)).toEqual([line]);
  expect(runsOfReference(line)).toEqual(runs.map((run) => ({ ...run, status: 'failed' })));
});

test('a run whose hash is another one now is read; not if its config was edited', async () => {
  await storeRun(at('a'), { name: 'r', seed: 1, tasks, environment: { hash8: '01234567' } });
  expect(readRun(at('a'))?.result).toMatchObject({ name: 'r', model: 'single-task' });
  writeFileSync(at('a/config.yaml'), readFileSync(at('a/config.yaml'), 'utf8').replace('epochs: 3', 'epochs: 4'));
  expect(() => readRun(at('a'))).toThrow(/or edited ones: .* and 01234567 was trained/);
});

test('a run of an earlier commit, whose config has a key that changed nothing, is read', async () => {
  await storeRun(at('a'), { name: 'r', seed: 1, tasks });
  const text = readFileSync(at('a/config.yaml'), 'utf8');
  const withKey = (value: string) =>
    writeFileSync(at('a/config.yaml'), `${text}inputs:\n  embedding: 4\n  interaction: ${value}\n`);
  withKey('none');
  expect(readRun(at('a'))?.result).toMatchObject({ name: 'r', model: 'single-task' });
  withKey('fm');
  expect(() => readRun(at('a'))).toThrow(/'inputs\.interaction': unknown key/);
});
