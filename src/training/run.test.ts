import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import type { ChosenDevice } from '../engine/devices/devices.js';
import { evaluateTask } from '../metrics/evaluate.js';
import { fileSha256 } from '../support/checksum.js';
import { folderOfFile } from '../support/folder.fixture.js';
import { must } from '../support/must.js';
import { madeDataset } from './dataset.fixture.js';
import { definitions } from './definitions.js';
import { splitMetrics } from './evaluation.js';
import { readRun } from './finished-run.js';
import { allEnvironments } from './folder/environment.js';
import { measuredResult } from './result.js';
import { run } from './run.js';
import type { RunOptions } from './run-options.js';
import { setUp } from './setup.js';
import { binaryTasks, compiled, linear, onCpu, smallExperiment, trained } from './trainer.fixture.js';

const folder = folderOfFile();

const experimentWith = (train: string) =>
  parseExperiment(
    `name: run
dataset: { loader: synthetic, rows: { train: 100, validation: 40, test: 40 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
model: { type: hard-sharing, levels: [[4]], tower: [3], dropout: 0.2 }
train: { epochs: 4, batchSize: 20, ${train} }
engine: { name: compiled, device: cpu, threads: 1 }
`,
    'run.yaml',
    [],
    definitions,
  );
const cosine = experimentWith('optimizer: { type: adam, learningRate: 0.02, schedule: { type: cosine } }');

/**
 * Trains in a folder of this name, or continues there; with the notes and the epochs that were trained. @param
 * stopAfter Interrupts after this epoch.
 */
async function runIn(runs: string, more: Partial<RunOptions> & { stopAfter?: number } = {}, experiment = cosine) {
  const stop = new AbortController();
  const [notes, epochs]: [string[], number[]] = [[], []];
  const outcome = await run(experiment, {
    ...{ runs: join(folder, runs), overwrite: false, predictions: true, signal: stop.signal },
    on(event) {
      if (event.kind === 'note') notes.push(event.message);
      if (event.kind !== 'training' || event.record.kind !== 'epoch') return;
      epochs.push(event.record.record.epoch);
      if (event.record.record.epoch === more.stopAfter) stop.abort();
    },
    ...more,
  });
  return { ...outcome, notes, epochs };
}

const readText = (path: string, file: string) => readFileSync(join(path, file), 'utf8');
/** What a run leaves of its training, without times. */
const trainedBits = (path: string) => ({
  files: ['checkpoints/best.safetensors', 'predictions.arrow'].map((file) => fileSha256(join(path, file))),
  epochs: readText(path, 'epochs.jsonl').replaceAll(/"seconds":[^}]*/g, '"seconds":0'),
  tasks: readRun(path)?.result.tasks,
  hash8: path.slice(-8),
});
const whole = runIn('whole').then(({ path }) => trainedBits(path));

test('a line that a kill cut short is gone after the run went on, and the rest is as if it had not been', async () => {
  const { path } = await runIn('cut', { stopAfter: 2 });
  appendFileSync(join(path, 'epochs.jsonl'), '{"epoch":3,"steps":2,"tr');
  appendFileSync(join(path, 'log.jsonl'), '{"level":30,"ti');
  const { notes } = await runIn('cut', { resume: path });
  expect(trainedBits(path)).toEqual(await whole);
  expect(notes.join()).not.toContain('epochs.jsonl');
  for (const line of readText(path, 'log.jsonl').trim().split('\n')) JSON.parse(line);
});

test('lost lines of epochs.jsonl are told', async () => {
  const { path } = await runIn('lost', { stopAfter: 3 });
  const [, second] = readText(path, 'epochs.jsonl').split('\n');
  writeFileSync(join(path, 'epochs.jsonl'), `${second}\n`);
  const { notes, epochs } = await runIn('lost', { resume: path });
  expect(notes.join()).toMatch(/epochs\.jsonl has lost epoch 1, 3: /);
  expect(epochs).toEqual([4]);
  expect(trainedBits(path).tasks).toEqual((await whole).tasks);
});

