import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SplitName } from '../data/dataset.js';
import { madeDataset } from './dataset.fixture.js';
import { readPredictions, writePredictions } from './predictions.js';
import { resultOf } from './result.js';
import { setUp } from './setup.js';
import { compiled, experimentOf, trained } from './trainer.fixture.js';

const tasks = [
  { name: 'kind', type: 'multiclass', classes: ['low', 'middle', 'high'] },
  { name: 'click', type: 'binary' },
] as const;
const made = (rows: number) => ({
  rows,
  label: (task: number, [a, b]: readonly [number, number], noise: number) => {
    const value = a + (task === 0 ? b : -b) + 0.3 * noise;
    return task === 0 ? (value < -0.7 ? 0 : value < 0.7 ? 1 : 2) : Number(value > 0);
  },
  mask: (task: number, [a]: readonly [number, number]) => task === 1 || a < 1.5,
});
const { dataset } = madeDataset(tasks, { train: made(512), validation: made(200), test: made(200) });
const experiment = (model: string, train = '') =>
  experimentOf(
    `{ type: ${model} }`,
    tasks.map(({ name, type }) => ({ name, type })),
    train,
  );

test.each(['single-task, levels: [[16], [8]], tower: [8]', 'ple, levels: [[16], [8]], tower: [8], experts: 2'])(
  '%s learns classes beside a binary task',
  async (model) => {
    const { records, test } = await trained(experiment(model), dataset);
    const last = records.at(-1)?.validation;
    expect(Number(last?.kind?.macroAuc)).toBeGreaterThan(0.9);
    expect(Number(last?.kind?.accuracy)).toBeGreaterThan(0.7);
    expect(Number(last?.click?.auc)).toBeGreaterThan(0.9);
    expect(test.tasks[0]?.logits).toHaveLength(3 * 200);
  },
);

test('the loss of an epoch is the metric of its type, and monitor: loss takes it', async () => {
  const { records, progress } = await trained(experiment('hard-sharing', 'earlyStopping: { monitor: loss }'), dataset);
  const losses = records.map(
    ({ validation }) => Number(validation.kind?.multiclassLogLoss) + Number(validation.click?.logLoss),
  );
  expect(progress.units[0]?.bestScore).toBeCloseTo(-Math.min(...losses), 12);
});

test('predictions.arrow has a column per class, and is read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ple-classes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { test: evaluation } = await trained(experiment('hard-sharing', 'epochs: 1'), dataset);
  const path = join(folder, 'predictions.arrow');
  await writePredictions(path, dataset, evaluation);
  const [kind, click] = await readPredictions(path, tasks, '');
  expect(kind?.task).toEqual({ name: 'kind', type: 'multiclass', offset: 0, scale: 1, classes: tasks[0].classes });
  expect(kind?.scores).toEqual(evaluation.tasks[0]);
  expect(click?.scores).toEqual(evaluation.tasks[1]);
  await expect(readPredictions(path, [{ name: 'click', type: 'multiclass' }], 'Write it again.')).rejects.toThrow(
    "the column 'click.label' does not name the classes in its metadata. Write it again.",
  );
});

test('result.json counts the rows of each class', async () => {
  const config = experiment('hard-sharing', 'epochs: 1');
  const done = await trained(config, dataset);
  const { kind, click } = resultOf(config, setUp(config, dataset, compiled), done, done.records).tasks;
  const { labels, masks } = await dataset.splits.test.read(0);
  const count = (label: number) =>
    [...masks.keys()].filter((at) => at % 2 === 0 && masks[at] === 1 && labels[at] === label).length;
  expect(kind?.classes?.map(({ name, test }) => [name, test])).toEqual([
    ['low', count(0)],
    ['middle', count(1)],
    ['high', count(2)],
  ]);
  expect(click?.classes).toBeUndefined();
  const splits: readonly Exclude<SplitName, 'train'>[] = ['validation', 'test'];
  for (const split of splits)
    expect(kind?.classes?.reduce((sum, one) => sum + one[split], 0)).toBe(kind?.[split].samples);
});
