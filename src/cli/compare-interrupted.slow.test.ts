import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { isRunning } from '../support/process-identity.js';
import { temporaryFolder } from './command.fixture.js';
import {
  comparisonIn,
  runningWorkers,
  type Started,
  smallComparison,
  startPle,
  trainingRun,
  until,
} from './compare.fixture.js';

const killAt = ['--import', resolve(import.meta.dirname, 'kill-at.fixture.mjs')];

/** Three runs of eight epochs. */
function wordsFor(folder: string, ...words: readonly string[]): string[] {
  const config = smallComparison(folder, [['epochs: 3', 'epochs: 8']]);
  return ['compare', '--config', config, '--runs', join(folder, 'runs'), 'compare.seeds=1', ...words];
}

function compare(folder: string, ...words: readonly string[]): Started {
  return startPle(wordsFor(folder, ...words));
}

test('a search whose processes are all killed twice continues to the same bits', async () => {
  const words = [
    'compare.search={ type: random, candidates: 6 }',
    'compare.tune={ train.optimizer.learningRate: { logUniform: [0.001, 0.1] }, train.batchSize: [32, 64] }',
    'train.epochs=4',
  ];
  const [folder, whole] = [temporaryFolder(), temporaryFolder()];
  for (const place of ['checkpoint:4', 'checkpoint:8']) {
    const killed = await startPle(wordsFor(folder, '--jobs', '2', ...words), {
      nodeOptions: killAt,
      env: { KILL_AT: place, KILL_GROUP: '1' },
    }).finished;
    expect(killed.status, killed.stderr).toBe('SIGKILL');
    expect(existsSync(join(folder, 'runs/small/comparison.json'))).toBe(false);
  }
  for (const place of [folder, whole]) {
    const { status, stderr } = await compare(place, '--jobs', '2', ...words).finished;
    expect(status, stderr).toBe(0);
  }
  expect(comparisonIn(join(folder, 'runs/small'))).toBe(comparisonIn(join(whole, 'runs/small')));
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
  const { models } = JSON.parse(stdout);
  const statuses = models.flatMap((model: { runs: { status: string }[] }) => model.runs.map((run) => run.status));
  expect(statuses).toEqual(['done', 'done', 'failed']);
  expect(stderr).toMatch(/^3\/3 shared seed 1 {2}failed: its process was ended by SIGKILL$/m);
});

test('children whose parent is killed write a checkpoint and end', async () => {
  const folder = temporaryFolder();
  const started = compare(folder, '--jobs', '2', 'train.epochs=2000');
  const { run } = await until('a run has a checkpoint', () => trainingRun(join(folder, 'runs/small')));
  const children = runningWorkers(join(folder, 'runs/small')).map(({ pid }) => pid);
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
  await until('a run has a checkpoint', () => trainingRun(join(folder, 'runs/small')));
  process.kill(started.pid, 'SIGKILL');
  const whole = temporaryFolder();
  for (const place of [folder, whole]) {
    const { status, stderr } = await compare(place, '--jobs', '2').finished;
    expect(status, stderr).toBe(0);
  }
  expect(comparisonIn(join(folder, 'runs/small'))).toBe(comparisonIn(join(whole, 'runs/small')));
  expect(existsSync(join(folder, 'runs/small/lock'))).toBe(false);
});

test('a second comparison does not work in the folder, and a second signal does not wait', async () => {
  const folder = temporaryFolder();
  const started = compare(folder, '--jobs', '1', 'train.epochs=2000');
  await until('a run has a checkpoint', () => trainingRun(join(folder, 'runs/small')));
  const second = await compare(folder, '--jobs', '1').finished;
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/^ple: .*runs\/small is in use by process \d+\..*\n$/);
  process.kill(started.pid, 'SIGINT');
  await until('it has taken the signal', () => started.stderr().includes('Interrupted'));
  process.kill(started.pid, 'SIGTERM');
  expect((await started.finished).status).toBe(130);
});
