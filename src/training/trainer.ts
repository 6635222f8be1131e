import { setImmediate } from 'node:timers/promises';
import { readBatches } from '../data/batches/batches.js';
import type { Dataset, Task } from '../data/dataset.js';
import type { Program } from '../engine/engine.js';
import { evaluateTask, type TaskMetrics } from '../metrics/evaluate.js';
import { ownersOf } from '../models/model.js';
import { jointLoss } from '../objective/joint-loss.js';
import { float32, type HostArrays } from '../support/arrays.js';
import { UserError } from '../support/errors.js';
import { must } from '../support/must.js';
import { addBalance, balanceOf, type EpochBalance } from './epoch-balance.js';
import { createEvaluator, type Evaluation, type Evaluator } from './evaluation.js';
import type { SavedRows } from './large/large-table.js';
import type { EpochOf, LargeTables } from './large/large-tables.js';
import { compileWithTables } from './large/program-with-tables.js';
import { pace } from './pace.js';
import { type EpochSums, emptySums, freshProgress, type Progress } from './progress.js';
import { advance, checkMonitor, observe, observersOf, ofOwnBest, unitsOf } from './selection.js';
import type { TrainingSetup } from './setup.js';
import { balancingNoiseOf, batchArrays, evaluatedValues, initialState, noiseOf, trainingStep } from './step.js';

/** A moment of a run from which it can go on to the same bits. */
export interface Snapshot {
  readonly state: HostArrays;
  /** The parameters of the best epoch so far; empty before the first epoch has ended. */
  readonly best: HostArrays;
  /** By epoch, the parameters of those that are the best of a task, as an observer sees it, and not of the model. */
  readonly ownBest: ParametersByEpoch;
  readonly progress: Progress;
  /** The large tables as they are now, which are not among the arrays above. Only of a run that goes on. */
  readonly tables?: LargeTables;
  /** The large tables of the best epoch, to be read at once. Likewise. */
  readonly bestTables?: () => HostArrays;
  /** All rows of large tables that were ever written. */
  readonly rows?: () => Iterable<SavedRows> | AsyncIterable<SavedRows>;
}

type ParametersByEpoch = ReadonlyMap<number, HostArrays>;

export interface EpochRecord {
  readonly epoch: number;
  readonly steps: number;
  readonly train: { readonly loss: number; readonly tasks: Readonly<Record<string, number | null>> };
  readonly validation: Readonly<Record<string, TaskMetrics>>;
  /** Loss weights at the epoch's first step; with a balancing method, the mean over steps of those in use. */
  readonly weights: Readonly<Record<string, number>>;
  /** Only with a balancing method. */
  readonly balance?: EpochBalance;
  /** At the epoch's first step; by task where each has its own. Earlier versions did not write it. */
  readonly learningRate?: number | Readonly<Record<string, number>>;
  /** Of training, without compilation and evaluation. */
  readonly seconds: number;
}

/** `snapshot` may be called until the generator is asked for the next record. */
export type TrainingRecord = { readonly snapshot: () => Promise<Snapshot> } & (
  | { readonly kind: 'compiled'; readonly seconds: number }
  | {
      readonly kind: 'step';
      readonly epoch: number;
      readonly step: number;
      readonly steps: number;
      readonly meanLoss: number;
      readonly samplesPerSecond: number;
    }
  | { readonly kind: 'rows'; readonly split: 'validation' | 'test'; readonly rows: number; readonly of: number }
  | { readonly kind: 'epoch'; readonly record: EpochRecord; readonly improved: boolean; readonly stopped: boolean }
);

export interface Trained {
  readonly best: HostArrays;
  readonly progress: Progress;
  /** By task, or for the model as a whole. */
  readonly bestEpoch: number | Readonly<Record<string, number>>;
  readonly validation: Evaluation;
  readonly test: Evaluation;
  /** By epoch, all tasks' metrics with `Snapshot.ownBest`. */
  readonly ownBest: ReadonlyMap<number, SplitMetrics>;
}

/** By task, over its own sample space. */
interface SplitMetrics {
  readonly validation: Readonly<Record<string, TaskMetrics>>;
  readonly test: Readonly<Record<string, TaskMetrics>>;
}

/**
 * Trains, and yields a record after every chunk of steps and every epoch. Selection reads the validation split only; the
 * test split is read after the last epoch only, with parameters that validation has chosen.
 *
 * Of a joint model, the best epoch of each task alone is kept and evaluated too: up to a copy of the parameters per task.
 */
