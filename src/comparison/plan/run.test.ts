import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { smallConfig } from './planned-runs.fixture.js';
import { folderAssigner, reportedRuns } from './run.js';

const config = smallConfig('  { seeds: 1, models: [{ type: single-task, levels: [[2]], tower: [] }] }');
const folder = mkdtempSync(join(tmpdir(), 'ple-placed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const placeRuns = folderAssigner(config, () => undefined);
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

test('at each point of an axis the models that it does not vary have the same runs', async () => {
  const weights = smallConfig(`
  seeds: [3, 4]
  axes: { loss.weights.y2.initial: { times: [4, 1], models: [hard-sharing] } }
  models: [{ type: single-task, levels: [[2]], tower: [] }, { type: hard-sharing, levels: [[2]], tower: [] }]
`);
  const tuned = { 'train.epochs': 7 };
  const placed = await folderAssigner(weights, () => undefined)(
    reportedRuns(weights, () => [{ changes: tuned }], weights.seeds),
    folder,
  );
  const key = 'loss.weights.y2.initial';
  expect(placed.map(({ label, seed, point }) => [label, seed, point[key]])).toEqual(
    [3, 4].flatMap((seed) =>
      [4, 1].flatMap((weight) => ['single-task', 'hard-sharing'].map((label) => [label, seed, weight])),
    ),
  );
  const [alone, changed, same] = placed;
  expect(same?.folder).toBe(alone?.folder);
  expect(alone?.folder).toBe(`single-task-seed-3-${alone?.hash8}`);
  expect(changed?.folder).toBe(`hard-sharing-weight-of-y2-4-seed-3-${changed?.hash8}`);
  expect(changed?.experiment).toMatchObject({ loss: { weights: { y2: { initial: 4 } } }, train: { epochs: 7 } });
});
