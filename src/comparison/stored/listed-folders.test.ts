import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock } from '../../support/lock.js';
import { listFolders } from './listed-folders.js';
import { finishedRun, folderOfRuns, lockElsewhere, openRun, storeComparison } from './runs-folder.fixture.js';

function lock(path: string): void {
  const { release } = acquireLock(path);
  onTestFinished(release);
}

/** The only run or comparison in a folder. */
function only(folder: string) {
  const found = listFolders(folder, false);
  expect(found).toHaveLength(1);
  return found[0];
}

test('a finished run has its model, seed, metrics, time and size', async () => {
  const folder = folderOfRuns();
  const path = await finishedRun(join(folder, 'run-0123abcd'), 7);
  utimesSync(join(path, 'result.json'), 1000, 1000);
  const bytes = ['config.yaml', 'environment.json', 'epochs.jsonl', 'gates.json', 'predictions.arrow', 'result.json']
    .concat(['checkpoints/best.safetensors', 'checkpoints/last.safetensors'])
    .reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  const run = { kind: 'run', state: 'finished', reason: null, model: 'single-task', seed: 7 };
  const expected = {
    ...run,
    name: 'run-0123abcd',
    path,
    bytes,
    changed: 1e6,
    runs: null,
    tasks: { click: { metric: 'auc', value: 0.5 }, time: { metric: 'mse', value: 0.25 } },
  };
  expect(only(folder)).toMatchObject(expected);
  expect(listFolders(path, false)).toEqual([expect.objectContaining({ ...expected, name: path })]);
});

describe('a run without a result is', () => {
  test.each([
    ['unfinished after a kill', { msg: 'epoch' }, { state: 'unfinished', reason: null }],
    ['failed', { msg: 'failed', error: 'not finite' }, { state: 'failed', reason: 'not finite' }],
  ])('%s', async (_, last, expected) => {
    const folder = folderOfRuns();
    await openRun(join(folder, 'run'), last);
    expect(only(folder)).toMatchObject({ ...expected, model: null, seed: null, tasks: {} });
  });

  test('running while a process holds it, whatever its log says', async () => {
    const folder = folderOfRuns();
    lock(await openRun(join(folder, 'run'), { msg: 'failed' }));
    expect(only(folder)).toMatchObject({ state: 'running', reason: null });
  });

  test('unfinished if the lock of another host is silent, with this reason', async () => {
    const folder = folderOfRuns();
    lockElsewhere(await openRun(join(folder, 'run')));
    expect(only(folder)).toMatchObject({
      state: 'unfinished',
      reason: expect.stringMatching(/^It is locked by process \d+ of the host elsewhere, without a sign of life/),
    });
  });
});

describe('a damaged run is named with its reason:', () => {
  const edit = (path: string) =>
    writeFileSync(
      join(path, 'result.json'),
      readFileSync(join(path, 'result.json'), 'utf8').replace('"auc":0.5', '"auc":0.9'),
    );
  test.each<[string, (path: string) => void, RegExp]>([
    ['result.json was edited', edit, /its content is not what was written \(SHA-256\)/],
    ['there is no config.yaml', (path) => rmSync(join(path, 'config.yaml')), /has a result\.json, but no config\.yaml/],
    [
      'result.json is a device without an end',
      (path) => {
        rmSync(join(path, 'result.json'));
        symlinkSync('/dev/zero', join(path, 'result.json'));
      },
      /result\.json is not a file\.$/,
    ],
  ])('%s', async (_, damage, reason) => {
    const folder = folderOfRuns();
    await finishedRun(join(folder, 'whole'));
    damage(await finishedRun(join(folder, 'broken')));
    const [broken, whole] = listFolders(folder, false);
    expect(broken).toMatchObject({ name: 'broken', state: 'damaged', reason: expect.stringMatching(reason) });
    expect(whole).toMatchObject({ name: 'whole', state: 'finished' });
  });
});