export async function* train(setup: TrainingSetup, from?: Snapshot): AsyncGenerator<TrainingRecord, Trained> {
  const { dataset, model, optimizer, engine, batchSize } = setup;
  const names = Object.keys(setup.parameters);
  const owners = ownersOf(setup.parameters);
  const units = unitsOf(owners, dataset.tasks, setup.monitor, setup.weightsAt(0, 0));
  const observers = observersOf(owners, dataset.tasks, setup.monitor);
  if (owners.includes(undefined)) await checkMonitor(setup.monitor, dataset);
  let best: HostArrays = from?.best ?? {};
  let ownBest: ParametersByEpoch = from?.ownBest ?? new Map();
  let progress: Progress = from?.progress ?? freshProgress(dataset.tasks.length, units.length, observers.length);

  const started = performance.now();
  const fresh = initialState(setup.parameters, optimizer, setup);
  const tables = setup.openTables(fresh);
  const inEngine = names.filter((name) => !tables.names.has(name));
  keepTables();
  for await (const rows of from?.rows?.() ?? []) tables.restore(rows);
  const program = await compileWithTables(
    engine,
    trainingStep(model, jointLoss(dataset.tasks), optimizer, names, setup),
    {
      state: from?.state ?? tables.without(fresh),
      batch: batchArrays(dataset, batchSize, setup.learningRatesAt(progress, 0).length, model.noise, setup).training,
    },
    tables,
    'training',
  );
  const snapshot = async (): Promise<Snapshot> => ({
    state: await program.readState(),
    best,
    ownBest,
    progress,
    ...(tables.names.size === 0
      ? {}
      : { tables, bestTables: () => tables.whole(bestEpochOf), rows: () => tables.changes('start') }),
  });
  let evaluator: Evaluator | undefined;
  try {
    const initial = Object.fromEntries(Object.entries(setup.parameters).map(([name, { value }]) => [name, value]));
    evaluator = await createEvaluator(engine, model, tables.without(initial), dataset, batchSize, tables);
    yield { kind: 'compiled', seconds: (performance.now() - started) / 1000, snapshot };

    while (progress.epoch <= setup.epochs && !progress.units.every((unit) => unit.stopped)) {
      for await (const chunk of trainEpoch(setup, program, progress)) {
        progress = chunk.progress;
        yield { kind: 'step', ...chunk, epoch: progress.epoch, step: progress.step, snapshot };
      }
      const parameters = evaluatedValues(await program.readState(), inEngine);
      const validation = validationMetrics(dataset, yield* evaluated(evaluator, parameters, 'validation'));
      const record = epochRecord(setup, progress, validation);
      const advanced = units.map((unit, index) => {
        const before = must(progress.units[index], `state of unit ${index}`);
        const score = unit.score(validation);
        const { state, improved } = advance(before, record.epoch, score, setup.stopping);
        return { improved, state: { ...state, learningRate: setup.followScore(before.learningRate, score) } };
      });
      const observed = observers.map((observer, index) =>
        observe(
          must(progress.observers[index], `best epoch of ${observer.task}`),
          record.epoch,
          observer.score(validation),
        ),
      );
      // Parameters at hand: those kept, those of the model's best epoch before this one, and this epoch's.
      const byEpoch = new Map([...ownBest, [progress.units[0]?.bestEpoch ?? 0, best], [record.epoch, parameters]]);
      ownBest = ofOwnBest(observed, advanced[0]?.state, byEpoch);
      for (const [index, { owner }] of units.entries()) {
        if (advanced[index]?.improved) best = { ...best, ...ownedBy(owner, parameters) };
      }
      progress = {
        ...progress,
        epoch: progress.epoch + 1,
        step: 0,
        sums: emptySums(dataset.tasks.length),
        epochSeconds: 0,
        units: advanced.map(({ state }) => state),
        observers: observed,
      };
      keepTables();
      const improved = advanced.some((unit) => unit.improved);
      yield { kind: 'epoch', record, improved, stopped: progress.units.every((unit) => unit.stopped), snapshot };
    }

    const own = new Map<number, SplitMetrics>();
    for (const [epoch, parameters] of ownBest) {
      const validation = yield* evaluated(evaluator, parameters, 'validation', () => epoch);
      const test = yield* evaluated(evaluator, parameters, 'test', () => epoch);
      own.set(epoch, splitMetrics(dataset, { validation, test }));
    }
    const validation = yield* evaluated(evaluator, best, 'validation', bestEpochOf);
    const test = yield* evaluated(evaluator, best, 'test', bestEpochOf);
    const bestEpochs = units.map(({ owner }, index) => [owner, progress.units[index]?.bestEpoch ?? 0] as const);
    const joint = bestEpochs.find(([owner]) => owner === undefined);
    const bestEpoch = joint ? joint[1] : Object.fromEntries(bestEpochs);
    return { best, progress, bestEpoch, validation, test, ownBest: own };
  } finally {
    await program.release();
    await evaluator?.release();
  }

  function bestEpochOf(task: string | undefined): number {
    return progress.units[Math.max(0, owners.indexOf(task))]?.bestEpoch ?? 0;
  }

  /** Of the tables, those epochs whose other parameters are in `best` and `ownBest`. */
  function keepTables(): void {
    tables.keep((task) => [bestEpochOf(task), ...ownBest.keys()].filter((epoch) => epoch > 0));
  }

  async function* evaluated(
    by: Evaluator,
    parameters: HostArrays,
    split: 'validation' | 'test',
    epochOf?: EpochOf,
  ): AsyncGenerator<TrainingRecord, Evaluation> {
    const evaluation = by.evaluate(parameters, split, epochOf);
    for (;;) {
      const next = await evaluation.next();
      if (next.done) return next.value;
      yield { kind: 'rows', split, rows: next.value, of: dataset.splits[split].rows, snapshot };
    }
  }

  function ownedBy(owner: string | undefined, parameters: HostArrays): HostArrays {
    const own = Object.entries(parameters).filter(
      ([name]) => owner === undefined || setup.parameters[name]?.task === owner,
    );
    return Object.fromEntries(own);
  }
}

