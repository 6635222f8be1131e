import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealed } from '../../support/checksum.js';
import { folderPerTest } from '../../support/folder.fixture.js';
import { randomFromSeed } from '../../support/random.js';
import { readRun } from '../../training/finished-run.js';
import type { Comparison } from '../comparison.js';
import { type StoredTask, storeRun, storeTable } from '../stored/stored-run.fixture.js';
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

/** Copies of runs of the single-task model and of mmoe, and their table. */
function store(of: readonly number[] = seeds, baseline = 'base'): void {
  for (const name of of.flatMap((seed) => [`base-${seed}`, `m-${seed}`]))
    cpSync(join(whole, name), at('runs', name), { recursive: true });
  storeRows([row('base', 'base', of), row('m', 'm', of)], { baseline, seeds: of });
}

/** @param name of the runs' folders, before the seed. */
function row(label: string, name: string, of: readonly number[]) {
  const runs = of.map((seed) => ({ seed, path: `${name}-${seed}`, status: 'done' }));
  return { label, type: name === 'm' ? 'mmoe' : 'single-task', axis: {}, tasks: {}, runs };
}

function storeRows(rows: readonly object[], options: Readonly<Record<string, unknown>>): void {
  storeTable(at('runs'), { baseline: 'base', tasks: ['click', 'time'], uncertainty: 'both', rows, ...options });
}

const table = (options: Partial<TableOptions> = {}) =>
  storedTable(readStoredRuns(at('runs')), {
    folder: at('runs'),
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

test('stored runs make a table: gains over the single-task model, pair by pair', async () => {
  store();
  const found = await table({ folder: at('report') });
  expect(found.comparison).toMatchObject({
    name: 'c',
    baseline: 'base',
    tasks: ['click', 'time'],
    seeds,
    axes: {},
  });
  expect(found.comparison.uncertainty).toBe('both');
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

describe('a comparison', () => {
  /** comparison.json of all stored runs, in their folder, judged by other metrics than the usual ones. */
  async function compared(): Promise<Comparison> {
    store();
    const made = await table();
    const rows = made.comparison.rows.map((row) => {
      const { click, time } = row.tasks;
      const tasks = { click: { ...click, metric: 'logLoss' }, time: { ...time, metric: 'mae' } };
      return { ...row, tasks, tuned: { 'train.epochs': 3 } };
    });
    const stored = { ...made.comparison, name: 'c', uncertainty: 'both', timing: { seconds: 3 }, rows };
    writeFileSync(at('runs', 'comparison.json'), JSON.stringify(sealed(stored)));
    const again = await table();
    writeFileSync(at('runs', 'comparison.json'), JSON.stringify(again.comparison));
    return again.comparison;
  }

  test('is summed up again to the same bits, with its metrics, errors, labels and choices', async () => {
    const first = await compared();
    const { comparison } = await table();
    expect(JSON.stringify(comparison)).toBe(JSON.stringify(first));
    expect(comparison).toMatchObject({ name: 'c', uncertainty: 'both', baseline: 'base', timing: { seconds: 3 } });
    expect(comparison.rows[1]).toMatchObject({ label: 'm', tuned: { 'train.epochs': 3 } });
    expect(comparison.rows[1]?.tasks).toMatchObject({ click: { metric: 'logLoss' }, time: { metric: 'mae' } });
  });

  test('can be given other errors and another baseline', async () => {
    await compared();
    const other = await table({ uncertainty: 'seeds', baseline: 'm' });
    expect(other.comparison).toMatchObject({ uncertainty: 'seeds', baseline: 'm' });
    expect(findRow(other, 'm').tasks.click?.gain).toBeNull();
    const before = findRow(await table({ uncertainty: 'seeds' }), 'm').tasks.click?.gain;
    expect(Math.abs(Number(before))).toBeGreaterThan(0);
    expect(findRow(other, 'base').tasks.click?.gain).toBeCloseTo(-Number(before), 12);
  });
});

test('the baseline is asked for without a single-task model, or with several, and must be in the table', async () => {
  store([1], 'gone');
  expect((await table()).comparison.baseline).toBe('base');
  await expect(table({ baseline: 'bace' })).rejects.toThrow(/no model 'bace' \(did you mean 'base'\?\)/);
  storeRows([row('m', 'm', [1])], { baseline: 'gone' });
  await expect(table()).rejects.toThrow(/--baseline LABEL; there are: m/);
  expect((await table({ baseline: 'm' })).comparison.baseline).toBe('m');
  storeRows([row('a', 'base', [1]), row('b', 'base', [1])], { baseline: 'gone' });
  await expect(table()).rejects.toThrow(/--baseline LABEL: a, b/);
});

test('runs of other tasks cannot be compared', async () => {
  store([1]);
  const tasks = { ...storedTasks('m', 1), buy: { type: 'binary', labels: clicks, logits: clicks } } as const;
  await storeRun(at('runs/m-1'), { name: 'm', seed: 1, tasks, model: mmoe });
  await expect(table()).rejects.toThrow(
    /base-1 and .*m-1 have other tasks \(click: binary, time: regression; click: binary, time: regression, buy: binary\)/,
  );
});

test('predictions made elsewhere are refused with a label of the table, and where no run has kept labels', async () => {
  store([1]);
  const refused = (label: string, message: RegExp) => {
    const predictions = [{ label, seed: 1, path: at('runs/base-1/predictions.arrow') }];
    return expect(table({ predictions, scale: 'logit' })).rejects.toThrow(message);
  };
  await refused('m', /already named 'm'/);
  for (const run of ['base-1', 'm-1']) rmSync(at('runs', run, 'predictions.arrow'));
  await refused('theirs', /No run of seed 1 has a predictions\.arrow/);
});

test('notes on runs: other versions, ends at the limit of epochs', async () => {
  const runs = at('runs');
  const base = { name: 'base', tasks: storedTasks('base', 1), ended: 'limit' } as const;
  await storeRun(join(runs, 'base-1'), { ...base, seed: 1, environment: { commit: 'a'.repeat(40) } });
  await storeRun(join(runs, 'base-2'), { ...base, seed: 2, environment: { commit: 'b'.repeat(40) } });
  const other = { name: 'm', model: mmoe, tasks: storedTasks('m', 1) };
  await storeRun(join(runs, 'm-1'), { ...other, seed: 1, environment: { commit: 'b'.repeat(40) } });
  storeRows([row('base', 'base', [1, 2]), row('m', 'm', [1])], { seeds: [1, 2] });
  const { comparison } = await table();
  expect(comparison.notes).toEqual(
    expect.arrayContaining([
      'The runs were made by different versions of ple (commit aaaaaaa, commit bbbbbbb), whose numbers may differ under the same seed; ' +
        'those whose folder is deleted are trained again.',
      'In 2 of all 3 runs the model was still improving at the limit of epochs. Longer training may change the ranking: raise train.epochs.',
    ]),
  );
});

const bySeeds = async () => (await table({ uncertainty: 'seeds' })).comparison;

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
