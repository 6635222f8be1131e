import { plainOptions } from '../comparison/gains/evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from '../comparison/gains/summarize.js';
import type { EntryRun } from '../comparison/stored/entry.js';
import type { AxisPoint } from '../config/comparison.js';
import { type Experiment, parseExperiment, stringifyExperiment } from '../config/experiment.js';
import type { Task } from '../data/dataset.js';
import { evaluateTask, type TaskMetrics } from '../metrics/evaluate.js';
import { type Random, randomFromSeed } from '../support/random.js';
import { definitions } from '../training/definitions.js';
import type { EpochRecord } from '../training/epoch-record.js';
import type { GateUse } from '../training/evaluation.js';
import type { FinishedRun } from '../training/finished-run.js';
import type { TaskPredictions } from '../training/predictions.js';
import type { ReportData } from './report-data.js';

export interface ReportOptions {
  readonly tasks?: readonly { readonly name: string; readonly type: 'binary' | 'regression' }[];
  /** The first is the baseline. */
  readonly models?: readonly { readonly label: string; readonly type: string }[];
  readonly seeds?: number;
  readonly axis?: { readonly key: string; readonly values: readonly unknown[] };
  /** Each task of the baseline is taken from a run of its own. */
  readonly apart?: boolean;
  /** Labels of models whose runs all failed. */
  readonly failed?: readonly string[];
  /** Size of the gains. */
  readonly spread?: number;
  readonly epochs?: number;
  /** Rows of the test split. */
  readonly rows?: number;
  /** Loss weights that change from epoch to epoch. */
  readonly decay?: boolean;
  /** Loss weights of the last task: every model but the baseline has a front. */
  readonly front?: readonly number[];
  /** Models keep their last epoch. */
  readonly onePass?: boolean;
  /** Contrasts, margins: what a config may add. */
  readonly settings?: Partial<SummaryOptions>;
}

const tenModels = [
  { label: 'single-task', type: 'single-task' },
  { label: 'hard-sharing', type: 'hard-sharing' },
  { label: 'asymmetric, income first', type: 'asymmetric-sharing' },
  { label: 'asymmetric, married first', type: 'asymmetric-sharing' },
  { label: 'customized-sharing', type: 'customized-sharing' },
  { label: 'cross-stitch', type: 'cross-stitch' },
  { label: 'mmoe', type: 'mmoe' },
  { label: 'ml-mmoe', type: 'ml-mmoe' },
  { label: 'cgc', type: 'cgc' },
  { label: 'ple', type: 'ple' },
] as const;

/**
 * What a report is made of, without training: numbers of a likely size, the same at each call. With defaults:
 * Census-Income's two binary tasks, ten models, five seeds. A second task gains where the first loses, and the reverse.
 */
export async function reportFixture(options: ReportOptions = {}): Promise<ReportData> {
  const tasks = options.tasks ?? [
    { name: 'income', type: 'binary' },
    { name: 'never-married', type: 'binary' },
  ];
  const models = options.models ?? tenModels;
  const seeds = Array.from({ length: options.seeds ?? 5 }, (_, index) => index + 1);
  const points: AxisPoint[] = options.axis
    ? options.axis.values.map((value) => ({ [options.axis?.key ?? '']: value }))
    : [{}];
  const runs = new Map<string, FinishedRun>();
  const entries = points.flatMap((axis, point) =>
    models.map(({ label, type }, model) => ({
      label,
      type,
      point: axis,
      runs: seeds.flatMap((seed): EntryRun[] => {
        const whole = `runs/${slug(label)}-${point}-${seed}`;
        if (options.failed?.includes(label)) return [{ seed, path: whole, status: 'failed' }];
        const apart = options.apart && model === 0 ? tasks.map(({ name }) => ({ tasks: [name] })) : [{ tasks: [] }];
        return apart.map((own, index) => {
          const path = [whole, ...own.tasks].join('-');
          const parts = { path, label, type, model, seed, point, axis, tasks };
          const others = { epochs: (options.epochs ?? 8) - 2 * index, worse: 0.05 * index };
          const run = finishedRun({ ...parts, options: { ...options, ...others } });
          runs.set(path, run);
          return { seed, path, status: 'done', run, ...(own.tasks.length > 0 ? own : {}) };
        });
      }),
    })),
  );
  const key = `loss.weights.${tasks.at(-1)?.name}.initial`;
  const fronts = (options.front ?? []).flatMap((weight, index) =>
    entries.slice(1).map(({ runs: own, ...entry }, at) => ({
      ...entry,
      values: { [key]: weight },
      runs: entries[1 + ((at + index) % (entries.length - 1))]?.runs ?? own,
    })),
  );
  const comparison = await summarize([...entries, ...fronts], {
    name: 'fixture',
    baseline: models[0]?.label ?? '',
    tasks,
    uncertainty: 'seeds',
    ...plainOptions(seeds.length),
    margins: {},
    axes: options.axis ? { [options.axis.key]: options.axis.values } : {},
    ...options.settings,
  });
  const config = [...runs.values()][0]?.experiment;
  return {
    comparison,
    runs,
    command: 'ple compare --config configs/fixture/compare.yaml',
    config: config ? stringifyExperiment(config) : null,
  };
}