/** Both splits with the same parameters. */
export function splitMetrics(
  dataset: Dataset,
  { validation, test }: Pick<Trained, 'validation' | 'test'>,
): SplitMetrics {
  const chosen = validationMetrics(dataset, validation);
  return {
    validation: chosen,
    test: metricsOf(dataset, test, ({ name }) => must(chosen[name], `metrics of '${name}'`)),
  };
}

function validationMetrics(dataset: Dataset, evaluation: Evaluation): Record<string, TaskMetrics> {
  return metricsOf(dataset, evaluation, () => 'chosen');
}

function metricsOf(
  dataset: Dataset,
  evaluation: Evaluation,
  thresholds: (task: Task) => 'chosen' | TaskMetrics,
): Record<string, TaskMetrics> {
  return Object.fromEntries(
    dataset.tasks.map((task, index) => {
      const scores = evaluation.tasks[index];
      if (!scores) throw new Error(`Task '${task.name}' was not evaluated.`);
      return [task.name, evaluateTask(task, scores, thresholds(task))];
    }),
  );
}

function epochRecord(setup: TrainingSetup, progress: Progress, validation: Record<string, TaskMetrics>): EpochRecord {
  const { epoch, step, totalSteps, sums, epochSeconds } = progress;
  const byTask = <Value>(value: (index: number) => Value): Record<string, Value> =>
    Object.fromEntries(setup.dataset.tasks.map(({ name }, index) => [name, value(index)]));
  // A task without a row in its sample space has no loss.
  const losses = setup.dataset.tasks.map((_, index) =>
    sums.counts[index] ? (sums.tasks[index] ?? 0) / sums.counts[index] : null,
  );
  const names = setup.dataset.tasks.map(({ name }) => name);
  const found = sums.balance && balanceOf(sums.balance, names, losses);
  const weights = found?.weights ?? setup.weightsAt(epoch - 1, totalSteps - step);
  const rates = setup.learningRatesAt(progress, totalSteps - step);
  const [rate = 0, ...others] = rates;
  return {
    epoch,
    steps: step,
    train: {
      loss: sums.loss / sums.steps,
      tasks: byTask((index) => losses[index] ?? null),
    },
    validation,
    weights: byTask((index) => weights[index] ?? 1),
    ...(found ? { balance: found.balance } : {}),
    learningRate:
      others.length === 0
        ? rate
        : Object.fromEntries(ownersOf(setup.parameters).map((owner, index) => [owner, rates[index]])),
    seconds: epochSeconds,
  };
}

/** Where the run stands after one more chunk of steps. */
interface EpochChunk {
  readonly progress: Progress;
  /** Of the epoch so far. */
  readonly meanLoss: number;
  /** Steps of a whole epoch. */
  readonly steps: number;
  /** Of this chunk, reading included. */
  readonly samplesPerSecond: number;
}

/**
 * The rest of the epoch at which `progress` stands.
 * @throws UserError with epoch, step and task when a loss is not finite.
 */
