import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { loaders } from '../data/catalogue.js';
import { singleOf } from '../data/dataset.js';
import { evaluateTask } from '../metrics/evaluate.js';
import { definitions } from './definitions.js';
import { readRun } from './finished-run.js';
import { run } from './run.js';

const runs = mkdtempSync(join(tmpdir(), 'ple-groups-'));
afterAll(() => rmSync(runs, { recursive: true }));

const experiment = parseExperiment(
  `name: grouped
dataset: { loader: funnel, rows: { train: 2000, validation: 1100, test: 900 }, users: 60, items: 40, zipf: { users: 1 } }
tasks: [{ name: VTR, type: binary }, { name: CTR, type: binary }, { name: VCR, type: regression }]
model: { type: hard-sharing, levels: [[8]], tower: [4] }
train: { epochs: 2, batchSize: 128, optimizer: { type: adam, learningRate: 0.01 } }
`,
  'test',
  [],
  definitions,
);

test('a run on data that name a group keeps the groups with its predictions, and has metrics within groups', async () => {
  const outcome = await run(experiment, {
    runs,
    overwrite: false,
    predictions: true,
    signal: new AbortController().signal,
    on: () => undefined,
  });
  const finished = readRun(outcome.path);
  if (!finished) throw new Error('The run has no result.');
  const { result } = finished;
  const [view] = await finished.predictions();

  const source = await loaders.get('funnel').open(experiment.dataset, { seed: 0, note: () => undefined });
  const usersOf = async (name: 'validation' | 'test') => {
    const users: number[] = [];
    for (let b = 0; users.length < source.splits[name].rows; b++) {
      users.push(...singleOf((await source.splits[name].read(b)).columns[0] ?? new Int32Array()));
    }
    return users;
  };
  expect([...(view?.scores.groups ?? [])]).toEqual(await usersOf('test'));

  for (const name of ['VTR', 'CTR'] as const) {
    for (const split of ['validation', 'test'] as const) {
      const { groupedAuc, groups, groupsSkipped } = result.tasks[name]?.[split] ?? {};
      expect(groupedAuc).toBeGreaterThan(0);
      expect(Number(groups) + Number(groupsSkipped)).toBe(new Set(await usersOf(split)).size);
    }
  }
  if (!view) throw new Error('Predictions are missing.');
  expect(evaluateTask(view.task, view.scores, result.tasks.VTR?.validation)).toEqual(result.tasks.VTR?.test);
});
