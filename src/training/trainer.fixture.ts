import { type Experiment, parseExperiment } from '../config/experiment.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { definitions } from './definitions.js';
import { setUp } from './setup.js';
import { type EpochRecord, type Snapshot, type Trained, type TrainingRecord, train } from './trainer.js';

export const compiled = createCompiledEngine({ threads: 1 });

const preset = [
  ['optimizer', '{ type: adam, learningRate: 0.02 }'],
  ['epochs', '3'],
] as const;

/** @param train Keys of `train`, for others than the preset ones. */
export function experimentOf(model: string, tasks: readonly { name: string; type: string }[], train = ''): Experiment {
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

/** Trains to the end; with the epochs' records. */
export async function trained(
  experiment: Experiment,
  dataset: Dataset,
  engine: Engine = compiled,
  options: { from?: Snapshot; onRecord?: (record: TrainingRecord) => void } = {},
): Promise<Trained & { readonly records: EpochRecord[] }> {
  const records: EpochRecord[] = [];
  const training = train(setUp(experiment, dataset, engine), options.from);
  for (;;) {
    const next = await training.next();
    if (next.done) return { ...next.value, records };
    options.onRecord?.(next.value);
    if (next.value.kind === 'epoch') records.push(next.value.record);
  }
}

/** Tasks 0 and 1 want opposite signs of the second input. */
export const linear = (task: number, [a, b]: readonly [number, number], noise: number) =>
  a + (task === 0 ? b : -b) + noise > 0 ? 1 : 0;
export const binaryTasks = [
  { name: 'click', type: 'binary' },
  { name: 'share', type: 'binary' },
] as const;
/** The data set of one of the tasks. */
export function onlyTask(dataset: Dataset, index: number): Dataset {
  const width = dataset.tasks.length;
  const column = (values: Float32Array) => values.filter((_, at) => at % width === index);
  const reduced = (split: Dataset['splits']['train']) => ({
    ...split,
    async read(block: number) {
      const read = await split.read(block);
      return { ...read, labels: column(read.labels), masks: column(read.masks) };
    },
  });
  const { train, validation, test } = dataset.splits;
  return {
    ...dataset,
    tasks: dataset.tasks.filter((_, at) => at === index),
    splits: { train: reduced(train), validation: reduced(validation), test: reduced(test) },
  };
}

export function auc(record: EpochRecord | undefined, task: string): number {
  return Number(record?.validation[task]?.auc);
}
