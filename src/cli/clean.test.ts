import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { removableIn, remove } from '../comparison/stored/removable.js';
import {
  finishedRun,
  folderOfRuns,
  lockElsewhere,
  openRun,
  storeComparison,
} from '../comparison/stored/runs-folder.fixture.js';
import { acquireLock } from '../support/lock.js';
import { partialPath } from '../support/whole-file.js';
import { contentsOf, pleHere } from './command.fixture.js';

const last = join('checkpoints', 'last.safetensors');
const all = { unfinished: true, failed: true };

function hold(path: string): void {
  const { release } = acquireLock(path);
  onTestFinished(release);
}

/** A file that a killed process left. */
function leavePartial(path: string): string {
  const ended = spawnSync(process.execPath, ['--version']).pid;
  const partial = partialPath(path).replace(`-${process.pid}-`, `-${ended}-`);
  writeFileSync(partial, 'half');
  return partial;
}

/** A folder with a run in each state, and a comparison. */
async function everyState() {
  const folder = folderOfRuns();
  const at = (...names: string[]) => join(folder, ...names);
  await finishedRun(at('finished'));
  await openRun(at('unfinished'), { msg: 'interrupted' });
  await openRun(at('failed'), { msg: 'failed', error: 'not finite' });
  hold(await openRun(at('running')));
  await finishedRun(at('damaged'));
  writeFileSync(at('damaged', 'result.json'), '{');
  storeComparison(at('all'), ['done'], 'done');
  await finishedRun(at('all', 'run-1'));
  await openRun(at('all', 'tuning', 'try'));
  return { folder, at };
}

const pathsOf = async (folder: string, also = all) => (await removableIn(folder, also)).items.map(({ path }) => path);

describe('what may go', () => {
  test('is the last checkpoint of finished runs, also below comparisons; other runs only on request', async () => {
    const { folder, at } = await everyState();
    const checkpoints = [at('all', 'run-1', last), at('finished', last)];
    expect(await pathsOf(folder, { unfinished: false, failed: false })).toEqual(checkpoints);
    expect(await pathsOf(folder, { unfinished: true, failed: false })).toEqual([
      ...[at('all', 'run-1', last), at('all', 'tuning', 'try'), at('finished', last), at('unfinished')],
    ]);
    expect(await pathsOf(folder, { unfinished: false, failed: true })).toEqual([
      ...[at('all', 'run-1', last), at('failed'), at('finished', last)],
    ]);
  });

  test('is also what killed processes left, of runs that stay', async () => {
    const { folder, at } = await everyState();
    const left = ['finished', 'failed', 'all', 'running', 'damaged'].map((name) => leavePartial(at(name, 'a.json')));
    const below = leavePartial(at('finished', 'checkpoints', 'best.safetensors'));
    const found = await pathsOf(folder, { unfinished: false, failed: false });
    expect(found.filter((path) => path.endsWith('.tmp'))).toEqual([left[2], left[1], left[0], below]);
    expect((await pathsOf(folder)).includes(left[1] ?? '')).toBe(false); // the failed run is listed whole
  });

  test('is nothing of what a process holds: the run, its comparison, or a host that fell silent', async () => {
    const { folder, at } = await everyState();
    hold(at('all'));
    lockElsewhere(at('unfinished'));
    const { items, notes } = await removableIn(folder, all);
    expect(items.map(({ path }) => path)).toEqual([at('failed'), at('finished', last)]);
    expect(notes).toEqual([
      expect.stringMatching(/\/all is in use by process \d+/),
      expect.stringMatching(/\/unfinished is locked by process \d+ of the host elsewhere/),
    ]);
    expect(await pathsOf(at('all'))).toEqual([]); // named itself
    expect(await pathsOf(at('all', 'tuning'))).toEqual([]);
  });

  test('is nothing behind a link', async () => {
    const { folder, at } = await everyState();
    const other = folderOfRuns();
    symlinkSync(at('finished'), join(other, 'run'));
    symlinkSync(at('all'), join(other, 'comparison'));
    await finishedRun(join(other, 'own'));
    rmSync(join(other, 'own', 'checkpoints'), { recursive: true });
    symlinkSync(at('finished', 'checkpoints'), join(other, 'own', 'checkpoints'));
    expect(await pathsOf(other)).toEqual([]);
    expect(await pathsOf(folder)).toHaveLength(5);
  });
});

