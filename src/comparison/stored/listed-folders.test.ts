import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
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
  const found = listFolders(folder);
  expect(found).toHaveLength(1);
  return found[0];
}

test('a finished run has its metrics and time', async () => {
  const folder = folderOfRuns();
  const path = await finishedRun(join(folder, 'run-0123abcd'));
  utimesSync(join(path, 'result.json'), 1000, 1000);
  const expected = {
    ...{ kind: 'run', name: 'run-0123abcd', path, state: 'finished', changed: 1e6 },
    tasks: [
      { task: 'click', metric: 'auc', value: 0.5 },
      { task: 'time', metric: 'mse', value: 0.25 },
    ],
  };
  expect(only(folder)).toEqual(expected);
  expect(listFolders(path)).toEqual([{ ...expected, name: path }]);
});

describe('a run without a result is', () => {
  test.each([
    ['unfinished after a kill', { msg: 'epoch' }, 'unfinished'],
    ['failed', { msg: 'failed', error: 'not finite' }, 'failed'],
  ])('%s', async (_, last, state) => {
    const folder = folderOfRuns();
    await openRun(join(folder, 'run'), last);
    expect(only(folder)).toMatchObject({ state, tasks: [] });
  });

  test('running while a process holds it, whatever its log says', async () => {
    const folder = folderOfRuns();
    lock(await openRun(join(folder, 'run'), { msg: 'failed' }));
    expect(only(folder)).toMatchObject({ state: 'running' });
  });

  test('unfinished if the lock of another host is silent', async () => {
    const folder = folderOfRuns();
    lockElsewhere(await openRun(join(folder, 'run')));
    expect(only(folder)).toMatchObject({ state: 'unfinished' });
  });
});

describe('a run is damaged:', () => {
  const edit = (path: string) =>
    writeFileSync(
      join(path, 'result.json'),
      readFileSync(join(path, 'result.json'), 'utf8').replace('"auc":0.5', '"auc":0.9'),
    );
  test.each<[string, (path: string) => void]>([
    ['result.json was edited', edit],
    ['there is no config.yaml', (path) => rmSync(join(path, 'config.yaml'))],
    [
      'result.json is a device without an end',
      (path) => {
        rmSync(join(path, 'result.json'));
        symlinkSync('/dev/zero', join(path, 'result.json'));
      },
    ],
  ])('%s', async (_, damage) => {
    const folder = folderOfRuns();
    await finishedRun(join(folder, 'whole'));
    damage(await finishedRun(join(folder, 'broken')));
    const [broken, whole] = listFolders(folder);
    expect(broken).toMatchObject({ name: 'broken', state: 'damaged' });
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
  expect(listFolders(folder)).toMatchObject([{ name: 'link', state: 'finished' }]);
});

test('a folder of another program is left out, with a config and a result of these names', () => {
  const folder = folderOfRuns();
  mkdirSync(join(folder, 'other', 'checkpoints'), { recursive: true });
  for (const [name, text] of [
    ['config.yaml', 'name: 1\nseed: 1\nmodel: 1\n'],
    ['result.json', '{}'],
  ] as const)
    writeFileSync(join(folder, 'other', name), text);
  expect(listFolders(folder)).toEqual([]);
});

describe('a comparison', () => {
  test('is one line; in its own folder its runs are listed, with those of its search', async () => {
    const folder = folderOfRuns();
    const path = storeComparison(join(folder, 'all'), ['done', 'missing'], 'done');
    await finishedRun(join(path, 'run-1'));
    await openRun(join(path, 'run-2'));
    await finishedRun(join(path, 'tuning', 'try'));
    mkdirSync(join(path, 'charts'));
    expect(only(folder)).toMatchObject({ kind: 'comparison', name: 'all', state: 'finished', tasks: [] });
    expect(listFolders(path).map(({ name, kind, state }) => [name, kind, state])).toEqual([
      ['run-1', 'run', 'finished'],
      ['run-2', 'run', 'unfinished'],
      [join('tuning', 'try'), 'run', 'finished'],
    ]);
  });

  test.each([
    ['unfinished after an interruption', ['done'], 'interrupted', 'unfinished'],
    ['failed if runs failed', ['done', 'failed'], 'done', 'failed'],
    ['finished without a log: of ple report', ['done', 'done'], undefined, 'finished'],
  ])('is %s', (_, statuses, last, state) => {
    const folder = folderOfRuns();
    storeComparison(join(folder, 'all'), statuses, last);
    expect(only(folder)).toMatchObject({ state });
  });

  test('is unfinished before its first table, running while it is held, damaged if its table is', async () => {
    const folder = folderOfRuns();
    const path = storeComparison(join(folder, 'all'), ['done'], 'done');
    writeFileSync(join(path, 'comparison.json'), '{}');
    expect(only(folder)).toMatchObject({ state: 'damaged' });
    rmSync(join(path, 'comparison.json'));
    expect(only(folder)).toMatchObject({ kind: 'comparison', state: 'unfinished' });
    lock(path);
    expect(only(folder)).toMatchObject({ state: 'running' });
  });
});
