import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '../support/process-identity.js';
import { temporaryFolder } from './command.fixture.js';
import { comparisonIn, runsIn, type Started, smallComparison, startPle, until, workersOf } from './compare.fixture.js';

const killAt = ['--import', resolve(import.meta.dirname, 'kill-at.fixture.mjs')];

let whole: string;
let wholeFolder: string;

beforeAll(async () => {
  wholeFolder = mkdtempSync(join(tmpdir(), 'ple-compare-'));
  const { status, stderr } = await compare(wholeFolder, '--jobs', '1').finished;
  expect(status, stderr).toBe(0);
  whole = comparisonIn(join(wholeFolder, 'runs/small'));
});
afterAll(() => rmSync(wholeFolder, { recursive: true }));

/** Three runs of eight epochs. */
function wordsFor(folder: string, ...words: string[]): string[] {
  const config = smallComparison(folder, [['epochs: 3', 'epochs: 8']]);
  return ['compare', '--config', config, '--runs', join(folder, 'runs'), 'compare.seeds=1', ...words];
}

function compare(folder: string, ...words: string[]): Started {
  return startPle(wordsFor(folder, ...words));
}

/** The same command ends the comparison, as if nothing had happened. */
async function expectToGoOn(folder: string): Promise<void> {
  const { status, stderr } = await compare(folder, '--jobs', '2').finished;
  expect(status, stderr).toBe(0);
  expect(comparisonIn(join(folder, 'runs/small'))).toBe(whole);
  expect(workersOf(join(folder, 'runs/small'))).toEqual([]);
  expect(existsSync(join(folder, 'runs/small/lock'))).toBe(false);
}

/** A run that has ended an epoch and still trains. */
function trainingRun(folder: string): { readonly run: string; readonly pid: number } | undefined {
  return workersOf(join(folder, 'runs/small')).find(({ run }) => existsSync(join(run, 'checkpoints/last.safetensors')));
}

test.each([
  ['while compiling', 'compile'],
  ['in the middle of an epoch', 'run:40'],
  ['while a checkpoint is being written', 'checkpoint:2'],
])('a comparison whose processes are all killed %s continues to the same bits', async (_, place) => {
  const folder = temporaryFolder();
  const killed = await startPle(wordsFor(folder, '--jobs', '2'), {
    nodeOptions: killAt,
    env: { KILL_AT: place, KILL_GROUP: '1' },
  }).finished;
  expect(killed.status, killed.stderr).toBe('SIGKILL');
  expect(existsSync(join(folder, 'runs/small/comparison.json'))).toBe(false);
  await expectToGoOn(folder);
});

test('a child that is killed is started again from its checkpoint', async () => {
  const folder = temporaryFolder();
  const started = compare(folder, '--jobs', '2');
  const { pid } = await until('a run has a checkpoint', () => trainingRun(folder));
  process.kill(pid, 'SIGKILL');
  const { status, stderr } = await started.finished;
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/ is started again from its checkpoint: its process was ended by SIGKILL/);
  expect(comparisonIn(join(folder, 'runs/small'))).toBe(whole);
});

test('a run whose child is killed twice has failed, and the others go on', async () => {
  const folder = temporaryFolder();
  // Every process dies at its third checkpoint. A run has three: the first two need one more process, the last one two.
  const killed = startPle(wordsFor(folder, '--jobs', '1', '--json', 'train.epochs=3'), {
    nodeOptions: killAt,
    env: { KILL_AT: 'checkpoint:3' },
  });
  const { status, stderr, stdout } = await killed.finished;
  expect(status, stderr).toBe(1);
  const { rows } = JSON.parse(stdout);
  const statuses = rows.flatMap((row: { runs: { status: string }[] }) => row.runs.map((run) => run.status));
  expect(statuses).toEqual(['done', 'done', 'failed']);
  expect(stderr).toMatch(/^3\/3 shared seed 1 {2}failed: its process was ended by SIGKILL$/m);
});

test('Ctrl-C checkpoints every run, exits 130, and the same command continues', async () => {
  const folder = temporaryFolder();
  const started = compare(folder, '--jobs', '2');
  await until('a run has a checkpoint', () => trainingRun(folder));
  process.kill(-started.pid, 'SIGINT'); // to the whole group, as a terminal does
  const { status, stderr } = await started.finished;
  expect(status, stderr).toBe(130);
  expect(stderr).toMatch(/Interrupted\. The same command continues where it was\.\n$/);
  expect(workersOf(join(folder, 'runs/small'))).toEqual([]);
  for (const run of runsIn(join(folder, 'runs/small'))) {
    expect(existsSync(join(folder, 'runs/small', run, 'checkpoints/last.safetensors'))).toBe(true);
  }
  await expectToGoOn(folder);
});

test('children whose parent is killed write a checkpoint and end', async () => {
  const folder = temporaryFolder();
  const started = compare(folder, '--jobs', '2', 'train.epochs=2000');
  const { run } = await until('a run has a checkpoint', () => trainingRun(folder));
  const children = workersOf(join(folder, 'runs/small')).map(({ pid }) => pid);
  expect(children.length).toBeGreaterThan(0);
  process.kill(started.pid, 'SIGKILL');
  await until('no child is left', () => !children.some(isRunning));
  expect(existsSync(join(run, 'lock'))).toBe(false);
  const last = JSON.parse(String(readFileSync(join(run, 'log.jsonl'), 'utf8').trim().split('\n').at(-1)));
  expect(last.msg).toBe('interrupted');
});

test('a comparison that starts while children of a killed one still write waits for them', async () => {
  const folder = temporaryFolder();
  const started = compare(folder, '--jobs', '2');
  await until('a run has a checkpoint', () => trainingRun(folder));
  process.kill(started.pid, 'SIGKILL');
  await expectToGoOn(folder);
});

test('two comparisons do not work in one folder', async () => {
  const folder = temporaryFolder();
  const started = compare(folder, '--jobs', '1', 'train.epochs=2000');
  await until('a run has a checkpoint', () => trainingRun(folder));
  const second = await compare(folder, '--jobs', '1').finished;
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/^ple: .*runs\/small is in use by process \d+\..*\n$/);
  process.kill(started.pid, 'SIGINT');
  await until('it has taken the signal', () => started.stderr().includes('Interrupted'));
  process.kill(started.pid, 'SIGTERM'); // a second signal does not wait
  expect((await started.finished).status).toBe(130);
});