test('other files and folders are left out; a link to a run is followed, one in a circle is not', async () => {
  const [folder, other] = [folderOfRuns(), folderOfRuns()];
  await finishedRun(join(other, 'run'));
  mkdirSync(join(folder, 'notes'));
  writeFileSync(join(folder, 'notes', 'a.txt'), '');
  writeFileSync(join(folder, 'config.txt'), '');
  symlinkSync('circle', join(folder, 'circle'));
  symlinkSync(join(folder, 'nothing'), join(folder, 'dangling'));
  symlinkSync(join(other, 'run'), join(folder, 'link'));
  expect(listFolders(folder, false)).toMatchObject([{ name: 'link', state: 'finished' }]);
});

test('a folder of another program is left out, with a config and a result of these names', () => {
  const folder = folderOfRuns();
  mkdirSync(join(folder, 'other', 'checkpoints'), { recursive: true });
  for (const [name, text] of [
    ['config.yaml', 'name: 1\nseed: 1\nmodel: 1\n'],
    ['result.json', '{}'],
  ] as const)
    writeFileSync(join(folder, 'other', name), text);
  expect(listFolders(folder, true)).toEqual([]);
});

describe('a comparison', () => {
  test('counts its models, verdicts and runs; the runs are listed on request, with those of its search', async () => {
    const folder = folderOfRuns();
    const path = storeComparison(join(folder, 'all'), ['done', 'missing'], 'done');
    await finishedRun(join(path, 'run-1'));
    await openRun(join(path, 'run-2'));
    await finishedRun(join(path, 'tuning', 'try'));
    mkdirSync(join(path, 'charts'));
    const expected = {
      kind: 'comparison',
      name: 'all',
      state: 'finished',
      models: 4,
      model: null,
      verdicts: { seesaw: 2, 'better on all': 1 },
      runs: { finished: 1, all: 2 },
    };
    expect(only(folder)).toMatchObject(expected);
    expect(listFolders(folder, true).map(({ name, kind, state }) => [name, kind, state])).toEqual([
      ['all', 'comparison', 'finished'],
      [join('all', 'run-1'), 'run', 'finished'],
      [join('all', 'run-2'), 'run', 'unfinished'],
      [join('all', 'tuning', 'try'), 'run', 'finished'],
    ]);
    expect(listFolders(path, false).map(({ name }) => name)).toEqual(['run-1', 'run-2', join('tuning', 'try')]);
  });

  test.each([
    ['unfinished after an interruption', ['done'], 'interrupted', { state: 'unfinished' }],
    ['failed if runs failed', ['done', 'failed'], 'done', { state: 'failed', reason: '1 run failed.' }],
    ['finished without a log: of ple report', ['done', 'done'], undefined, { state: 'finished' }],
  ])('is %s', (_, statuses, last, expected) => {
    const folder = folderOfRuns();
    storeComparison(join(folder, 'all'), statuses, last);
    const runs = { finished: statuses.filter((status) => status === 'done').length, all: statuses.length };
    expect(only(folder)).toMatchObject({ ...expected, runs });
  });

  test('is unfinished before its first table, running while it is held, damaged if its table is', async () => {
    const folder = folderOfRuns();
    const path = storeComparison(join(folder, 'all'), ['done'], 'done');
    writeFileSync(join(path, 'comparison.json'), '{}');
    expect(only(folder)).toMatchObject({ state: 'damaged', reason: expect.stringMatching(/run ple compare again/) });
    rmSync(join(path, 'comparison.json'));
    expect(only(folder)).toMatchObject({ kind: 'comparison', state: 'unfinished', models: null });
    lock(path);
    await finishedRun(join(path, 'tuning', 'a'));
    await openRun(join(path, 'tuning', 'b'));
    expect(only(folder)).toMatchObject({ state: 'running', runs: { finished: 1, all: 2 } });
  });
});
