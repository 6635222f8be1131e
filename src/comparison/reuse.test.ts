import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../support/must.js';
import { readRun } from '../training/finished-run.js';
import { reuseFinished } from './comparison-folder.js';
import { plannedRuns, smallConfig } from './plan/planned-runs.fixture.js';
import { finishedRun, folderOfRuns, openRun } from './stored/runs-folder.fixture.js';

/** A stage of one run, and the name of its folder elsewhere. */
async function stageOf(folder: string, stage: 'runs' | 'tuning' = 'runs') {
  const { environment } = must(readRun(await finishedRun(join(folder, 'made'))), 'run');
  rmSync(join(folder, 'made'), { recursive: true });
  const hash8 = String(environment.hash8);
  const [run] = plannedRuns(smallConfig('  models: [{ type: single-task }]\n  seeds: 1\n'));
  const own = join(folder, 'mine', stage === 'tuning' ? 'tuning' : '');
  mkdirSync(own, { recursive: true });
  const runs = [{ ...must(run, 'run'), hash8, folder: `label-${hash8}` }];
  const options = { runs: folder, predictions: true, signal: new AbortController().signal };
  return {
    other: `x-${hash8}`,
    own,
    reuse: (more = {}) => reuseFinished({ stage, folder: own, runs }, { ...options, ...more }),
  };
}

test.each(['', 'other'])('a run that has finished in runs/%s is copied, whole, under its own name', async (place) => {
  const folder = folderOfRuns();
  const { other, own, reuse } = await stageOf(folder);
  expect(await reuse()).toBeUndefined();
  const from = await finishedRun(join(folder, place, other));
  writeFileSync(join(from, 'mine.txt'), 'of the user');
  expect(await reuse()).toContain(`1 run of 1 had finished under another name, and is copied from ${dirname(from)} (`);
  const [name = '', ...others] = readdirSync(own);
  expect(others).toEqual([]);
  expect(readdirSync(join(own, name)).toSorted()).toEqual(
    readdirSync(from)
      .filter((one) => one !== 'mine.txt')
      .toSorted(),
  );
  expect(readFileSync(join(own, name, 'result.json'))).toEqual(readFileSync(join(from, 'result.json')));
  rmSync(from, { recursive: true });
  expect(readRun(join(own, name))).toBeDefined();
  expect(await reuse()).toBeUndefined();
});

test('a run is not copied that is unfinished, damaged, without predictions that are wanted, of a search, or begun here', async () => {
  const folder = folderOfRuns();
  const { other, own, reuse } = await stageOf(folder);
  await openRun(join(folder, 'a', other));
  await finishedRun(join(folder, 'b', 'tuning', other));
  expect(await reuse()).toBeUndefined();
  const run = await finishedRun(join(folder, 'c', other));
  writeFileSync(join(run, 'gates.json'), '[1]');
  expect(await reuse()).toBeUndefined();
  expect(readdirSync(own)).toEqual([]);
  await finishedRun(run);
  writeFileSync(join(run, 'config.yaml'), 'name: x\ngone: 1\n');
  expect(await reuse()).toBeUndefined();
  await finishedRun(run);
  rmSync(join(run, 'predictions.arrow'));
  expect(await reuse()).toBeUndefined();
  mkdirSync(join(own, `label${other.slice(1)}`));
  expect(await reuse({ predictions: false })).toBeUndefined();
  rmSync(join(own, `label${other.slice(1)}`), { recursive: true });
  expect(await reuse({ predictions: false })).toContain(dirname(run));
});

test('the runs of a search are those of other searches', async () => {
  const folder = folderOfRuns();
  const { other, own, reuse } = await stageOf(folder, 'tuning');
  const run = await finishedRun(join(folder, 'a', 'tuning', other));
  expect(await reuse()).toContain(dirname(run));
  expect(existsSync(join(own, `label${other.slice(1)}`, 'result.json'))).toBe(true);
});
