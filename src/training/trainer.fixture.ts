import { expect } from 'vitest';
import { type Experiment, parseExperiment } from '../config/experiment.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { pureJs } from '../engine/tfjs/backends.js';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.js';
import { tf } from '../support/tf.js';
import { madeDataset, withBlocks } from './dataset.fixture.js';
import { definitions } from './definitions.js';
import type { EpochRecord } from './epoch-record.js';
import { train } from './run.js';
import { setUp } from './setup.js';
import type { Snapshot, Trained, TrainingRecord } from './trainer.js';

export const compiled = createCompiledEngine({ threads: 1 });

const preset = [
  ['optimizer', '{ type: adam, learningRate: 0.02 }'],
  ['epochs', '3'],
] as const;

/** @param train keys of `train` that replace the preset ones */
export function smallExperiment(
  model: string,
  tasks: readonly { name: string; type: string }[],
  train = '',
): Experiment {
  const others = preset.filter(([key]) => !train.includes(`${key}:`)).map(([key, value]) => `${key}: ${value}, `);
  return parseExperiment(
    `name: test
seed: 5
dataset: { loader: synthetic, rows: { train: 1, validation: 1, test: 1 } }
tasks: ${JSON.stringify(tasks)}
model: ${model}
train: { batchSize: 32, ${others.join('')}${train} }
`,
    'test',
    [],
    definitions,
  );
}

/** The experiment on the CPU, with one thread. */
export function onCpu(experiment: Experiment): Experiment {
  return { ...experiment, engine: { ...experiment.engine, device: 'cpu', threads: 1 } };
}

/** Trains to the end. Returns the epochs' records too. */
export async function trained(
  experiment: Experiment,
  dataset: Dataset,
  engine: Engine = compiled,
  options: { from?: Snapshot; onRecord?: (record: TrainingRecord) => void } = {},
): Promise<Trained & { readonly records: EpochRecord[] }> {
  const records: EpochRecord[] = [];
  for await (const record of train(setUp(experiment, dataset, engine), options.from)) {
    if (record.kind === 'trained') return { ...record.trained, records };
    options.onRecord?.(record);
    if (record.kind === 'epoch') records.push(record.record);
  }
  throw new Error('Training ended without a result.');
}

/** Without times. */
export const timeless = ({ progress, records, ...rest }: Awaited<ReturnType<typeof trained>>) => ({
  ...rest,
  progress: { ...progress, seconds: 0 },
  records: records.map((record) => ({ ...record, seconds: 0 })),
});

/** Tasks 0 and 1 want opposite signs of the second input. */
export const linear = (task: number, [a, b]: readonly [number, number], noise: number) =>
  a + (task === 0 ? b : -b) + noise > 0 ? 1 : 0;
export const binaryTasks = [
  { name: 'click', type: 'binary' },
  { name: 'share', type: 'binary' },
] as const;
/** The data set with one of the tasks. */
export function onlyTask(dataset: Dataset, index: number): Dataset {
  const width = dataset.tasks.length;
  const column = (values: Float32Array) => values.filter((_, at) => at % width === index);
  const tasks = dataset.tasks.slice(index, index + 1);
  return withBlocks({ ...dataset, tasks }, ({ labels, masks }) => ({ labels: column(labels), masks: column(masks) }));
}

export function auc(record: EpochRecord | undefined, task: string): number {
  return Number(record?.validation[task]?.auc);
}

/**
 * Continues a run from some of its records, which must give the same bits. Its labels are noise: the learning rate
 * falls, patience counts, and tasks' best epochs differ from the model's.
 */
export async function expectContinues(model: string, choose: (taken: readonly Snapshot[]) => readonly Snapshot[]) {
  const split = { rows: 64, label: (_: number, __: readonly [number, number], noise: number) => Number(noise > 0) };
  const { dataset } = madeDataset(binaryTasks, { train: { ...split, rows: 300 }, validation: split, test: split });
  const experiment = smallExperiment(
    model,
    binaryTasks,
    'epochs: 6, earlyStopping: { patience: 4, minDelta: 100 }, optimizer: ' +
      '{ type: adam, learningRate: 0.02, schedule: { type: plateau, patience: 0, ratio: 0.5, minDelta: 20 } }',
  );
  const taken: Promise<Snapshot>[] = [];
  const whole = await trained(experiment, dataset, compiled, { onRecord: (record) => taken.push(record.snapshot()) });
  expect(new Set(whole.records.map(({ learningRate }) => JSON.stringify(learningRate))).size).toBeGreaterThan(2);
  const chosen = choose(await Promise.all(taken));
  expect(chosen.some(({ progress: { epoch, step } }) => epoch === 2 && step > 0 && step < 10)).toBe(true);
  expect(chosen.some(({ progress }) => progress.tasks.some(({ patience }) => patience.waited > 1))).toBe(true);
  for (const from of chosen) {
    const records = whole.records.slice(from.progress.epoch - 1);
    expect(timeless(await trained(experiment, dataset, compiled, { from }))).toEqual(timeless({ ...whole, records }));
  }
  return whole;
}

/** Compares an epoch on the eager engine and on the compiled one. The eager one must leave no tensor behind. */
export async function expectSameOnEager(model: string, balancing = 'fixed') {
  const split = { rows: 40, label: linear };
  const { dataset } = madeDataset(binaryTasks, { train: { ...split, rows: 80 }, validation: split, test: split });
  const plain = smallExperiment(model, binaryTasks, 'epochs: 1');
  const experiment = { ...plain, loss: { ...plain.loss, balancing: { type: balancing } } };
  const before = tf.memory().numTensors;
  const eager = await trained(experiment, dataset, createTfjsEngine(pureJs));
  expect(tf.memory().numTensors).toBe(before);
  const fast = await trained(experiment, dataset);
  expect(fast.records[0]?.train.loss).toBeCloseTo(eager.records[0]?.train.loss ?? Number.NaN, 4);
  // A bias before a normalisation has no gradient, so Adam moves it by rounding.
  for (const { name } of model.includes('normalization') ? [] : binaryTasks)
    expect(auc(fast.records[0], name)).toBeCloseTo(auc(eager.records[0], name), 2);
  return { eager, fast };
}
