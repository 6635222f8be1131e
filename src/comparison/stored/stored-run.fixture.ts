import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseExperiment } from '../../config/experiment.js';
import { hash8 } from '../../config/hash.js';
import { evaluateTask } from '../../metrics/evaluate.js';
import { sealed } from '../../support/checksum.js';
import { must } from '../../support/must.js';
import { madeDataset } from '../../training/dataset.fixture.js';
import { definitions } from '../../training/definitions.js';
import type { Ended } from '../../training/ended.js';
import type { GateUse } from '../../training/evaluation.js';
import { hashFiles } from '../../training/folder/run-folder.js';
import { writePredictions } from '../../training/predictions.js';
import type { Comparison } from '../comparison.js';

/** Test rows of a task: what a run predicted, and what was true. */
export interface StoredTask {
  readonly type: 'binary' | 'regression' | 'multiclass';
  readonly classes?: readonly string[];
  /** Of a multiclass task: class after class. */
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  /** Absent: every row. */
  readonly mask?: readonly number[];
  /** Of each row. */
  readonly groups?: readonly number[];
  readonly offset?: number;
  readonly scale?: number;
  /** Absent: as the run did. */
  readonly ended?: Ended;
  /** By metric, after each epoch on validation. Absent: three times what the test rows give. */
  readonly curve?: Readonly<Record<string, readonly number[]>>;
}

export interface StoredRun {
  readonly name: string;
  readonly seed: number;
  readonly tasks: Readonly<Record<string, StoredTask>>;
  readonly model?: Readonly<Record<string, unknown>>;
  readonly train?: Readonly<Record<string, unknown>>;
  readonly dataset?: Readonly<Record<string, unknown>>;
  readonly checksum?: string;
  readonly environment?: Readonly<Record<string, unknown>>;
  /** What result.json has beyond what the tasks give: `parametersByTask`, `ended`, `oneEpoch`. */
  readonly result?: Readonly<Record<string, unknown>>;
  readonly gates?: readonly GateUse[];
  /** False: without predictions.arrow. */
  readonly predictions?: boolean;
}