describe('never is it', () => {
  test.each<[string, (path: string) => void]>([
    ['notes.md', (path) => writeFileSync(join(path, 'notes.md'), '')],
    [join('checkpoints', 'epoch1.pt'), (path) => writeFileSync(join(path, 'checkpoints', 'epoch1.pt'), '')],
    ['draft.tmp', (path) => writeFileSync(join(path, 'draft.tmp'), '')],
    ['events.out.tfevents.1', (path) => writeFileSync(join(path, 'events.out.tfevents.1'), '')],
    ['mine', (path) => mkdirSync(join(path, 'mine'))],
    ['link', (path) => symlinkSync(folderOfRuns(), join(path, 'link'))],
  ])('a run that also holds %s, which a note names', async (name, add) => {
    const folder = folderOfRuns();
    const path = await openRun(join(folder, 'run'));
    add(path);
    const before = contentsOf(folder);
    const { status, stdout, stderr } = await pleHere(['clean', folder, '--unfinished', '--yes']);
    expect([status, stdout]).toEqual([0, 'Nothing to delete.\n']);
    expect(stderr).toBe(`note: left alone: ${path} holds ${name}, which ple did not write. Move it elsewhere first.\n`);
    expect(contentsOf(folder)).toEqual(before);
  });

  test('the folder of another program', async () => {
    const folder = folderOfRuns();
    const files = ['exp1/thesis.txt', 'exp1/checkpoints/last.safetensors', 'exp2/notes.md', 'exp2/config.yaml'];
    for (const file of files) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), 'model:\n  type: resnet\n');
    }
    const before = contentsOf(folder);
    const { stdout } = await pleHere(['clean', folder, '--unfinished', '--failed', '--yes']);
    expect(stdout).toBe('Nothing to delete.\n');
    expect(contentsOf(folder)).toEqual(before);
  });
});

describe('deleting', () => {
  async function only(folder: string) {
    const [item] = (await removableIn(folder, all)).items;
    if (!item) throw new Error('nothing is listed');
    return item;
  }

  test('a run takes the whole folder, and of a link in it only the link', async () => {
    const folder = folderOfRuns();
    const path = await openRun(join(folder, 'run'), { msg: 'interrupted' });
    for (const name of ['tensorboard', 'charts']) mkdirSync(join(path, name));
    for (const name of [
      'tensorboard/events.out.tfevents.1.host.2',
      'charts/learning.svg',
      'mlflow.json',
      'report.html',
    ])
      writeFileSync(join(path, name), '');
    leavePartial(join(path, 'a.json'));
    writeFileSync(join(folder, 'kept'), 'kept');
    rmSync(join(path, 'gates.json'));
    symlinkSync(join(folder, 'kept'), join(path, 'gates.json'));
    expect(remove(await only(folder))).toBe(null);
    expect(contentsOf(folder)).toEqual(['kept']);
  });

  test.each<[string, (path: string) => void]>([
    ['has a new file', (path) => writeFileSync(join(path, 'mine.txt'), '')],
    ['was finished meanwhile', (path) => writeFileSync(join(path, 'result.json'), '{}')],
    ['has a file of another content', (path) => writeFileSync(join(path, 'config.yaml'), 'x')],
    ['is held by now', hold],
  ])('leaves a run alone that %s', async (_, change) => {
    const folder = folderOfRuns();
    const path = await openRun(join(folder, 'run'));
    const item = await only(folder);
    change(path);
    const before = contentsOf(folder);
    expect(remove(item)).toMatch(/changed since it was listed|in use by process/);
    expect(contentsOf(folder)).toEqual(before);
  });

  test('leaves a run alone whose comparison has started', async () => {
    const { at } = await everyState();
    const items = (await removableIn(at('all'), all)).items;
    expect(items).toHaveLength(2);
    hold(at('all'));
    for (const item of items) expect(remove(item)).toMatch(/\/all is in use by process/);
    expect(existsSync(at('all', 'tuning', 'try', 'config.yaml'))).toBe(true);
    expect(existsSync(at('all', 'run-1', last))).toBe(true);
  });
});

