import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Comparison } from '../comparison/comparison.js';
import { withoutCharts } from '../report/charts/no-charts.fixture.js';
import { folderOfFile, pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { comparisonIn, runsIn, smallComparison, until } from './compare.fixture.js';

withoutCharts();

const search = `  seeds: 1
  tune: { train.optimizer.learningRate: { logUniform: [0.001, 0.1] }, train.batchSize: [32, 64] }
  search: { type: halving, candidates: 4, eta: 2 }
`;

const folder = folderOfFile();
let whole: string;
let said: string;

const compare = (at: string, ...words: string[]) => {
  const config = smallComparison(at, [
    ['train: 4000, validation: 500, test: 500', 'train: 640, validation: 100, test: 100'],
    ['epochs: 3', 'epochs: 4'],
    ['    - { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }\n', ''],
    ['  seeds: 2\n', search],
  ]);
  return pleHere(['compare', '--config', config, '--runs', join(at, 'runs'), ...words]);
};
const epochsIn = (run: string) =>
  readFileSync(join(run, 'epochs.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).epoch);

beforeAll(async () => {
  const { stderr } = await succeeded(compare(folder, '--jobs', '2'));
  said = stderr;
  whole = comparisonIn(join(folder, 'runs/small'));
});

test('each rung trains fewer runs for longer, and all candidates are in comparison.json', () => {
  expect(said).toMatch(
    /^8 runs to tune until epoch 1; .*^\d+ runs to tune until epoch 2; .*^\d+ runs to tune until epoch 4; /ms,
  );
  expect(said).not.toContain('continues in epoch');
  const { search: found, rows }: Comparison = JSON.parse(whole);
  expect(found).toMatchObject({ type: 'halving', budget: null, seeds: [1_000_000] });
  expect(found?.models.map(({ label, candidates, rungs }) => [label, candidates.length, rungs])).toEqual([
    ['single-task', 4, [1, 2, 4]],
    ['shared', 4, [1, 2, 4]],
  ]);
  expect(rows.map(({ searched }) => searched)).toEqual([4, 4]);
  for (const { candidates } of found?.models ?? [])
    for (const { rungs } of candidates)
      for (const { path, epochs } of rungs.at(-1)?.runs ?? []) {
        const run = join(folder, 'runs/small/tuning', path);
        expect(epochsIn(run)).toEqual(Array.from({ length: epochs }, (_, index) => index + 1));
        expect(existsSync(join(run, 'result.json'))).toBe(rungs.length === 3);
      }
  expect(found?.models[1]?.candidates.map(({ rungs }) => rungs.length).toSorted()).toEqual([1, 1, 2, 3]);
});

test('a search that is interrupted in its second rung goes on to the same bits, on another number of jobs', async () => {
  const at = temporaryFolder();
  const started = compare(at, '--jobs', '2');
  const tuning = join(at, 'runs/small/tuning');
  await until('the second rung', () =>
    runsIn(tuning).some((name) => existsSync(join(tuning, name, 'epochs.jsonl')) && epochsIn(join(tuning, name))[1]),
  );
  process.emit('SIGHUP');
  expect((await started).status).toBe(130);
  expect(existsSync(join(at, 'runs/small/comparison.json'))).toBe(false);
  await succeeded(compare(at, '--jobs', '1'));
  expect(comparisonIn(join(at, 'runs/small'))).toBe(whole);
});
