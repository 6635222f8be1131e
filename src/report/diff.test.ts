import { expect, test } from 'vitest';
import { storeRun } from '../comparison/stored/stored-run.fixture.js';
import { readStartedRun } from '../comparison/stored/stored-runs.js';
import { folderPerTest } from '../support/folder.fixture.js';
import { runDiff, runDiffText } from './diff.js';

const at = folderPerTest();
const labels = [0, 1, 0, 1];
const tasks = { click: { type: 'binary', logits: [-1, 2, 1, 0.5], labels } } as const;
const store = (name: string, run: Partial<Parameters<typeof storeRun>[1]> = {}) =>
  storeRun(at(name), { name: 'run', seed: 1, tasks, ...run });
const read = (name: string) => readStartedRun(at(name));

test('two equal runs differ in nothing, whatever time they took', async () => {
  await store('a', { environment: { hash8: '0' } });
  await store('another-time', { environment: { hash8: '1' } }); // the fixture's throughput goes by the path
  const diff = runDiff(read('a'), read('another-time'));
  expect(diff).toMatchObject({ config: [], environment: [], data: [], result: [], metrics: [] });
  expect(runDiffText(diff)).toBe('no difference\n');
});

test('config, environment, data, result and metrics have their own lists, with differences', async () => {
  await store('a');
  await store('b', {
    seed: 2,
    model: { type: 'mmoe', levels: [[4]], experts: 2 },
    environment: { ple: '1.2.4', commit: 'f00' },
    checksum: 'def456',
    epochs: 5,
    tasks: { click: { ...tasks.click, logits: [-1, 2, 0, 0.5] } }, // one pair of four is no longer in the wrong order
  });
  const diff = runDiff(read('a'), read('b'));
  expect(diff.config).toEqual([
    { key: 'seed', left: 1, right: 2 },
    { key: 'model.type', left: 'single-task', right: 'mmoe' },
    { key: 'model.experts', right: 2 },
  ]);
  expect(diff.environment).toEqual([
    { key: 'ple', left: '1.2.3', right: '1.2.4' },
    { key: 'commit', right: 'f00' },
  ]);
  expect(diff.data).toEqual([{ key: 'checksum', left: 'abc123', right: 'def456' }]);
  expect(diff.result).toEqual([
    { key: 'epochs', left: 3, right: 5 },
    { key: 'bestEpoch.click', left: 3, right: 5 },
  ]);
  expect(diff.metrics).toContainEqual({
    task: 'click',
    split: 'test',
    metric: 'auc',
    left: 0.75,
    right: 1,
    difference: 0.25,
  });
  expect(diff.metrics.map(({ metric }) => metric)).not.toContain('samples');
  const interval = diff.metrics.find(({ metric }) => metric === 'aucInterval');
  expect(interval).toMatchObject({ right: null, difference: null }); // of an AUC of 1

  const text = runDiffText(diff);
  expect(text).toMatch(
    /^config +left +right\nseed +1 +2\nmodel\.type +single-task +mmoe\nmodel\.experts +\(not there\) +2$/m,
  );
  expect(text).toMatch(/^click\.test\.auc +0\.75000 +1 +\+0\.25000$/m);
  expect(text).not.toContain('no difference');
});

test('what a config or data set says steers no terminal', async () => {
  const hostile = { 'a\u001b[2J': { ...tasks.click, logits: [0, 0, 1, 1] } };
  await store('a', { tasks: hostile, dataset: { dimension: 5 } });
  await store('b', { tasks: { 'a\u001b[2J': tasks.click }, model: { levels: [[3]] } });
  const text = runDiffText(runDiff(read('a'), read('b')));
  expect(text).toMatch(/^a\ufffd\[2J\.test\.auc/m);
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});
