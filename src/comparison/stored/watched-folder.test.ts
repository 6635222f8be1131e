import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { acquireLock } from '../../support/lock.js';
import { writePlan } from './plan-file.js';
import { storeRun } from './stored-run.fixture.js';
import { watchedFolder } from './watched-folder.js';

const task = { type: 'binary', logits: [1, -1, 2, 0], labels: [1, 0, 1, 0] } as const;
const second = 1000;

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a finished run look as while it trains. */
function unfinish(path: string): void {
  rmSync(join(path, 'result.json'));
}

function hold(path: string): () => void {
  const { release } = acquireLock(path);
  onTestFinished(release);
  return release;
}

function log(path: string, ...entries: readonly object[]): void {
  appendFileSync(join(path, 'log.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

test('a run: its epochs so far without a torn line, its state by its lock, the time left by its epochs', async () => {
  const path = await storeRun(join(temporary(), 'run'), {
    name: 'one',
    seed: 1,
    tasks: { y: task },
    train: { epochs: 9 },
  });
  unfinish(path);
  const release = hold(path);
  log(
    path,
    { msg: 'started', epoch: 1, time: 0 },
    { msg: 'compiled', time: second },
    ...[1, 2, 3].map((epoch) => ({ msg: 'epoch', epoch, time: (1 + 2 * epoch) * second })),
  );
  const read = watchedFolder(path);
  expect(read(8)).toMatchObject({ kind: 'run', run: { state: 'running' }, elapsed: 8, left: 6 * 2 - 1 });
  const file = join(path, 'epochs.jsonl');
  const line = readFileSync(file, 'utf8').split('\n')[0] ?? '';
  const next = line.replace('"epoch":1', '"epoch":4');
  appendFileSync(file, next.slice(0, 20));
  const epochsAt = (now: number) => {
    const watched = read(now);
    return watched.kind === 'run' ? watched.run.epochs.map(({ epoch }) => epoch) : [];
  };
  expect(epochsAt(9)).toEqual([1, 2, 3]);
  appendFileSync(file, `${next.slice(20)}\n`);
  expect(epochsAt(9)).toEqual([1, 2, 3, 4]);
  release();
  expect(read(9)).toMatchObject({ run: { state: 'interrupted' }, left: null });
  log(path, { msg: 'failed', error: 'no memory', time: 9 * second });
  expect(read(9)).toMatchObject({ run: { state: 'failed', message: 'no memory' } });
  rmSync(path, { recursive: true });
  expect(read(9)).toEqual({ kind: 'gone' });
});

test('a comparison: which runs train, wait, failed or are done, and nothing is read twice', async () => {
  const folder = temporary();
  const [done, running, failed] = [1, 2, 3].map((seed) => join(folder, `ple-seed-${seed}`));
  for (const [index, path] of [done, running, failed].entries())
    await storeRun(path ?? '', { name: 'ple', seed: index + 1, tasks: { y: task }, train: { epochs: 6 } });
  unfinish(running ?? '');
  unfinish(failed ?? '');
  const seeds = [1, 2, 3, 4];
  const rows = [
    { label: 'ple', type: 'ple', axis: {}, runs: seeds.map((seed) => ({ seed, path: `ple-seed-${seed}` })) },
  ];
  await writePlan(folder, {
    ...{ stage: 'runs', name: 'c', baseline: 'ple', seeds, axes: {}, rows },
    tasks: [{ name: 'y', metric: 'auc' }],
  });
  const release = hold(folder);
  hold(running ?? '');
  log(folder, { msg: 'started', stage: 'runs', runs: 4, time: 100 * second });
  log(failed ?? '', { msg: 'failed', error: 'no memory', time: 110 * second });
  const read = watchedFolder(folder);
  const first = read(115);
  if (first.kind !== 'comparison') throw new Error(first.kind);
  expect([...first.runs.values()].map(({ state }) => state)).toEqual(['finished', 'running', 'failed', 'waiting']);
  expect(first).toMatchObject({ state: 'running', elapsed: 15, comparison: undefined });
  expect(first.left).toBeCloseTo((15 * 1.5) / 2.5); // two and a half of four are done
  const again = read(116);
  if (again.kind !== 'comparison') throw new Error(again.kind);
  expect(again.plan).toBe(first.plan);
  for (const [path, { epochs }] of again.runs) if (epochs.length > 0) expect(epochs).toBe(first.runs.get(path)?.epochs);

  log(folder, { msg: 'continued', stage: 'runs', runs: 3, time: 120 * second });
  const later = read(121);
  if (later.kind !== 'comparison') throw new Error(later.kind);
  expect(later.runs.get('ple-seed-3')).toMatchObject({ state: 'waiting', message: null }); // it is tried again
  release();
  expect(read(122)).toMatchObject({ state: 'interrupted', left: null });
});

test('a folder of neither is refused, and so is a plan that names other folders', async () => {
  const folder = temporary();
  expect(() => watchedFolder(join(folder, 'nowhere'))).toThrow(/There is no folder .*nowhere/);
  expect(() => watchedFolder(folder)).toThrow(/is no folder of a run \(config\.yaml\) or of a comparison/);
  writeFileSync(join(folder, 'config.yaml'), 'name: one');
  expect(watchedFolder(folder)(0)).toEqual({ kind: 'starting', running: false });
  mkdirSync(join(folder, 'inner'));
  for (const path of ['../elsewhere', '/etc', '..', 'a/b']) {
    const rows = [{ label: 'ple', type: 'ple', axis: {}, runs: [{ seed: 1, path }] }];
    const plan = { stage: 'runs', name: 'c', baseline: 'ple', seeds: [1], axes: {}, rows, tasks: [] } as const;
    await writePlan(join(folder, 'inner'), plan);
    expect(() => watchedFolder(join(folder, 'inner'))).toThrow(/no folder below that of the comparison/);
  }
});
