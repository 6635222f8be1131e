import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealed } from '../../support/checksum.js';
import { folderPerTest } from '../../support/folder.fixture.js';
import { randomFromSeed } from '../../support/random.js';
import { readRun } from '../../training/finished-run.js';
import type { Comparison } from '../comparison.js';
import { type StoredTask, storeRun } from '../stored/stored-run.fixture.js';
import { readStoredRuns } from '../stored/stored-runs.js';
import { storedTable, type TableOptions } from './stored-table.js';

const at = folderPerTest();
const draw = (name: string) => {
  const random = randomFromSeed(1).stream(name);
  return Array.from({ length: 40 }, () => random.normal());
};
const clicks = draw('clicks').map((value) => (value > 0 ? 1 : 0));
const storedTasks = (model: string, seed: number): Record<string, StoredTask> => ({
  click: { type: 'binary', labels: clicks, logits: draw(`${model}/${seed}/click`) },
  time: {
    type: 'regression',
    labels: draw('times'),
    offset: 1,
    scale: 2,
    logits: draw(`${model}/${seed}/time`).map((value) => value / 4),
  },
});
const seeds = [1, 2, 3];
const mmoe = { type: 'mmoe', experts: 2 };

const whole = mkdtempSync(join(tmpdir(), 'ple-table-'));
afterAll(() => rmSync(whole, { recursive: true }));
beforeAll(async () => {
  for (const seed of seeds) {
    await storeRun(join(whole, `base-${seed}`), { name: 'base', seed, tasks: storedTasks('base', seed) });
    await storeRun(join(whole, `m-${seed}`), { name: 'm', seed, tasks: storedTasks('m', seed), model: mmoe });
  }
});

/** Copies of runs of the single-task model and of mmoe; their folders. */
function store(of: readonly number[] = seeds): string[] {
  const names = of.flatMap((seed) => [`base-${seed}`, `m-${seed}`]);
  for (const name of names) cpSync(join(whole, name), at('runs', name), { recursive: true });
  return names.map((name) => at('runs', name));
}

const table = (words: readonly string[], options: Partial<TableOptions> = {}) =>
  storedTable(words.flatMap(readStoredRuns), {
    folder: at('report'),
    baseline: undefined,
    uncertainty: undefined,
    predictions: [],
    scale: undefined,
    ...options,
  });

const findRow = ({ comparison }: { comparison: Comparison }, label: string) => {
  const row = comparison.rows.find((candidate) => candidate.label === label);
  if (!row) throw new Error(`There is no row '${label}'.`);
  return row;
};

test('single runs make a table: gains over the single-task model, pair by pair', async () => {
  const found = await table(store());
  expect(found.comparison).toMatchObject({
    name: 'report',
    baseline: 'base',
    tasks: ['click', 'time'],
    seeds,
    axes: {},
  });
  expect(found.comparison.uncertainty).toBe('both'); // all runs have kept their predictions
  const { click, time } = findRow(found, 'm').tasks;
  const value = (model: string, seed: number, task: string, metric: string) =>
    Number(readRun(at('runs', `${model}-${seed}`))?.result.tasks[task]?.test[metric]);
  const mean = (of: (seed: number) => number) => seeds.reduce((sum, seed) => sum + of(seed), 0) / seeds.length;
  const auc = (seed: number) => value('m', seed, 'click', 'auc') - value('base', seed, 'click', 'auc');
  const mse = (seed: number) => value('base', seed, 'time', 'mse') - value('m', seed, 'time', 'mse');
  expect(click).toMatchObject({ metric: 'auc', gain: expect.closeTo(mean(auc), 12) });
  expect(time).toMatchObject({ metric: 'mse', gain: expect.closeTo(mean(mse), 12) });
  expect(findRow(found, 'm')).toMatchObject({ type: 'mmoe', parameters: { embedding: 0, network: 12 } });
  // Paths are as seen from the report, and lead to the runs.
  expect(findRow(found, 'm').runs[0]).toEqual({ seed: 1, path: '../runs/m-1', status: 'done' });
  expect(found.runs.get('../runs/m-1')?.path).toBe(at('runs/m-1'));
  expect(found.runs.size).toBe(6);
});

