import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { smallConfig } from './planned-runs.fixture.js';
import { reportedRuns, runPlacer } from './run.js';

const config = smallConfig('  { seeds: 1, models: [{ type: single-task, levels: [[2]], tower: [] }] }');
const folder = mkdtempSync(join(tmpdir(), 'ple-placed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const placeRuns = runPlacer(config, () => undefined);
const place = () =>
  placeRuns(
    reportedRuns(config, () => [{ changes: {} }], config.seeds),
    folder,
  );
/** @param checkpoint Seconds since 1970; undefined: none. */
const store = (name: string, checkpoint?: number) => {
  const checkpoints = join(folder, name, 'checkpoints');
  mkdirSync(checkpoints, { recursive: true });
  if (checkpoint === undefined) return;
  writeFileSync(join(checkpoints, 'last.safetensors'), '');
  utimesSync(join(checkpoints, 'last.safetensors'), checkpoint, checkpoint);
};

test('of several folders of a run a finished one is taken, else the newest checkpoint, else the first by name', async () => {
  const [run] = await place();
  const name = (label: string) => `${label}-${run?.hash8}`;
  expect(run?.folder).toBe(name('single-task-seed-1'));
  const taken = async () => (await place()).map((placed) => [placed.folder, placed.state]);

  store(name('d'));
  store(name('b'));
  expect(await taken()).toEqual([[name('b'), 'planned']]);
  store(name('c'), 1000);
  expect(await taken()).toEqual([[name('c'), 'planned']]);
  store(name('e'), 3000);
  store(name('a'), 2000);
  expect(await taken()).toEqual([[name('e'), 'planned']]);
  writeFileSync(join(folder, name('d'), 'result.json'), '{}');
  expect(await taken()).toEqual([[name('d'), 'finished']]);
});

test('a front has the runs of each joint model at each weight, with what was decided for the model', async () => {
  const fronts = smallConfig(`
  seeds: [3, 4]
  front: { loss.weights.y2.initial: [4, 1] }
  models: [{ type: single-task, levels: [[2]], tower: [] }, { type: hard-sharing, levels: [[2]], tower: [] }]
`);
  const tuned = { 'train.epochs': 7 };
  const decided = (label: string) => [{ changes: label === 'single-task' ? {} : tuned, values: tuned, match: null }];
  const placed = await runPlacer(fronts, () => undefined)(reportedRuns(fronts, decided, fronts.seeds), folder);
  const key = 'loss.weights.y2.initial';
  expect(placed.map(({ label, seed, values }) => [label, seed, values?.[key]])).toEqual(
    [3, 4].flatMap((seed) => [
      ['single-task', seed, undefined],
      ...[undefined, 1, 4].map((weight) => ['hard-sharing', seed, weight]),
    ]),
  );
  const [, own, same, other] = placed;
  expect(same?.folder).toBe(own?.folder); // the own weight is 1: one run
  expect(other?.folder).toBe(`hard-sharing-weight-of-y2-4-seed-3-${other?.hash8}`);
  expect(other?.experiment).toMatchObject({ loss: { weights: { y2: { initial: 4 } } }, train: { epochs: 7 } });
});

test('a front of multiples is around the weight that was chosen', () => {
  const config = smallConfig(`
  seeds: [3]
  front: { loss.weights.y2.initial: { times: [0.5, 1, 2] } }
  models: [{ type: single-task }, { type: hard-sharing }]
`);
  const key = 'loss.weights.y2.initial';
  const runs = reportedRuns(config, () => [{ changes: { [key]: 0.2 } }], [3]);
  expect(runs.slice(1).map(({ values, changes }) => [values?.[key], changes[key]])).toEqual([
    [undefined, 0.2],
    [0.1, 0.1],
    [0.2, 0.2],
    [0.4, 0.4],
  ]);
});
