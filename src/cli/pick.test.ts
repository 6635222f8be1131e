import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readComparison } from '../comparison/comparison.js';
import { storedTable } from '../comparison/gains/stored-table.js';
import { readStoredRuns } from '../comparison/stored/stored-runs.js';
import { must } from '../support/must.js';
import { readRun } from '../training/finished-run.js';
import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
const at = (...names: string[]) => join(folder, ...names);
const labels = ['pick', 'joint'];

testTranscript('pick', folder);

const row = (folder: string, label: string, task: string) =>
  must(
    readComparison(at(folder)).gains.find((gain) => gain.model === label && gain.task === task),
    'gain',
  );

test('where all seeds picked one model, the row is that model’s; else it has a gain without a test', () => {
  const joint = row('runs/plain', 'joint', 'y1');
  expect(joint).toEqual({ ...row('runs/plain', 'hard-sharing', 'y1'), model: 'joint', modelVerdict: 'no verdict' });
  expect(joint.p).toBeGreaterThan(0);
  const untested = { verdict: null, se: null, p: null, pHolm: null, simultaneous: null, part: null };
  expect(row('runs/plain', 'joint', 'y2')).toMatchObject({ ...untested, gain: expect.any(Number), runs: 4 });
  expect(row('runs/picked', 'pick', 'y2')).toMatchObject({ gain: 0, p: null, verdict: 'equivalent' });
});

test('picks change no other row: they are in no family', async () => {
  const stored = readStoredRuns(at('runs/plain'));
  const rows = stored.rows.filter(({ label }) => !labels.includes(label));
  const options = { folder: at('runs/plain'), baseline: undefined, uncertainty: undefined, predictions: [] };
  const { comparison } = await storedTable({ ...stored, rows }, { ...options, scale: undefined });
  const { gains, models } = readComparison(at('runs/plain'));
  expect(comparison.gains).toEqual(gains.filter(({ model }) => !labels.includes(model)));
  expect(comparison.models).toEqual(models.filter(({ label }) => !labels.includes(label)));
});

/** A task's metrics in the result of a run. */
function metricsOf(folder: string, path: string, task: string, split: 'validation' | 'test') {
  return JSON.parse(readFileSync(at(folder, path, 'result.json'), 'utf8')).tasks[task][split];
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const cases = ['runs/picked', 'runs/plain'].flatMap((folder) =>
  [
    { label: 'pick', of: ['single-task', 'hard-sharing', 'mmoe'] },
    { label: 'joint', of: ['hard-sharing', 'mmoe'] },
  ].flatMap((pick) => ['y1', 'y2'].map((task) => ({ folder, task, ...pick }))),
);

test.each(cases)('$folder, $label on $task: seeds, what is served and the gain, from the stored runs alone', (one) => {
  const { folder, task, label, of } = one;
  const { models, search, seeds, gains } = readComparison(at(folder));
  const model = (name: string) =>
    must(
      models.find((other) => other.label === name),
      name,
    );
  const pathOf = (name: string, seed: number) => {
    const run = model(name).runs.find((other) => other.seed === seed);
    return must(run?.parts?.[task] ?? run?.path, 'path');
  };
  const score = (path: string) => -Math.log(metricsOf(folder, path, task, 'validation').nmse);
  /** The mean score under other seeds of the setting that a model has under a seed. */
  const ofOthers = (name: string, seed: number) => {
    const searched = search?.models.find((other) => other.label === name);
    const setting = searched?.candidates.find(({ runs }) => runs.some(({ path }) => path === pathOf(name, seed)));
    return mean(must(setting, 'setting').runs.flatMap((run) => (run.seed === seed ? [] : score(run.path))));
  };
  const best = (scoreOf: (name: string) => number) => of.toSorted((a, b) => scoreOf(b) - scoreOf(a))[0] ?? '';
  const bySeed = seeds.map((seed) => best((name) => ofOthers(name, seed)));
  const served = best((name) => mean(seeds.map((seed) => score(pathOf(name, seed)))));
  const picked = model(label).picked?.find((other) => other.task === task);
  expect(picked).toEqual({ task, served, bySeed: Object.fromEntries(seeds.map((seed, i) => [seed, bySeed[i]])) });
  for (const seed of seeds) expect(pathOf(label, seed)).toBe(pathOf(served, seed));

  const errorOf = (name: string, seed: number) => metricsOf(folder, pathOf(name, seed), task, 'test').mse;
  const reference = mean(seeds.map((seed) => errorOf('single-task', seed)));
  const judged = mean(seeds.map((seed, index) => errorOf(bySeed[index] ?? '', seed)));
  const gain = gains.find((other) => other.model === label && other.task === task)?.gain;
  expect(gain).toBeCloseTo(reference - judged, 12);
});

test('the parameters of a pick are those of the networks that it serves', () => {
  const models = readComparison(at('runs/plain')).models;
  const sizes = Object.fromEntries(models.map(({ label, parameters }) => [label, parameters?.network ?? 0]));
  expect(sizes.joint).toBe((sizes['hard-sharing'] ?? 0) + (sizes.mmoe ?? 0));
  expect(sizes.pick).toBe(sizes['single-task']);
});

test.each(['picked.csv', 'moved.csv'])(
  'each column of %s has the bits of the run that serves its task',
  async (file) => {
    const [, ...lines] = readFileSync(at(file), 'utf8').trimEnd().split('\n');
    const joint = readComparison(at('runs/plain')).models.find(({ label }) => label === 'joint');
    const parts = joint?.runs.find(({ seed }) => seed === 2)?.parts ?? {};
    expect(new Set(Object.values(parts)).size).toBe(2);
    for (const [column, task] of ['y1', 'y2'].entries()) {
      const run = must(readRun(at('runs/plain', parts[task] ?? '')), 'run');
      const stored = must((await run.predictions())[column], task);
      const values = new Set(lines.map((line) => Math.fround(Number(line.split(',')[column]))));
      expect(stored.scores.logits.every((logit) => values.has(logit))).toBe(true);
    }
  },
);
