import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseExperiment } from '../../config/experiment.js';
import { hash8 } from '../../config/hash.js';
import { evaluateTask } from '../../metrics/evaluate.js';
import { sealed } from '../../support/checksum.js';
import { madeDataset } from '../../training/dataset.fixture.js';
import { definitions } from '../../training/definitions.js';
import type { Ended } from '../../training/ended.js';
import { hashFiles } from '../../training/folder/run-manifest.js';
import { writePredictions } from '../../training/predictions.js';

/** Test rows of a task: what a run predicted, and what was true. */
export interface StoredTask {
  readonly type: 'binary' | 'regression' | 'multiclass';
  readonly classes?: readonly string[];
  /** Of a multiclass task: class after class. */
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  /** Absent: every row. */
  readonly mask?: readonly number[];
  readonly offset?: number;
  readonly scale?: number;
  /** Absent: as the run did. */
  readonly ended?: Ended;
}

/** The folder of a run that was never trained, with all files that a finished one has. */
export async function storeRun(
  path: string,
  run: {
    readonly name: string;
    readonly seed: number;
    readonly tasks: Readonly<Record<string, StoredTask>>;
    readonly model?: Readonly<Record<string, unknown>>;
    readonly train?: Readonly<Record<string, unknown>>;
    readonly checksum?: string;
    readonly environment?: Readonly<Record<string, unknown>>;
    /** Of a run of independent tasks. */
    readonly parametersByTask?: Readonly<Record<string, { readonly embedding: number; readonly network: number }>>;
    readonly ended?: Ended;
    /** False: without predictions.arrow. */
    readonly predictions?: boolean;
  },
): Promise<string> {
  mkdirSync(path, { recursive: true });
  const write = (file: string, value: unknown) => writeFileSync(join(path, file), JSON.stringify(value));
  const names = Object.keys(run.tasks);
  const model = { type: 'single-task', levels: [[4]], tower: [], ...run.model };
  const config = {
    name: run.name,
    seed: run.seed,
    dataset: { loader: 'synthetic', rows: { train: 10, validation: 10, test: 10 }, dimension: 4 },
    tasks: Object.entries(run.tasks).map(([name, { type }]) => ({ name, type })),
    model,
    train: { epochs: 3, batchSize: 5, optimizer: { type: 'adam' }, ...run.train },
  };
  writeFileSync(join(path, 'config.yaml'), stringify(config));
  const checksum = run.checksum ?? 'abc123';
  write('environment.json', {
    ple: '1.2.3',
    engine: { name: 'compiled', threads: 2 },
    hash8: hash8(parseExperiment(stringify(config), 'config.yaml', [], definitions), checksum, definitions),
    ...run.environment,
  });
  write('gates.json', []);
  mkdirSync(join(path, 'checkpoints'), { recursive: true });
  writeFileSync(join(path, 'checkpoints/best.safetensors'), 'parameters');

  const none = { rows: 1, label: () => 0 };
  const tasks = Object.entries(run.tasks).map(([name, { type, classes, offset = 0, scale = 1 }]) => ({
    name,
    type,
    offset,
    scale,
    ...(classes ? { classes } : {}),
  }));
  const { dataset } = madeDataset(tasks, { train: none, validation: none, test: none });
  const scores = Object.values(run.tasks).map(({ logits, labels, mask }) => ({
    logits: Float32Array.from(logits),
    labels: Float32Array.from(labels),
    mask: Float32Array.from(mask ?? labels.map(() => 1)),
  }));
  if (run.predictions !== false)
    await writePredictions(join(path, 'predictions.arrow'), dataset, { tasks: scores, gates: [] });

  const values = Object.fromEntries(
    dataset.tasks.map((task, index) => {
      const taken = scores[index];
      if (!taken) throw new Error(`Task '${task.name}' has no scores.`);
      const validation = evaluateTask(task, taken, 'chosen');
      const { ended } = run.tasks[task.name] ?? {};
      const own = { type: task.type, validation, test: evaluateTask(task, taken, validation) };
      return [task.name, { ...own, ...(ended && { ended }) }];
    }),
  );
  const validation = Object.fromEntries(Object.entries(values).map(([name, task]) => [name, task.validation]));
  const ones = Object.fromEntries(names.map((name) => [name, 1]));
  const epochs = 3;
  const lines = Array.from({ length: epochs }, (_, index) =>
    JSON.stringify({
      epoch: index + 1,
      steps: 2,
      train: { loss: 1, tasks: ones },
      validation,
      weights: ones,
      learningRate: 0.001,
      seconds: 1,
    }),
  );
  writeFileSync(join(path, 'epochs.jsonl'), lines.map((line) => `${line}\n`).join(''));
  const result = {
    schema: 2,
    name: run.name,
    model: model.type,
    seed: run.seed,
    parameters: { embedding: 0, network: 12 },
    ...(run.parametersByTask ? { parametersByTask: run.parametersByTask } : {}),
    epochs,
    bestEpoch: Object.fromEntries(names.map((name) => [name, epochs])),
    ended: run.ended ?? 'plateau',
    dataset: {
      checksum,
      rows: { train: 10, validation: 10, test: scores[0]?.labels.length ?? 0 },
    },
    engine: { name: 'compiled', device: 'cpu' },
    throughput: { samplesPerSecond: 100 * path.length, stepMilliseconds: 1, batchSize: 5 },
    tasks: values,
  };
  write('result.json', sealed({ ...result, files: hashFiles(path, ['checkpoints/best.safetensors']) }));
  return path;
}

/** The comparison.json of a folder. @param table What differs from one without rows. */
export function storeTable(folder: string, table: Readonly<Record<string, unknown>>): string {
  const none = {
    ...{ schema: 6, name: 'c', baseline: 'm', tasks: [], seeds: [1], axes: {}, uncertainty: 'seeds', margins: {} },
    ...{ taskWeights: {}, rows: [], contrasts: [], notes: [], timing: {} },
  };
  const text = JSON.stringify(sealed({ ...none, ...table }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'comparison.json'), text);
  return text;
}
