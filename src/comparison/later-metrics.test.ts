import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sealed } from '../support/checksum.js';
import { randomFromSeed } from '../support/random.js';
import { storedTable } from './gains/stored-table.js';
import { storeRun } from './stored/stored-run.fixture.js';
import { readStoredRuns } from './stored/stored-runs.js';

const whole = mkdtempSync(join(tmpdir(), 'ple-later-'));
afterAll(() => rmSync(whole, { recursive: true }));
beforeAll(async () => {
  for (const seed of seeds) {
    await storeRun(join(whole, `base-${seed}`), { name: 'base', seed, tasks: tasksOf('base', seed) });
    const model = { type: 'mmoe', experts: 2 };
    await storeRun(join(whole, `m-${seed}`), { name: 'm', seed, tasks: tasksOf('m', seed), model });
  }
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-later-'));
  cpSync(whole, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => join(folder, ...names);
const seeds = [1, 2, 3];
const draw = (name: string) => {
  const random = randomFromSeed(1).stream(name);
  return Array.from({ length: 40 }, () => random.normal());
};
const tasksOf = (model: string, seed: number) =>
  ({
    click: {
      type: 'binary',
      logits: draw(`${model}/${seed}/click`),
      labels: draw('click').map((x) => (x > 0 ? 1 : 0)),
    },
    time: { type: 'regression', logits: draw(`${model}/${seed}/time`), labels: draw('time'), offset: 1, scale: 2 },
  }) as const;

const table = async () =>
  (
    await storedTable(readStoredRuns(folder), {
      folder,
      baseline: undefined,
      uncertainty: 'seeds',
      predictions: [],
      scale: undefined,
    })
  ).comparison;

/** Makes the folder one whose table judges clicks by this metric. */
async function judgeBy(metric: string): Promise<void> {
  const comparison = await table();
  const rows = comparison.rows.map((row) => ({
    ...row,
    tasks: { ...row.tasks, click: { ...row.tasks.click, metric } },
  }));
  writeFileSync(at('comparison.json'), JSON.stringify(sealed({ ...comparison, rows })));
}

/** Makes a run's result.json one of a version that did not know these metrics. */
function forget(run: string, metrics: Readonly<Record<string, readonly string[]>>, splits = ['test']): void {
  const file = at(run, 'result.json');
  const result = JSON.parse(readFileSync(file, 'utf8'));
  for (const [task, names] of Object.entries(metrics))
    for (const name of names) for (const split of splits) delete result.tasks[task][split][name];
  writeFileSync(file, JSON.stringify(sealed(result)));
}

test('a metric that result.json lacks is computed from the predictions, to the same bits', async () => {
  const before = await table();
  expect(before.rows[1]?.tasks.click?.gain).not.toBeNull();
  for (const seed of seeds) {
    forget(`base-${seed}`, { click: ['auc'] });
    forget(`m-${seed}`, { click: ['auc'], time: ['mse', 'nmse'] });
  }
  expect(await table()).toEqual(before);
});

test('F1 is computed with the threshold that validation chose; without it, a note says so', async () => {
  await judgeBy('f1');
  const before = await table();
  expect(before.rows[1]?.tasks.click).toMatchObject({ metric: 'f1', gain: expect.any(Number) });
  for (const seed of seeds) forget(`m-${seed}`, { click: ['f1'] });
  expect(await table()).toEqual(before);
  for (const seed of seeds) forget(`m-${seed}`, { click: ['f1', 'f1Threshold'] }, ['validation', 'test']);
  const { notes, rows } = await table();
  expect(notes).toContain(
    "m: f1 of task 'click' cannot be computed for the runs of seeds 1, 2, 3: no threshold was chosen on validation; left out.",
  );
  expect(rows[1]?.tasks.click).toMatchObject({ mean: null, gain: null });
});

test('what result.json has is not computed again, nor are predictions read', async () => {
  const before = await table();
  for (const seed of seeds) truncateSync(at(`m-${seed}`, 'predictions.arrow'), 100);
  expect(await table()).toEqual(before);
  forget('m-3', { click: ['auc'] });
  await expect(table()).rejects.toThrow(/m-3\/predictions\.arrow is not what the run wrote/);
});

test('without predictions, a note names the runs and the cause', async () => {
  forget('m-2', { click: ['auc'] });
  rmSync(at('m-2', 'predictions.arrow'));
  const { rows, notes } = await table();
  expect(notes).toContain(
    "m: auc of task 'click' was not stored by the version of ple that made the run of seed 2, and no predictions.arrow was kept to compute it from; left out.",
  );
  const { base, m } = Object.fromEntries(rows.map((row) => [row.label, row]));
  const without = meanOf('m', [1, 3]);
  expect(m?.tasks.click?.mean).toBeCloseTo(without, 12);
  expect(base?.tasks.click?.mean).toBeCloseTo(meanOf('base', seeds), 12);
});

test('a metric that the predictions cannot give is told apart', async () => {
  await judgeBy('groupedAuc');
  const { notes, rows } = await table();
  expect(notes).toContain(
    "m: groupedAuc of task 'click' cannot be computed for the runs of seeds 1, 2, 3: the data name no group; left out.",
  );
  expect(rows[1]?.tasks.click).toMatchObject({ metric: 'groupedAuc', mean: null, gain: null });
});

function meanOf(model: string, of: readonly number[]): number {
  const values = of.map((seed) =>
    Number(JSON.parse(readFileSync(at(`${model}-${seed}`, 'result.json'), 'utf8')).tasks.click.test.auc),
  );
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