describe('a comparison alone', () => {
  /** comparison.json of all stored runs, in their folder, judged by other metrics than the usual ones. */
  async function compared(): Promise<Comparison> {
    const made = await table(store(), { folder: at('runs') });
    const rows = made.comparison.rows.map((row) => {
      const { click, time } = row.tasks;
      const tasks = { click: { ...click, metric: 'logLoss' }, time: { ...time, metric: 'mae' } };
      return { ...row, tasks, tuned: { 'train.epochs': 3 } };
    });
    const stored = { ...made.comparison, name: 'c', uncertainty: 'both', timing: { seconds: 3 }, rows };
    writeFileSync(at('runs', 'comparison.json'), JSON.stringify(sealed(stored)));
    const again = await table([at('runs')], { folder: at('runs') });
    writeFileSync(at('runs', 'comparison.json'), JSON.stringify(again.comparison));
    return again.comparison;
  }

  test('is summed up again to the same bits, with its metrics, errors, labels and choices', async () => {
    const first = await compared();
    const { comparison } = await table([at('runs')], { folder: at('runs') });
    expect(JSON.stringify(comparison)).toBe(JSON.stringify(first));
    expect(comparison).toMatchObject({ name: 'c', uncertainty: 'both', baseline: 'base', timing: { seconds: 3 } });
    expect(comparison.rows[1]).toMatchObject({ label: 'm', tuned: { 'train.epochs': 3 } });
    expect(comparison.rows[1]?.tasks).toMatchObject({ click: { metric: 'logLoss' }, time: { metric: 'mae' } });
  });

  test('can be given other errors and another baseline', async () => {
    await compared();
    const other = await table([at('runs')], { uncertainty: 'seeds', baseline: 'm' });
    expect(other.comparison).toMatchObject({ uncertainty: 'seeds', baseline: 'm' });
    expect(findRow(other, 'm').tasks.click?.gain).toBeNull();
    const before = findRow(await table([at('runs')], { uncertainty: 'seeds' }), 'm').tasks.click?.gain;
    expect(Math.abs(Number(before))).toBeGreaterThan(0);
    expect(findRow(other, 'base').tasks.click?.gain).toBeCloseTo(-Number(before), 12);
  });
});

test('the baseline is asked for without a single-task model, or with several, and must be in the table', async () => {
  store([1]);
  const [base, m] = [at('runs/base-1'), at('runs/m-1')];
  await expect(table([m])).rejects.toThrow(/--baseline LABEL; there are: m/);
  expect((await table([m], { baseline: 'm' })).comparison.baseline).toBe('m');
  await expect(table([`a=${base}`, `b=${base}`])).rejects.toThrow(/--baseline LABEL: a, b/);
  await expect(table([base], { baseline: 'bace' })).rejects.toThrow(/no model 'bace' \(did you mean 'base'\?\)/);
});

test('predictions made elsewhere are refused with a label of the table, and where no run has kept labels', async () => {
  store([1]);
  const refused = (label: string, message: RegExp) => {
    const predictions = [{ label, seed: 1, path: at('runs/base-1/predictions.arrow') }];
    return expect(table([at('runs')], { predictions, scale: 'logit' })).rejects.toThrow(message);
  };
  await refused('m', /already named 'm'/);
  for (const run of ['base-1', 'm-1']) rmSync(at('runs', run, 'predictions.arrow'));
  await refused('theirs', /No run of seed 1 has a predictions\.arrow/);
});