describe('ple clean', () => {
  test('without a terminal lists, and says the command that deletes', async () => {
    const { folder, at } = await everyState();
    const before = contentsOf(folder);
    const { status, stdout, stderr } = await pleHere(['clean', folder, '--failed']);
    expect(status).toBe(0);
    expect(stdout).toContain(at('failed'));
    expect(stdout).toMatch(/last\.safetensors +last checkpoint of a finished run +1000 B\n/);
    expect(stdout).toMatch(/\n3 items, \d\.\d KiB\n$/);
    expect(stderr).toBe(`Nothing was deleted. This deletes them: ple clean ${folder} --failed --yes\n`);
    expect(contentsOf(folder)).toEqual(before);
  });

  test('--yes deletes what it listed, and nothing else', async () => {
    const { folder, at } = await everyState();
    const before = contentsOf(folder);
    const { items } = await removableIn(folder, all);
    const { status, stderr } = await pleHere(['clean', folder, '--unfinished', '--failed', '--yes']);
    expect([status, stderr]).toEqual([0, 'Deleted 5 of 5.\n']);
    const gone = items.map(({ path }) => path.slice(folder.length + 1));
    expect(contentsOf(folder)).toEqual(
      before.filter((path) => !gone.some((item) => path === item || path.startsWith(`${item}/`))),
    );
    expect(readFileSync(at('finished', 'checkpoints', 'best.safetensors'), 'utf8')).toBe('parameters');
    expect((await pleHere(['clean', folder, '--unfinished', '--failed'])).stdout).toBe('Nothing to delete.\n');
    const { folders } = JSON.parse((await pleHere(['runs', folder, '--sort', 'name', '--json'])).stdout);
    expect(folders.map(({ state }: { state: string }) => state)).toEqual([
      'finished',
      'damaged',
      'finished',
      'running',
    ]);
  });

  test('--json is one document, and deletes only with --yes', async () => {
    const folder = folderOfRuns();
    const path = join(await finishedRun(join(folder, 'run')), last);
    const expected = { schema: 1, folder, bytes: 1000, kept: [], notes: [] };
    const items = [{ path, why: 'last checkpoint of a finished run', bytes: 1000 }];
    const listed = await pleHere(['clean', folder, '--json']);
    expect([JSON.parse(listed.stdout), listed.stderr]).toEqual([{ ...expected, items, deleted: false }, '']);
    expect(existsSync(path)).toBe(true);
    const deleted = await pleHere(['clean', folder, '--json', '--yes']);
    expect(JSON.parse(deleted.stdout)).toEqual({ ...expected, items, deleted: true });
    expect(existsSync(path)).toBe(false);
  });

  test('--cache takes prepared data that were not used for so long, and what killed processes left there', async () => {
    const [folder, cache] = [folderOfRuns(), folderOfRuns()];
    const names = ['old', 'new'].map((name) => `${name}-v3-${'0123456789abcdef'.repeat(2)}`);
    for (const [index, name] of names.entries()) {
      mkdirSync(join(cache, name));
      const used = Date.now() / 1000 - 86_400 * (index === 0 ? 31 : 29);
      for (const file of ['data.duckdb', 'manifest.json']) {
        writeFileSync(join(cache, name, file), 'x'.repeat(500));
        utimesSync(join(cache, name, file), used, used);
      }
      utimesSync(join(cache, name), used, used);
    }
    mkdirSync(join(cache, 'mine'));
    const partial = leavePartial(join(cache, 'entry'));
    const words = ['clean', folder, '--cache', '30', '--cache-folder', cache];
    const { stdout, stderr } = await pleHere(words);
    expect(stdout).toMatch(/old-v3-\S+ +prepared data, not used for 30 days +1000 B\n/);
    expect(stderr).toContain(`ple clean ${folder} --cache 30 --cache-folder ${cache} --yes\n`);
    expect((await pleHere([...words, '--yes'])).status).toBe(0);
    expect(existsSync(partial)).toBe(false);
    expect(contentsOf(cache)).toEqual(['mine', names[1], `${names[1]}/data.duckdb`, `${names[1]}/manifest.json`]);
  });

  test('refuses a folder that is not there, and a number of days that is none', async () => {
    const folder = folderOfRuns();
    expect(await pleHere(['clean', join(folder, 'no')])).toMatchObject({ status: 2, stdout: '' });
    expect(await pleHere(['clean', folder, '--cache', '0'])).toMatchObject({
      status: 2,
      stderr: 'ple: --cache 0: give a number of days, 1 or more.\n',
    });
  });
});