test('environment.json keeps what a run was trained on before it went on elsewhere', async () => {
  const on = (engine: 'compiled' | 'tfjs'): ChosenDevice => ({
    candidate: { engine, device: 'cpu', ...(engine === 'tfjs' ? { pureJs: true } : {}) },
    adapter: { adapter: null, software: null },
    why: 'asked for',
    threads: 1,
  });
  const storedEnvironment = (path: string) => JSON.parse(readText(path, 'environment.json'));
  const storedEngines = (path: string) => allEnvironments(storedEnvironment(path)).map(({ engine }) => engine);
  const [compiled, tfjs] = [{ name: 'compiled' }, { name: 'tfjs' }];
  const { path } = await runIn('moved', { engine: on('compiled'), stopAfter: 1 });
  expect(storedEnvironment(path)).not.toHaveProperty('earlier');
  await runIn('moved', { engine: on('tfjs'), stopAfter: 3, resume: path });
  expect(storedEngines(path)).toMatchObject([compiled, tfjs]);
  await runIn('moved', { engine: on('compiled'), resume: path });
  expect(storedEngines(path)).toMatchObject([compiled, tfjs, compiled]);
  expect(storedEnvironment(path)).toMatchObject({ engine: compiled, hash8: path.slice(-8) });
});

test('gates.json is of the test rows, not of those that selected the epoch', async () => {
  const experiment = onCpu(
    smallExperiment('{ type: mmoe, levels: [[4]], tower: [3], experts: 2 }', binaryTasks, 'epochs: 2'),
  );
  const { dataset } = madeDataset(binaryTasks, { rows: 60, label: linear });
  const { validation, test } = (await trained(experiment, dataset)).own;
  for (const [index, { mean }] of test.gates.entries())
    expect(Math.abs((mean[0] ?? 0) - (validation.gates[index]?.mean[0] ?? 0))).toBeGreaterThan(1e-4);
  const { path } = await runIn('gates', { load: async () => dataset }, experiment);
  expect(JSON.parse(readText(path, 'gates.json'))).toEqual(test.gates);
});

test('a run on rows with weights keeps them with its predictions, and its metrics are weighted', async () => {
  const tasks = [
    { name: 'click', type: 'binary' },
    { name: 'spend', type: 'regression' },
  ] as const;
  const label = (task: number, [a]: readonly [number, number], noise: number) =>
    task === 0 ? Number(a + noise > 1) : a + noise;
  const weight = (row: number) => (row % 7 === 0 ? 0 : (row % 4) / 2 + 0.5);
  const { dataset } = madeDataset(tasks, { rows: 120, label, weight });
  const experiment = onCpu(
    smallExperiment('{ type: mmoe, levels: [[4]], tower: [3], experts: 2 }', tasks, 'epochs: 2'),
  );
  const { path } = await runIn('weighted', { load: async () => dataset }, experiment);
  const { result, predictions } = must(readRun(path), 'run');
  const weights = Array.from({ length: 120 }, (_, row) => weight(row));
  for (const { task, scores } of await predictions()) {
    expect([...scores.mask]).toEqual(weights);
    const { validation, test: metrics } = result.tasks[task.name] ?? {};
    expect(evaluateTask(task, scores, validation)).toEqual(metrics);
    expect(metrics?.samples).toBe(weights.filter((one) => one > 0).length);
  }
});

const ple = '{ type: ple, levels: [[8], [8]], tower: [8], experts: 2 }';
const apart = '{ type: single-task, levels: [[8]], tower: [8] }';
const watching = (monitor: string) => `epochs: 8, earlyStopping: { monitor: "${monitor}" }`;