export async function* trainEpoch(
  setup: TrainingSetup,
  program: Program,
  from: Progress,
): AsyncGenerator<EpochChunk, void> {
  const { dataset, batchSize, model } = setup;
  const { epoch } = from;
  const steps = Math.ceil(dataset.splits.train.rows / batchSize);
  const arrays = batchArrays(dataset, batchSize, setup.learningRatesAt(from, 0).length, model.noise, setup);
  const { shape } = arrays.training.learningRate;
  const chunks = pace(arrays.bytes, program.transfers?.perChunkMilliseconds);
  const reader = readBatches(dataset, 'train', {
    batchSize,
    order: setup.order.stream(String(epoch)),
    skip: from.step,
  });
  // An update after every so many steps, and at the end of the epoch.
  const updatesOf = (completed: number, count: number) =>
    Float32Array.from({ length: count }, (_, index) => {
      const done = completed + index + 1;
      return done % setup.accumulate === 0 || done === steps ? 1 : 0;
    });
  let progress = from;
  while (progress.step < steps) {
    const started = performance.now();
    const chunk = await reader.take(chunks.steps());
    if (!chunk) throw new Error(`The data ended after ${progress.step} of ${steps} steps.`);
    const weights = new Float32Array(chunk.steps * dataset.tasks.length);
    const rates: number[] = [];
    for (let step = 0; step < chunk.steps; step++) {
      const total = progress.totalSteps + step;
      weights.set(setup.weightsAt(epoch - 1, total), step * dataset.tasks.length);
      rates.push(...setup.learningRatesAt(from, total));
    }
    const outputs = await program.run({
      ...chunk.arrays,
      ...noiseOf(model.noise, batchSize, setup.noise, { completedSteps: progress.totalSteps, steps: chunk.steps }),
      ...balancingNoiseOf(setup.balanced, setup.balancingNoise, {
        completedSteps: progress.totalSteps,
        steps: chunk.steps,
      }),
      weights: float32([chunk.steps, dataset.tasks.length], weights),
      learningRate: float32([chunk.steps, ...shape], Float32Array.from(rates)),
      ...(setup.accumulate === 1 ? {} : { update: float32([chunk.steps], updatesOf(progress.step, chunk.steps)) }),
    });
    const sums = addSteps(progress, outputs, chunk.arrays.mask.data, chunk.steps, batchSize, dataset.tasks);
    const seconds = (performance.now() - started) / 1000;
    chunks.observe(chunk.steps, seconds);
    const samples = chunk.rows.reduce((sum, rows) => sum + rows, 0);
    progress = {
      ...progress,
      step: progress.step + chunk.steps,
      totalSteps: progress.totalSteps + chunk.steps,
      sums,
      epochSeconds: progress.epochSeconds + seconds,
      seconds: progress.seconds + seconds,
      samples: progress.samples + samples,
    };
    yield { progress, meanLoss: sums.loss / sums.steps, steps, samplesPerSecond: samples / seconds };
    await setImmediate(); // lets signals and timers in: the engine blocks the thread while it runs
  }
}

function addSteps(
  progress: Progress,
  outputs: HostArrays,
  mask: Float32Array,
  steps: number,
  batchSize: number,
  tasks: readonly Task[],
): EpochSums {
  const { loss, tasks: taskLosses } = outputs;
  if (!loss || !taskLosses) throw new Error('The training step gave no loss.');
  const sums = { ...progress.sums, tasks: [...progress.sums.tasks], counts: [...progress.sums.counts] };
  for (let step = 0; step < steps; step++) {
    const joint = loss.data[step] ?? Number.NaN;
    const values = tasks.map((_, index) => taskLosses.data[step * tasks.length + index] ?? Number.NaN);
    const [lost, ...others] = tasks
      .filter((_, index) => !Number.isFinite(values[index]))
      .map(({ name }) => `'${name}'`);
    if (lost !== undefined) throw notFinite(progress.epoch, progress.step + step + 1, `loss of task ${lost}`, others);
    for (const [index, value] of values.entries()) {
      const from = (step * tasks.length + index) * batchSize; // of [S, T, B]
      const weight = mask.subarray(from, from + batchSize).reduce((sum, ofRow) => sum + ofRow, 0);
      sums.tasks[index] = (sums.tasks[index] ?? 0) + value * weight;
      sums.counts[index] = (sums.counts[index] ?? 0) + weight;
    }
    if (!Number.isFinite(joint)) throw notFinite(progress.epoch, progress.step + step + 1, 'joint loss');
    sums.loss += joint;
    sums.steps += 1;
  }
  const balance = addBalance(sums.balance, outputs, tasks.length);
  return balance ? { ...sums, balance } : sums;
}

function notFinite(epoch: number, step: number, what: string, others: readonly string[] = []): UserError {
  const also = others.length > 0 ? `, nor ${others.length > 1 ? 'are those' : 'is that'} of ${others.join(', ')}` : '';
  return new UserError(
    `The ${what} is not finite in epoch ${epoch}, step ${step}${also}: lower train.optimizer.learningRate or set clipNorm, ` +
      'and look for extreme values among the inputs and labels.',
  );
}
