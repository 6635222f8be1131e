import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import type { Dataset, Split } from '../data/dataset.js';
import { evaluateTask } from '../metrics/evaluate.js';
import { folderOfFile } from '../support/folder.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { madeDataset } from './dataset.fixture.js';
import { definitions } from './definitions.js';
import { readRun } from './finished-run.js';
import { run } from './run.js';
import { experimentOf, trained } from './trainer.fixture.js';

const folder = folderOfFile();

const tasks = [
  { name: 'click', type: 'binary' },
  { name: 'spend', type: 'regression' },
] as const;
const split = {
  rows: 20, // as often as their weights say: 30
  label: (task: number, [a, b]: readonly [number, number], noise: number) =>
    task === 0 ? Number(a + noise > 0) : b + noise,
  mask: (task: number, [a]: readonly [number, number]) => task === 0 || a < 1,
  weight: (row: number) => row % 4, // 0 to 3
};

/** Every row as often as its weight says, with weight 1. */
function repeated(dataset: Dataset): Dataset {
  const ofSplit = (given: Split): Split => {
    const rows = Array.from({ length: given.rows }, (_, row) => Array<number>(split.weight(row)).fill(row)).flat();
    return {
      rows: rows.length,
      blockRows: rows.length,
      async read(index) {
        const block = await given.read(index);
        const of = <Values extends Int32Array | Float32Array>(values: Values, width: number) =>
          rows.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]);
        return {
          rows: rows.length,
          categorical: Int32Array.from(of(block.categorical, 1)),
          numeric: Float32Array.from(of(block.numeric, 2)),
          labels: Float32Array.from(of(block.labels, 2)),
          masks: Float32Array.from(of(block.masks, 2), Math.sign),
        };
      },
    };
  };
  const { train, validation, test: last } = dataset.splits;
  return { ...dataset, splits: { train: ofSplit(train), validation: ofSplit(validation), test: ofSplit(last) } };
}

test('a row of weight 2 trains and is measured as the row twice, one of weight 0 as none', async () => {
  const { dataset } = madeDataset(tasks, split);
  const train = 'epochs: 8, optimizer: { type: sgd, learningRate: 0.1 }'; // in batches of 32: both take one step an epoch
  const experiment = experimentOf('{ type: hard-sharing, levels: [[6]], tower: [] }', tasks, train);
  const weighted = await trained(experiment, dataset);
  const twice = await trained(experiment, repeated(dataset));
  for (const [epoch, record] of weighted.records.entries()) {
    const other = twice.records[epoch];
    expect(record.train.loss).toBeCloseTo(other?.train.loss ?? Number.NaN, 4);
    for (const { name } of tasks) {
      expect(record.train.tasks[name]).toBeCloseTo(other?.train.tasks[name] ?? Number.NaN, 4);
      for (const metric of ['auc', 'logLoss', 'mse', 'nmse', 'mae'])
        if (metric in (record.validation[name] ?? {}))
          expect(record.validation[name]?.[metric]).toBeCloseTo(Number(other?.validation[name]?.[metric]), 4);
    }
  }
  for (const [name, { data }] of Object.entries(weighted.best))
    expect([...data]).toEqual([...(twice.best[name]?.data ?? [])].map((value) => expect.closeTo(value, 4)));
});

const random = randomFromSeed(3);
const lines = Array.from({ length: 600 }, (_, row) => {
  const [x, noise] = [random.normal(), random.normal()];
  const fold = ['', '', '', 'v', 't'][row % 5];
  return [x, Number(x + noise > 1), x + noise, row % 7 === 0 ? 0 : (row % 4) / 2 + 0.5, 1, fold].join(',');
});
const path = join(folder, 'data.csv');
writeFileSync(path, `x,click,spend,w,one,fold\n${lines.join('\n')}\n`);

/** Trains on the table. @param settings Of `dataset`, and of the task `click`. */
async function runWith(name: string, { dataset = '', click = '' }) {
  const experiment = parseExperiment(
    `name: ${name}
dataset:
  loader: table
  path: ${path}
  cache: ${join(folder, 'cache')}
  tasks: { click: {}, spend: { regression: true } }
  columns: { x: numeric }
  others: ignored
  split: { column: fold, validation: v, test: t }
  ${dataset}
tasks: [{ name: click, type: binary${click} }, { name: spend, type: regression }]
model: { type: mmoe, levels: [[4]], tower: [3], experts: 2 }
train: { epochs: 2, batchSize: 64, optimizer: { type: adam, learningRate: 0.05 } }
engine: { device: cpu, threads: 1 }
`,
    'test',
    [],
    definitions,
  );
  const outcome = await run(experiment, {
    runs: join(folder, 'runs'),
    overwrite: false,
    predictions: true,
    signal: new AbortController().signal,
    on: () => undefined,
  });
  const finished = readRun(outcome.path);
  if (!finished) throw new Error('The run has no result.');
  return { ...finished, predicted: await finished.predictions() };
}

test('a run on a table with weights keeps them with its predictions, and its metrics are weighted', async () => {
  const weighted = await runWith('weighted', { dataset: 'weight: w' });
  const weights = lines
    .map((line) => line.split(','))
    .flatMap(([, , , w, , fold]) => (fold === 't' ? [Number(w)] : []));
  for (const { task, scores } of weighted.predicted) {
    expect([...scores.mask]).toEqual(weights);
    const { validation, test: metrics } = weighted.result.tasks[task.name] ?? {};
    expect(evaluateTask(task, scores, validation)).toEqual(metrics);
    expect(metrics?.samples).toBe(weights.filter((weight) => weight > 0).length);
    const plain = evaluateTask(task, { ...scores, mask: scores.mask.map(Math.sign) });
    for (const name of ['auc', 'logLoss', 'calibrationError', 'mse', 'mae'])
      if (metrics?.[name] !== undefined) expect(metrics[name]).not.toBe(plain[name]);
  }
});

const plain = await runWith('plain', {});

test('a positiveWeight raises what is predicted', async () => {
  const heavy = await runWith('heavy', { click: ', positiveWeight: 6' });
  const meanOf = (values: ArrayLike<number> = []) => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
  const [logits, raised] = [plain, heavy].map(({ predicted }) => meanOf(predicted[0]?.scores.logits));
  expect(raised).toBeGreaterThan((logits ?? 0) + 0.5);
});
