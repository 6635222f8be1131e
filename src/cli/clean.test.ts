import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removableIn } from '../comparison/stored/removable.js';
import { finishedRun, folderOfRuns, openRun, storeComparison } from '../comparison/stored/runs-folder.fixture.js';
import { acquireLock } from '../support/lock.js';
import { contentsOf, pleHere } from './command.fixture.js';

const all = { unfinished: true, failed: true };

function hold(path: string): void {
  const { release } = acquireLock(path);
  onTestFinished(release);
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
  expect(folders.map(({ state }: { state: string }) => state)).toEqual(['finished', 'damaged', 'finished', 'running']);
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
