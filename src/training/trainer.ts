import type { Dataset } from '../data/dataset.js';
import type { Program } from '../engine/engine.js';
import { evaluateTask, type TaskMetrics } from '../metrics/evaluate.js';
import { jointLoss } from '../objective/joint-loss.js';
import type { HostArray, HostArrays } from '../support/arrays.js';
import { trainEpoch } from './epoch.js';
import { createEvaluator, type Evaluation, type Evaluator } from './evaluation.js';
import { emptySums, freshProgress, type Progress } from './progress.js';
import { advance, checkMonitor, unitsOf } from './selection.js';
import type { TrainingSetup } from './setup.js';
import { batchArrays, initialState, trainingStep } from './step.js';

/** A moment of a run from which it can go on to the same bits. */
export interface Snapshot {
  readonly state: HostArrays;
  /** The parameters of the best epoch so far; empty before the first epoch has ended. */
  readonly best: HostArrays;
  readonly progress: Progress;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly steps: number;
  readonly train: { readonly loss: number; readonly tasks: Readonly<Record<string, number | null>> };
  readonly validation: Readonly<Record<string, TaskMetrics>>;
  /** Loss weights at the epoch's first step. */
  readonly weights: Readonly<Record<string, number>>;
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
}

/**
 * Trains, and yields a record after every chunk of steps and every epoch. Selection reads the validation split only; the test
 * split is read once, after the last epoch, with the best parameters.
 */
export async function* train(setup: TrainingSetup, from?: Snapshot): AsyncGenerator<TrainingRecord, Trained> {
  const { dataset, model, optimizer, engine, batchSize } = setup;
  const names = Object.keys(setup.parameters);
  const units = unitsOf(setup.parameters, dataset.tasks, setup.monitor, setup.weightsAt(0, 0));
  if (units.every(({ owner }) => owner === undefined)) await checkMonitor(setup.monitor, dataset);
  let best: HostArrays = from?.best ?? {};
  let progress: Progress = from?.progress ?? freshProgress(dataset.tasks.length, units.length);

  const started = performance.now();
  const program = await engine.compile(trainingStep(model, jointLoss(dataset.tasks), optimizer, names), {
    state: from?.state ?? initialState(setup.parameters, optimizer),
    batch: batchArrays(dataset, batchSize).training,
  });
  const snapshot = async (): Promise<Snapshot> => ({ state: await program.readState(), best, progress });
  let evaluator: Evaluator | undefined;
  try {
    const initial = Object.fromEntries(Object.entries(setup.parameters).map(([name, { value }]) => [name, value]));
    evaluator = await createEvaluator(engine, model, initial, dataset, batchSize);
    yield { kind: 'compiled', seconds: (performance.now() - started) / 1000, snapshot };

    while (progress.epoch <= setup.epochs && !progress.units.every((unit) => unit.stopped)) {
      for await (const chunk of trainEpoch(setup, program, progress)) {
        progress = chunk.progress;
        yield { kind: 'step', ...chunk, epoch: progress.epoch, step: progress.step, snapshot };
      }
      const parameters = await readParameters(program, names);
      const validation = metricsOf(dataset, yield* evaluated(evaluator, parameters, 'validation'));
      const record = epochRecord(setup, progress, validation);
      const advanced = units.map((unit, index) => {
        const state = progress.units[index];
        if (!state) throw new Error(`Unit ${index} has no state.`);
        return advance(state, record.epoch, unit.score(validation), setup.patience);
      });
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
      };
      const improved = advanced.some((unit) => unit.improved);
      yield { kind: 'epoch', record, improved, stopped: progress.units.every((unit) => unit.stopped), snapshot };
    }

    const validation = yield* evaluated(evaluator, best, 'validation');
    const test = yield* evaluated(evaluator, best, 'test');
    const bestEpochs = units.map(({ owner }, index) => [owner, progress.units[index]?.bestEpoch ?? 0] as const);
    const joint = bestEpochs.find(([owner]) => owner === undefined);
    return { best, progress, bestEpoch: joint ? joint[1] : Object.fromEntries(bestEpochs), validation, test };
  } finally {
    await program.release();
    await evaluator?.release();
  }

  async function* evaluated(
    by: Evaluator,
    parameters: HostArrays,
    split: 'validation' | 'test',
  ): AsyncGenerator<TrainingRecord, Evaluation> {
    const evaluation = by.evaluate(parameters, split);
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

/** Every task's metrics over its own sample space. */
export function metricsOf(dataset: Dataset, evaluation: Evaluation): Record<string, TaskMetrics> {
  return Object.fromEntries(
    dataset.tasks.map((task, index) => {
      const scores = evaluation.tasks[index];
      if (!scores) throw new Error(`Task '${task.name}' was not evaluated.`);
      return [task.name, evaluateTask(task, scores)];
    }),
  );
}

async function readParameters(program: Program, names: readonly string[]): Promise<Record<string, HostArray>> {
  const state = await program.readState();
  return Object.fromEntries(
    names.map((name) => {
      const value = state[name];
      if (!value) throw new Error(`The engine lost parameter '${name}'.`);
      return [name, value];
    }),
  );
}

function epochRecord(
  setup: TrainingSetup,
  { epoch, step, totalSteps, sums, epochSeconds }: Progress,
  validation: Record<string, TaskMetrics>,
): EpochRecord {
  const byTask = <Value>(value: (index: number) => Value): Record<string, Value> =>
    Object.fromEntries(setup.dataset.tasks.map(({ name }, index) => [name, value(index)]));
  const weights = setup.weightsAt(epoch - 1, totalSteps - step);
  return {
    epoch,
    steps: step,
    train: {
      loss: sums.loss / sums.steps,
      // A task without a row in its sample space has no loss.
      tasks: byTask((index) => (sums.counts[index] ? (sums.tasks[index] ?? 0) / sums.counts[index] : null)),
    },
    validation,
    weights: byTask((index) => weights[index] ?? 1),
    seconds: epochSeconds,
  };
}