test('notes on runs: what tune did not choose, other versions, ends at the limit of epochs', async () => {
  const runs = at('runs');
  const base = { name: 'base', tasks: storedTasks('base', 1), ended: 'limit' } as const;
  await storeRun(join(runs, 'base-1'), { ...base, seed: 1, environment: { commit: 'a'.repeat(40) } });
  await storeRun(join(runs, 'base-2'), { ...base, seed: 2, environment: { commit: 'b'.repeat(40) } });
  const train = { epochs: 9, batchSize: 4, optimizer: { type: 'adam', learningRate: 0.5 } };
  const other = { name: 'm', model: mmoe, tasks: storedTasks('m', 1), train };
  await storeRun(join(runs, 'm-1'), { ...other, seed: 1, environment: { commit: 'b'.repeat(40) } });
  const { comparison } = await table([runs], { folder: runs });
  const otherwise = 'm was trained otherwise than base: train.epochs 9 instead of 3, train.batchSize 4 instead of 5';
  expect(comparison.notes).toEqual(
    expect.arrayContaining([
      'The runs were made by different versions of ple (commit aaaaaaa, commit bbbbbbb), whose numbers may differ under the same seed; ' +
        'those whose folder is deleted are trained again.',
      'In 2 of 3 runs the model was still improving at the limit of epochs. Longer training may change the ranking: raise train.epochs.',
      expect.stringContaining(otherwise),
    ]),
  );
  const rows = comparison.rows.map((row) => ({ ...row, tuned: { 'train.optimizer': train.optimizer } }));
  writeFileSync(join(runs, 'comparison.json'), JSON.stringify(sealed({ ...comparison, rows })));
  // the learning rate was tuned
  expect((await table([runs], { folder: runs })).comparison.notes).toContain(`${otherwise}.`);
});

const bySeeds = async () => (await table([at('runs')], { folder: at('runs'), uncertainty: 'seeds' })).comparison;

/** Makes the folder one whose table judges clicks by this metric. */
async function judgeBy(metric: string): Promise<void> {
  const comparison = await bySeeds();
  const rows = comparison.rows.map((row) => ({
    ...row,
    tasks: { ...row.tasks, click: { ...row.tasks.click, metric } },
  }));
  writeFileSync(at('runs/comparison.json'), JSON.stringify(sealed({ ...comparison, rows })));
}

/** Makes a run's result.json one of a version that did not know these metrics. */
function forget(run: string, metrics: Readonly<Record<string, readonly string[]>>, splits = ['test']): void {
  const file = at('runs', run, 'result.json');
  const result = JSON.parse(readFileSync(file, 'utf8'));
  for (const [task, names] of Object.entries(metrics))
    for (const name of names) for (const split of splits) delete result.tasks[task][split][name];
  writeFileSync(file, JSON.stringify(sealed(result)));
}

test('a metric that result.json lacks is computed from the predictions, to the same bits', async () => {
  store();
  const before = await bySeeds();
  expect(before.rows[1]?.tasks.click?.gain).not.toBeNull();
  for (const seed of seeds) {
    forget(`base-${seed}`, { click: ['auc'] });
    forget(`m-${seed}`, { click: ['auc'], time: ['mse', 'nmse'] });
  }
  expect(await bySeeds()).toEqual(before);
});

test('F1 is computed with the threshold that validation chose; without it, a note says so', async () => {
  store();
  await judgeBy('f1');
  const before = await bySeeds();
  expect(before.rows[1]?.tasks.click).toMatchObject({ metric: 'f1', gain: expect.any(Number) });
  for (const seed of seeds) forget(`m-${seed}`, { click: ['f1'] });
  expect(await bySeeds()).toEqual(before);
  for (const seed of seeds) forget(`m-${seed}`, { click: ['f1', 'f1Threshold'] }, ['validation', 'test']);
  const { notes, rows } = await bySeeds();
  expect(notes).toContain(
    "m: f1 of task 'click' cannot be computed for the runs of seeds 1, 2, 3: no threshold was chosen on validation; left out.",
  );
  expect(rows[1]?.tasks.click).toMatchObject({ mean: null, gain: null });
});

test('without predictions, a note names the runs and the cause', async () => {
  store();
  const auc = (seed: number) => readRun(at('runs', `m-${seed}`))?.result.tasks.click?.test.auc;
  forget('m-2', { click: ['auc'] });
  rmSync(at('runs/m-2', 'predictions.arrow'));
  const { rows, notes } = await bySeeds();
  expect(notes).toContain(
    "m: auc of task 'click' was not stored by the version of ple that made the run of seed 2, and no predictions.arrow was kept to compute it from; left out.",
  );
  expect(rows[1]?.runs).toHaveLength(3);
  expect(rows[1]?.tasks.click?.mean).toBeCloseTo((Number(auc(1)) + Number(auc(3))) / 2, 12);
});