/** The folder of a run that was never trained, with all files that a finished one has. */
export async function storeRun(path: string, run: StoredRun): Promise<string> {
  mkdirSync(join(path, 'checkpoints'), { recursive: true });
  const write = (file: string, value: unknown) => writeFileSync(join(path, file), JSON.stringify(value));
  const all = Object.entries(run.tasks);
  const model = { type: 'single-task', levels: [[4]], tower: [], ...run.model };
  const rows = { train: 10, validation: 10, test: 10 };
  const config = {
    ...{ name: run.name, seed: run.seed, dataset: { loader: 'synthetic', rows, dimension: 4, ...run.dataset } },
    ...{ tasks: all.map(([name, { type }]) => ({ name, type })), model },
    train: { epochs: 3, batchSize: 5, optimizer: { type: 'adam' }, ...run.train },
  };
  writeFileSync(join(path, 'config.yaml'), stringify(config));
  const checksum = run.checksum ?? 'abc123';
  write('environment.json', {
    ...{ ple: '1.2.3', engine: { name: 'compiled', threads: 2 } },
    hash8: hash8(parseExperiment(stringify(config), 'config.yaml', [], definitions), checksum, definitions),
    ...run.environment,
  });
  write('gates.json', run.gates ?? []);
  writeFileSync(join(path, 'checkpoints/best.safetensors'), 'parameters');

  const none = { rows: 1, label: () => 0 };
  const tasks = all.map(([name, { type, classes, offset = 0, scale = 1 }]) => {
    return { name, type, offset, scale, ...(classes ? { classes } : {}) };
  });
  const { dataset } = madeDataset(tasks, { train: none, validation: none, test: none });
  const scores = all.map(([, { logits, labels, mask, groups }]) => ({
    logits: Float32Array.from(logits),
    labels: Float32Array.from(labels),
    mask: Float32Array.from(mask ?? labels.map(() => 1)),
    ...(groups ? { groups: Int32Array.from(groups) } : {}),
  }));
  if (run.predictions !== false)
    await writePredictions(join(path, 'predictions.arrow'), dataset, { tasks: scores, gates: [] });

  const values = dataset.tasks.map((task, index) => {
    const [taken, { ended, curve }] = [must(scores[index], 'scores'), must(run.tasks[task.name], 'task')];
    const validation = evaluateTask(task, taken, 'chosen');
    const test = evaluateTask(task, taken, validation);
    return { name: task.name, curve, result: { type: task.type, validation, test, ...(ended && { ended }) } };
  });
  const epochs = Object.values(values[0]?.curve ?? {})[0]?.length ?? 3;
  const ones = (one: unknown) => Object.fromEntries(values.map(({ name }) => [name, one]));
  const lines = Array.from({ length: epochs }, (_, epoch) => ({
    ...{ epoch: epoch + 1, steps: 2, train: { loss: 1, tasks: ones(1) }, weights: ones(1), learningRate: 0.001 },
    seconds: 1,
    validation: Object.fromEntries(
      values.map(({ name, curve, result }) => [
        name,
        curve
          ? Object.fromEntries(Object.entries(curve).map(([metric, of]) => [metric, of[epoch]]))
          : result.validation,
      ]),
    ),
  }));
  writeFileSync(join(path, 'epochs.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const result = {
    ...{ schema: 2, name: run.name, model: model.type, seed: run.seed, parameters: { embedding: 0, network: 12 } },
    ...{ epochs, bestEpoch: ones(epochs), ended: 'plateau' },
    dataset: { checksum, rows: { ...rows, test: scores[0]?.labels.length ?? 0 } },
    engine: { name: 'compiled', device: 'cpu' },
    throughput: { samplesPerSecond: 100 * path.length, stepMilliseconds: 1, batchSize: 5 },
    tasks: Object.fromEntries(values.map(({ name, result }) => [name, result])),
    ...run.result,
  };
  write('result.json', sealed({ ...result, files: hashFiles(path, ['checkpoints/best.safetensors']) }));
  return path;
}

/** The comparison.json of a folder. @param table What differs from one without models. */
export function storeTable(folder: string, table: Readonly<Record<string, unknown>>): string {
  const none = {
    ...{ schema: 7, name: 'c', baseline: 'm', tasks: [], seeds: [1], axes: {}, uncertainty: 'seeds', margins: {} },
    ...{ taskWeights: {}, models: [], contrasts: [], gains: [], notes: [], timing: {} },
  };
  const text = JSON.stringify(sealed({ ...none, ...table }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'comparison.json'), text);
  return text;
}

/** What a folder's runs found, as goldens/<name>.json has it: their numbers, and the table that names them. */
export interface Facts {
  /** Of comparison.json: what its tables are computed from. */
  readonly table: Pick<Comparison, 'tasks' | 'seeds' | 'models' | 'baseline' | 'contrasts'> &
    Readonly<Record<string, unknown>>;
  /** By data set and task: what all runs have of its test rows. */
  readonly data: Readonly<Record<string, Readonly<Record<string, Omit<StoredTask, 'logits' | 'curve' | 'ended'>>>>>;
  readonly runs: Readonly<Record<string, StoredFacts>>;
}

interface StoredFacts extends Omit<StoredRun, 'tasks'> {
  readonly checksum: string;
  readonly tasks: Readonly<Record<string, Pick<StoredTask, 'logits' | 'curve' | 'ended'>>>;
}

/** The names of the stored comparisons: one table, and points of an axis with data drawn anew for each seed. */
export const storedComparisons = ['two-types', 'axis'] as const;

export function readFacts(name: (typeof storedComparisons)[number]): Facts {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../goldens/${name}.json`), 'utf8'));
}

/** The folders of runs that were stored before, by their facts: copies take less time. */
const before = new Map<string, Promise<string>>();
const all = mkdtempSync(join(tmpdir(), 'ple-facts-'));
process.once('exit', () => rmSync(all, { recursive: true, force: true }));

/** A comparison's folder, as if its runs had trained. */
export async function storeFacts(folder: string, { table, data, runs }: Facts): Promise<void> {
  storeTable(folder, table);
  for (const [path, { tasks, ...run }] of Object.entries(runs)) {
    const whole = Object.entries(tasks).map(([task, own]) => {
      return [task, { ...must(data[run.checksum]?.[task], 'rows of a task'), ...own }] as const;
    });
    const facts = { ...run, tasks: Object.fromEntries(whole) };
    const key = JSON.stringify(facts);
    const stored = before.get(key) ?? storeRun(join(all, `${before.size}`), facts);
    before.set(key, stored);
    rmSync(join(folder, path), { recursive: true, force: true });
    cpSync(await stored, join(folder, path), { recursive: true });
  }
}
