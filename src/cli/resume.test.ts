import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ple, pleHere, smallConfig, temporaryFolder } from './command.fixture.js';

const killAt = ['--import', resolve(import.meta.dirname, 'kill-at.fixture.mjs')];

/** The only run in a folder of runs. */
function runIn(runs: string): string {
  const [run, ...others] = readdirSync(runs);
  if (run === undefined || others.length > 0) throw new Error(`There is not one run in ${runs}.`);
  return join(runs, run);
}

/** All that must not depend on interruptions: the best parameters, the last state with its optimizer, and what was measured. */
function bitsOf(run: string) {
  const epochs = readFileSync(join(run, 'epochs.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));
  const last = readFileSync(join(run, 'checkpoints/last.safetensors'));
  const header = Number(last.readBigUInt64LE(0));
  const { __metadata__: _, ...arrays } = JSON.parse(last.toString('utf8', 8, 8 + header));
  return {
    epochs,
    arrays,
    state: last.subarray(8 + header).toString('hex'),
    best: readFileSync(join(run, 'checkpoints/best.safetensors')).toString('hex'),
    tasks: JSON.parse(readFileSync(join(run, 'result.json'), 'utf8')).tasks,
    predictions: readFileSync(join(run, 'predictions.arrow')).toString('hex'),
  };
}

const plain: readonly [string, string][] = [];
const dropout: readonly [string, string][] = [['tower: [4]', 'tower: [4], dropout: 0.2']];
const wholes = new Map<typeof plain, ReturnType<typeof bitsOf>>();

beforeAll(async () => {
  for (const changes of [plain, dropout]) {
    const folder = mkdtempSync(join(tmpdir(), 'ple-whole-'));
    const finished = await ple(['train', '--config', smallConfig(folder, changes), '--runs', join(folder, 'runs')]);
    expect(finished.status, finished.stderr).toBe(0);
    wholes.set(changes, bitsOf(runIn(join(folder, 'runs'))));
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['while compiling', 'compile', plain],
  ['in the middle of the first epoch', 'run:2', plain],
  ['in the middle of a later epoch', 'run:14', plain],
  ['while the first checkpoint is being written', 'checkpoint:1', plain],
  ['while a later checkpoint is being written', 'checkpoint:3', plain],
  ['with dropout, in the middle of a later epoch', 'run:14', dropout],
  ['with dropout, while a later checkpoint is being written', 'checkpoint:3', dropout],
])('33: a run that is killed %s continues in its folder to the same bits', async (_, place, changes) => {
  const folder = temporaryFolder();
  const runs = join(folder, 'killed');
  const words = ['train', '--config', smallConfig(folder, changes), '--runs', runs];
  const killed = await ple(words, { nodeOptions: killAt, env: { KILL_AT: place } });
  expect(killed.status, killed.stderr).toBe('SIGKILL');
  const run = runIn(runs);
  expect(existsSync(join(run, 'result.json'))).toBe(false);

  const again = await pleHere(words);
  expect(again.status).toBe(2);
  expect(again.stderr).toContain('--resume');

  const resumed = await ple(['train', '--resume', run]);
  expect(resumed.status, resumed.stderr).toBe(0);
  expect(runIn(runs)).toBe(run);
  expect(bitsOf(run)).toEqual(wholes.get(changes));
});

test.each([
  ['SIGINT', plain],
  ['SIGTERM', plain],
  ['SIGHUP', plain],
  ['SIGTERM', dropout], // within an epoch, of which the rest draws its noise after resuming
] as const)(
  '33: %s writes a checkpoint, exits 130, and the run continues to the same bits',
  async (signal, changes) => {
    const folder = temporaryFolder();
    const runs = join(folder, 'interrupted');
    let sent = false;
    const interrupted = await ple(['train', '--config', smallConfig(folder, changes), '--runs', runs], {
      onStderr: (text, kill) => {
        if (sent || !text.includes('epoch 1/')) return;
        sent = true;
        kill(signal);
      },
    });
    expect(interrupted.status, interrupted.stderr).toBe(130);
    const run = runIn(runs);
    expect(existsSync(join(run, 'checkpoints/last.safetensors'))).toBe(true);
    expect(interrupted.stderr).toContain(`ple train --resume ${run}`);
    const resumed = await ple(['train', '--resume', run, 'engine.threads=1']);
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(bitsOf(run)).toEqual(wholes.get(changes));
  },
);

test('a resumed run takes no override that changes its result', async () => {
  const folder = temporaryFolder();
  const runs = join(folder, 'runs');
  const words = ['train', '--config', smallConfig(folder), '--runs', runs];
  await ple(words, { nodeOptions: killAt, env: { KILL_AT: 'run:2' } });
  const resumed = await pleHere(['train', '--resume', runIn(runs), 'train.epochs=9']);
  expect(resumed.status).toBe(2);
  expect(resumed.stderr).toMatch(/only engine, tracking, name and paths/);
});
