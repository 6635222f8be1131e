import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseComparison } from '../../config/comparison.js';
import { definitions } from '../../training/definitions.js';
import { placeRuns, reportedRuns } from './run.js';

const config = parseComparison(
  `name: placed
dataset: { loader: synthetic, rows: { train: 20, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
compare: { seeds: 1, models: [{ type: single-task, levels: [[2]], tower: [] }] }
`,
  'placed.yaml',
  [],
  definitions,
);
const folder = mkdtempSync(join(tmpdir(), 'ple-placed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const place = () =>
  placeRuns(
    config,
    reportedRuns(config, () => [{ changes: {} }], config.seeds),
    folder,
    () => undefined,
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