interface RunParts {
  readonly path: string;
  readonly label: string;
  readonly type: string;
  readonly model: number;
  readonly seed: number;
  readonly point: number;
  readonly axis: AxisPoint;
  readonly tasks: readonly { readonly name: string; readonly type: 'binary' | 'regression' }[];
  readonly options: ReportOptions & { readonly worse?: number };
}

function finishedRun(parts: RunParts): FinishedRun {
  const { path, type, seed, tasks, options } = parts;
  const random = randomFromSeed(seed).stream(path);
  const experiment = runExperiment(parts);
  const tests = tasks.map((task, index) => taskPredictions(task, index, parts));
  const last = (options.epochs ?? 8) - (seed % 3);
  const epochs = Array.from({ length: last }, (_, index) => epochLine(index + 1, parts, random));
  const metrics = Object.fromEntries(
    tests.map(({ task, scores }) => {
      const test = evaluateTask(task, scores);
      const validation = epochs.at(-1)?.validation[task.name] ?? {};
      return [task.name, { type: task.type, validation, test }];
    }),
  );
  return {
    path,
    experiment,
    result: {
      schema: 2,
      name: experiment.name,
      model: type,
      seed,
      parameters: { embedding: 5000, network: 100_000 + 20_000 * parts.model },
      epochs: last,
      ended: 'plateau',
      ...(options.apart
        ? {
            parametersByTask: Object.fromEntries(tasks.map(({ name }) => [name, { embedding: 2500, network: 50_000 }])),
          }
        : {}),
      bestEpoch: Object.fromEntries(tasks.map(({ name }, t) => [name, options.apart && t > 0 ? 2 : last - 1])),
      dataset: {
        checksum: 'c0ffee'.repeat(10),
        rows: { train: 199_523, validation: 49_881, test: options.rows ?? 3000 },
      },
      engine: { name: 'compiled', device: 'cpu' },
      throughput: { samplesPerSecond: 5e4 - 3000 * parts.model, stepMilliseconds: 20 + parts.model, batchSize: 1024 },
      tasks: metrics,
      ...(options.onePass ? {} : { oneEpoch: { epoch: last - 2, tasks: atOneEpoch(metrics) } }),
      files: {},
    },
    notes: [],
    epochs,
    gates: gateUses(type, tasks, random),
    environment: { ple: '0.1.0', node: 'v20.19.0', cpu: { model: 'A processor', cores: 2 }, memoryBytes: 8e9 },
    hasPredictions: true,
    predictions: () => Promise.resolve(tests),
  };
}

/** A little worse on the first task. */
function atOneEpoch(metrics: FinishedRun['result']['tasks']): NonNullable<FinishedRun['result']['oneEpoch']>['tasks'] {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, { validation, test }], index) => {
      const { auc } = test;
      return [
        name,
        { validation, test: index === 0 && typeof auc === 'number' ? { ...test, auc: auc - 0.004 } : test },
      ];
    }),
  );
}

function runExperiment({ path, type, seed, axis, tasks, options }: RunParts): Experiment {
  const weights = Object.fromEntries(tasks.map(({ name }) => [name, { initial: 1, ratio: options.decay ? 0.9 : 1 }]));
  const config = {
    name: 'fixture',
    dataset: { loader: 'synthetic', rows: { train: 1000, validation: 1000, test: options.rows ?? 3000 } },
    tasks,
    model: { type: 'single-task', levels: [[256], [128]], tower: [64] },
    loss: { schedule: { type: options.decay ? 'exponential' : 'constant' }, weights },
    train: {
      ...{ epochs: options.epochs ?? 8, batchSize: 1024, optimizer: { type: 'adam', learningRate: 0.001 } },
      ...(options.onePass ? { passes: 1, keep: 'last' } : {}),
    },
  };
  const words = Object.entries(axis).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const text = JSON.stringify(config);
  const key = [text, ...words].join('\n');
  const experiment = parsed.get(key) ?? parseExperiment(text, 'fixture.yaml', words, definitions);
  parsed.set(key, experiment); // runs differ in name, seed and model alone, and parsing takes time
  return { ...experiment, name: slug(path), seed, model: { ...experiment.model, type } };
}

