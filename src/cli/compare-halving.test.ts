import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Comparison } from '../comparison/comparison.js';
import { temporaryFolder } from './command.fixture.js';
import { comparisonIn, runsIn, smallComparison, startPle, until } from './compare.fixture.js';

const killAt = ['--import', resolve(import.meta.dirname, 'kill-at.fixture.mjs')];
const search = `  seeds: 1
  tune: { train.optimizer.learningRate: { logUniform: [0.001, 0.1] }, train.batchSize: [32, 64] }
  search: { type: halving, candidates: 6, eta: 2 }
`;

let folder: string;
let whole: string;
let said: string;

const compare = (at: string, ...words: string[]) => {
  const config = smallComparison(at, [
    ['epochs: 3', 'epochs: 4'],
    ['  seeds: 2\n', search],
  ]);
  return ['compare', '--config', config, '--runs', join(at, 'runs'), ...words];
};
const epochsIn = (run: string) =>
  readFileSync(join(run, 'epochs.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).epoch);
const tuningIn = (at: string) =>
  runsIn(join(at, 'runs/small/tuning')).map((name) => join(at, 'runs/small/tuning', name));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ple-halving-'));
  const { status, stderr } = await startPle(compare(folder, '--jobs', '2')).finished;
  expect(status, stderr).toBe(0);
  said = stderr;
  whole = comparisonIn(join(folder, 'runs/small'));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('each rung trains fewer runs for longer, and all candidates are in comparison.json', () => {
  expect(said).toMatch(
    /^18 runs to tune until epoch 1; .*^\d+ runs to tune until epoch 2; .*^\d+ runs to tune until epoch 4; /ms,
  );
  expect(said).not.toContain('continues in epoch');
  const { search: found, rows }: Comparison = JSON.parse(whole);
  expect(found).toMatchObject({ type: 'halving', budget: null, seeds: [1_000_000] });
  expect(found?.models.map(({ label, candidates, rungs }) => [label, candidates.length, rungs])).toEqual([
    ['single-task', 6, [1, 2, 4]],
    ['ple', 6, [1, 2, 4]],
    ['shared', 6, [1, 2, 4]],
  ]);
  expect(rows.map(({ searched }) => searched)).toEqual([6, 6, 6]);
  for (const { label, candidates } of found?.models ?? []) {
    for (const { rungs, values, chosenFor } of candidates) {
      for (const { path, epochs } of rungs.at(-1)?.runs ?? []) {
        const run = join(folder, 'runs/small/tuning', path);
        expect(epochsIn(run)).toEqual(Array.from({ length: epochs }, (_, index) => index + 1));
        expect(existsSync(join(run, 'result.json'))).toBe(rungs.length === 3);
      }
      const row = rows.find((one) => one.label === label);
      for (const task of chosenFor) expect(row?.tunedByTask?.[task] ?? row?.tuned).toEqual(values);
    }
    if (label !== 'single-task')
      expect(candidates.map(({ rungs }) => rungs.length).toSorted()).toEqual([1, 1, 1, 2, 2, 3]);
  }
});

test('a search whose processes are all killed, twice, goes on to the same bits', async () => {
  const at = temporaryFolder();
  for (const [place, kills] of [
    ['checkpoint:4', 'in the first rung'],
    ['checkpoint:8', 'later'],
  ]) {
    const env = { KILL_AT: place ?? '', KILL_GROUP: '1' };
    const { status, stderr } = await startPle(compare(at, '--jobs', '2'), { nodeOptions: killAt, env }).finished;
    expect(status, `${kills}: ${stderr}`).toBe('SIGKILL');
  }
  expect((await startPle(compare(at, '--jobs', '2')).finished).status).toBe(0);
  expect(comparisonIn(join(at, 'runs/small'))).toBe(whole);
  expect(tuningIn(at).map(epochsIn)).toEqual(tuningIn(folder).map(epochsIn));
});

test('a search that is interrupted between its rungs goes on to the same bits, on another number of jobs', async () => {
  const at = temporaryFolder();
  const started = startPle(compare(at, '--jobs', '2'));
  await until('the second rung', () => started.stderr().includes('until epoch 2') || undefined);
  process.kill(started.pid, 'SIGINT');
  expect((await started.finished).status).toBe(130);
  expect(existsSync(join(at, 'runs/small/comparison.json'))).toBe(false);
  const { status, stderr } = await startPle(compare(at, '--jobs', '1')).finished;
  expect(status, stderr).toBe(0);
  expect(comparisonIn(join(at, 'runs/small'))).toBe(whole);
});

test('a dry run counts the epochs of the rungs, and chooses nothing before they have ended', async () => {
  const at = temporaryFolder();
  const { stdout } = await startPle(compare(at, '--jobs', '2', '--dry-run', '--json')).finished;
  const plan = JSON.parse(stdout);
  expect(plan).toMatchObject({ tuned: false });
  expect(plan.tuning).toHaveLength(18);
  // Of six candidates: 6 x 1 + 3 x 1 + 1 x 2 epochs; of single-task two tasks go on with others at most.
  const epochs = new Map(
    plan.models.map(({ label, values, epochs }: { label: string; values: object; epochs: number }) => [
      `${label} ${'train.batchSize' in values}`,
      epochs,
    ]),
  );
  expect([epochs.get('shared true'), epochs.get('single-task true'), epochs.get('shared false')]).toEqual([
    1.8, 2.7, 4,
  ]);
  const done = await startPle(compare(folder, '--jobs', '2', '--dry-run', '--json')).finished;
  expect(JSON.parse(done.stdout)).toMatchObject({ tuned: true, models: [] });
});