/** A run whose first task is easy, and whose second is noise. */
async function measured(train: string, model = ple) {
  const split = {
    rows: 100,
    label: (task: number, x: readonly [number, number], noise: number) =>
      task === 0 ? linear(task, x, noise) : Number(noise > 0),
  };
  const { dataset, reads } = madeDataset(binaryTasks, {
    train: { ...split, rows: 200 },
    validation: split,
    test: split,
  });
  const experiment = smallExperiment(model, binaryTasks, train);
  const run = await trained(experiment, dataset);
  const result = measuredResult(experiment, setUp(experiment, dataset, compiled), run, run.records);
  const validations = run.records.map(({ validation }) => validation);
  return { ...run, dataset, result, validations, testReads: reads.test };
}

test('each task has the metrics and predictions of its own best epoch, as if selected by this task alone', async () => {
  const { result, own, testReads } = await measured(watching('mean'));
  const epochs = new Set([result.oneEpoch?.epoch]);
  for (const [index, { name }] of binaryTasks.entries()) {
    const { result: alone, choice } = await measured(watching(`task:${name}`));
    expect(result.bestEpoch[name]).toBe(alone.oneEpoch?.epoch);
    expect(result.tasks[name]).toMatchObject(alone.oneEpoch?.tasks[name] ?? {});
    expect(own.test.tasks[index]).toEqual(choice?.test.tasks[index]);
    epochs.add(alone.oneEpoch?.epoch);
  }
  expect(epochs.size).toBeGreaterThan(1);
  expect(testReads).toBe(epochs.size); // each epoch's parameters were evaluated once
});

test.each([ple, apart])(
  'each task, and its own gates, are served with its own epoch; shared gates are of the chosen epoch: %s',
  async (model) => {
    const { served, own, choice, progress, validations, dataset } = await measured(watching('mean'), model);
    expect(served).toHaveLength(model === ple ? 2 : 1); // networks of one task each are in one set
    for (const [index, { bestEpoch }] of [...progress.tasks, progress.choice].entries()) {
      const last = await measured(`epochs: ${bestEpoch}, keep: last`, model);
      expect(last.validations).toEqual(validations.slice(0, bestEpoch));
      const gatesOf = ({ test }: typeof own, name: string) => test.gates.filter(({ gate }) => gate === name);
      const task = binaryTasks[index];
      if (!task) {
        expect(splitMetrics(dataset, last.own)).toEqual(choice && splitMetrics(dataset, choice));
        expect(gatesOf(own, 'shared')).toEqual(gatesOf(last.own, 'shared'));
        continue;
      }
      expect(last.own.test.tasks[index]).toEqual(own.test.tasks[index]);
      expect(gatesOf(own, task.name)).toEqual(gatesOf(last.own, task.name));
      const set = served.find(({ tasks }) => tasks.includes(task.name));
      for (const [name, value] of Object.entries(last.served[0]?.parameters ?? {}))
        if (model === ple || name.startsWith(`${task.name}.`)) expect(set?.parameters[name]).toEqual(value);
    }
  },
);

test.each(['mean', 'task:share'].flatMap((monitor) => [ple, apart].map((model) => [monitor, model] as const)))(
  'with keep: one, by %s, a network’s tasks have the epoch that is chosen; networks of one task have their own: %s',
  async (monitor, model) => {
    const best = await measured(watching(monitor), model);
    const { served, choice, own, result, validations } = await measured(`${watching(monitor)}, keep: one`, model);
    expect(served).toHaveLength(1);
    expect(choice).toBeUndefined();
    expect(own).toEqual(model === ple ? best.choice : best.own);
    expect(result.oneEpoch).toBeUndefined();
    expect(validations).toEqual(best.validations);
  },
);

test('with keep: last no epoch is chosen', async () => {
  const { result, validations } = await measured('epochs: 4, keep: last');
  expect(result).toMatchObject({ bestEpoch: { click: 4, share: 4 }, ended: 'budget', epochs: 4 });
  expect(result.oneEpoch).toBeUndefined();
  expect(result.tasks['click']?.validation).toEqual(validations.at(-1)?.['click']);
});