const parsed = new Map<string, Experiment>();

/**
 * Scores of a binary task have an AUC near .9, a regression's an error near .3 of the variance. Labels are the same in
 * all runs.
 */
function taskPredictions(
  { name, type }: RunParts['tasks'][number],
  index: number,
  { model, seed, point, options }: RunParts,
): TaskPredictions {
  const rows = options.rows ?? 3000;
  const truth = randomFromSeed(0).stream(`labels/${name}`);
  const own = randomFromSeed(seed).stream(`scores/${model}/${point}/${name}`);
  const tilt = model === 0 ? 0 : Math.sin(model * 1.7 + point) * (index % 2 === 0 ? 1 : -1) + 0.3;
  const noise = 0.7 + (options.worse ?? 0) - 10 * (options.spread ?? 0.002) * tilt + 0.004 * own.normal();
  const [logits, labels] = [new Float32Array(rows), new Float32Array(rows)];
  for (let row = 0; row < rows; row++) {
    const signal = 2 * truth.normal() - (type === 'binary' ? 1.5 : 0);
    labels[row] = type === 'binary' ? Number(truth.uniform() < 1 / (1 + Math.exp(-signal))) : signal;
    logits[row] = signal + noise * truth.normal() + 0.02 * own.normal();
  }
  const task: Task = { name, type, offset: 0, scale: 1 };
  return { task, scores: { logits, labels, mask: new Float32Array(rows).fill(1) } };
}

function epochLine(epoch: number, { tasks, model, options }: RunParts, random: Random): EpochRecord {
  const decayed = (options.decay ? 0.9 : 1) ** (epoch - 1);
  const gap = Math.exp(-epoch / (1.5 + model / 10));
  const losses = tasks.map(
    ({ name }, index) => [name, 0.15 + 0.05 * index + 0.3 * gap + 0.003 * random.normal()] as const,
  );
  const validation = tasks.map(({ name, type }): readonly [string, TaskMetrics] => {
    const error = 0.05 + 0.1 * gap + 0.0006 * model + 0.001 * random.normal();
    return [name, type === 'binary' ? { auc: 1 - error, logLoss: 2 * error } : { mse: 4 * error, nmse: error }];
  });
  return {
    epoch,
    steps: 195,
    train: { loss: losses.reduce((sum, [, loss]) => sum + decayed * loss, 0), tasks: Object.fromEntries(losses) },
    validation: Object.fromEntries(validation),
    weights: Object.fromEntries(tasks.map(({ name }, index) => [name, index === 0 ? 1 : decayed])),
    learningRate: 0.001 * 0.9 ** (epoch - 1),
    seconds: 5 + random.uniform(),
  };
}

/** Gates of CGC, one of them collapsed, and of a PLE of two levels. */
function gateUses(type: string, tasks: RunParts['tasks'], random: Random): GateUse[] {
  const names = tasks.map(({ name }) => name);
  const shared = (count: number) => Array.from({ length: count }, (_, index) => `shared/${index}`);
  const own = (name: string) => [`${name}/0`, `${name}/1`];
  const gate = (level: number, name: string, experts: readonly string[]): GateUse => {
    const raw = experts.map(() => Math.exp(random.normal()));
    const total = raw.reduce((sum, value) => sum + value, 0);
    const mean = raw.map((value) => value / total);
    return { level, gate: name, experts, mean, standardDeviation: mean.map((value) => 0.4 * value * (1 - value)) };
  };
  const taskGates = (level: number) => names.map((name) => gate(level, name, [...own(name), ...shared(2)]));
  if (type === 'cgc') return taskGates(1).map((use, index) => (index > 0 ? use : collapsed(use)));
  if (type === 'ple')
    return [...taskGates(1), gate(1, 'shared', [...names.flatMap(own), ...shared(2)]), ...taskGates(2)];
  return [];
}

function collapsed(use: GateUse): GateUse {
  const rest = 0.02 / (use.experts.length - 1);
  return { ...use, mean: use.experts.map((_, index) => (index === 0 ? 0.98 : rest)) };
}

function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'run';
}
