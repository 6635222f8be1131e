import type { Program } from '../engine/engine.js';
import { ownersOf } from '../models/model.js';
import { jointLoss } from '../objective/joint-loss.js';
import type { HostArrays } from '../support/arrays.js';
import { must } from '../support/must.js';
import type { Diagnosis, WithoutExpert } from './diagnostics/diagnosis.js';
import { createDiagnostics, type Diagnostics } from './diagnostics/diagnostics.js';
import { type EpochRecord, epochRecord } from './epoch-record.js';
import { trainEpoch } from './epoch-steps.js';
import {
  createEvaluator,
  type Evaluation,
  type Evaluator,
  type SplitMetrics,
  splitMetrics,
  validationMetrics,
} from './evaluation.js';
import { emptySums, freshProgress, type Progress } from './progress.js';
import {
  advance,
  checkMonitor,
  type Observer,
  observe,
  observersOf,
  ofOwnBest,
  type Unit,
  unitsOf,
} from './selection.js';
import type { TrainingSetup } from './setup.js';
import { batchArrays, evaluatedValues, initialState, trainingStep } from './step.js';

/** A state of a run from which it can continue to the same bits. */
export interface Snapshot {
  readonly state: HostArrays;
  /** The parameters of the best epoch so far; empty before the first epoch has ended. */
  readonly best: HostArrays;
  /** Parameters by epoch, for epochs that are an observer's best and not the model's. */
  readonly ownBest: ParametersByEpoch;
  readonly progress: Progress;
}

type ParametersByEpoch = ReadonlyMap<number, HostArrays>;

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
  | { readonly kind: 'trained'; readonly trained: Trained }
);

export interface Trained {
  readonly best: HostArrays;
  readonly progress: Progress;
  /** By task, or for the model as a whole. */
  readonly bestEpoch: number | Readonly<Record<string, number>>;
  readonly validation: Evaluation;
  readonly test: Evaluation;
  /** All tasks' metrics by epoch, with the parameters in `Snapshot.ownBest`. */
  readonly ownBest: ReadonlyMap<number, SplitMetrics>;
  /** Diagnosis of the selected epoch, if it was asked for. */
  readonly diagnostics?: Diagnosis & { readonly withoutExpert?: WithoutExpert };
}

/** An epoch's parameters and their metrics on validation. */
interface EvaluatedEpoch {
  readonly parameters: HostArrays;
  readonly metrics: ReturnType<typeof validationMetrics>;
  readonly diagnosis: Diagnosis | undefined;
}

/**
 * Compiles the training and evaluation steps.
 * @param from the snapshot to continue from
 */
export async function startTraining(setup: TrainingSetup, from?: Snapshot): Promise<Trainer> {
  const { dataset, model, optimizer, engine, batchSize } = setup;
  const selection = selectionOf(setup, from);
  if (selection.observers.length > 0) await checkMonitor(setup.monitor, dataset);
  const started = performance.now();
  const step = trainingStep(model, jointLoss(dataset.tasks), optimizer, Object.keys(setup.parameters), setup);
  const rates = setup.learningRatesAt(selection.progress, 0).length;
  const batch = batchArrays(dataset, batchSize, rates, model.noise, setup).training;
  const state = from?.state ?? initialState(setup.parameters, optimizer, setup);
  const program = await engine.compile(step, { state, batch });
  try {
    const start = Object.fromEntries(Object.entries(setup.parameters).map(([name, { value }]) => [name, value]));
    const evaluator = await createEvaluator(engine, model, start, dataset, batchSize);
    const diagnostics = setup.diagnosed ? await createDiagnostics(setup, setup.diagnosed, start) : undefined;
    const seconds = (performance.now() - started) / 1000;
    return new Trainer(setup, { program, evaluator, diagnostics, seconds }, selection);
  } catch (error) {
    await program.release();
    throw error;
  }
}

/** A run's progress, and the parameters that it has kept. */
interface Selection {
  readonly units: readonly Unit[];
  readonly observers: readonly Observer[];
  readonly progress: Progress;
  readonly best: HostArrays;
  readonly ownBest: ParametersByEpoch;
}

function selectionOf(
  { parameters, dataset: { tasks }, monitor, initialLossWeights }: TrainingSetup,
  from?: Snapshot,
): Selection {
  const owners = ownersOf(parameters);
  const units = unitsOf(owners, tasks, monitor, initialLossWeights);
  const observers = observersOf(owners, tasks, monitor);
  const { best, ownBest, progress } = from ?? {
    best: {},
    ownBest: new Map(),
    progress: freshProgress(tasks.length, units.length, observers.length),
  };
  return { units, observers, best, ownBest, progress };
}

interface Compiled {
  readonly program: Program;
  readonly evaluator: Evaluator;
  readonly diagnostics: Diagnostics | undefined;
  readonly seconds: number;
}

/** For a joint model, each task's own best epoch is kept and evaluated too: up to a copy of the parameters per task. */
class Trainer {
  readonly #setup: TrainingSetup;
  readonly #compiled: Compiled;
  #selection: Selection;

  constructor(setup: TrainingSetup, compiled: Compiled, selection: Selection) {
    this.#setup = setup;
    this.#compiled = compiled;
    this.#selection = selection;
  }

  get compiled(): TrainingRecord {
    return { kind: 'compiled', seconds: this.#compiled.seconds, snapshot: this.#snapshot };
  }

  get hasEnded(): boolean {
    const { epoch, units } = this.#selection.progress;
    return epoch > this.#setup.epochs || units.every(({ stopped }) => stopped);
  }

  /** Trains the remaining steps of the epoch. */
  async *steps(): AsyncGenerator<TrainingRecord, void> {
    for await (const chunk of trainEpoch(this.#setup, this.#compiled.program, this.#selection.progress)) {
      const { progress } = chunk;
      this.#selection = { ...this.#selection, progress };
      yield { kind: 'step', ...chunk, epoch: progress.epoch, step: progress.step, snapshot: this.#snapshot };
    }
  }

  /** Evaluates the parameters on validation. */
  async *evaluate(): AsyncGenerator<TrainingRecord, EvaluatedEpoch> {
    const { program, diagnostics } = this.#compiled;
    const parameters = evaluatedValues(await program.readState(), Object.keys(this.#setup.parameters));
    const evaluation = yield* this.#evaluated(parameters, 'validation');
    const diagnosis = diagnostics?.isDue(this.#selection.progress.epoch)
      ? await diagnostics.look(parameters)
      : undefined;
    return { parameters, metrics: validationMetrics(this.#setup.dataset, evaluation), diagnosis };
  }

  /** Keeps the best so far, and goes to the next epoch. */
  keep({ parameters, metrics, diagnosis }: EvaluatedEpoch): TrainingRecord {
    const setup = this.#setup;
    const { units, observers, progress, ownBest } = this.#selection;
    const record = epochRecord(setup, progress, metrics, diagnosis);
    const advanced = units.map((unit, index) => {
      const before = must(progress.units[index], `state of unit ${index}`);
      const score = unit.score(metrics);
      const { state, improved } = advance(before, record.epoch, score, setup.stopping);
      return { improved, state: { ...state, learningRate: setup.followScore(before.learningRate, score) } };
    });
    const observed = observers.map((observer, index) =>
      observe(must(progress.observers[index], observer.task), record.epoch, observer.score(metrics)),
    );
    // Available parameters: the kept ones, those of the model's previous best epoch, and this epoch's.
    let { best } = this.#selection;
    const byEpoch = new Map([...ownBest, [progress.units[0]?.bestEpoch ?? 0, best], [record.epoch, parameters]]);
    for (const [index, { owner }] of units.entries())
      if (advanced[index]?.improved) best = { ...best, ...this.#ownedBy(owner, parameters) };
    this.#selection = {
      ...this.#selection,
      best,
      ownBest: ofOwnBest(observed, advanced[0]?.state, byEpoch),
      progress: {
        ...progress,
        epoch: progress.epoch + 1,
        step: 0,
        sums: emptySums(setup.dataset.tasks.length),
        epochSeconds: 0,
        units: advanced.map(({ state }) => state),
        observers: observed,
      },
    };
    const improved = advanced.some((unit) => unit.improved);
    const stopped = advanced.every(({ state }) => state.stopped);
    return { kind: 'epoch', record, improved, stopped, snapshot: this.#snapshot };
  }

  /** Evaluates what was kept, on validation and test. */
  async *finish(): AsyncGenerator<TrainingRecord, TrainingRecord> {
    const { units, progress, best } = this.#selection;
    const ownBest = new Map<number, SplitMetrics>();
    for (const [epoch, parameters] of this.#selection.ownBest)
      ownBest.set(epoch, splitMetrics(this.#setup.dataset, yield* this.#bothSplits(parameters)));
    const evaluations = yield* this.#bothSplits(best);
    const bestEpochs = units.map(({ owner }, index) => [owner, progress.units[index]?.bestEpoch ?? 0] as const);
    const joint = bestEpochs.find(([owner]) => owner === undefined);
    const bestEpoch = joint ? joint[1] : Object.fromEntries(bestEpochs);
    const diagnostics = yield* this.#diagnosed(best);
    const trained = { best, progress, bestEpoch, ...evaluations, ownBest, ...(diagnostics && { diagnostics }) };
    return { kind: 'trained', trained, snapshot: this.#snapshot };
  }

  async release(): Promise<void> {
    await this.#compiled.program.release();
    await this.#compiled.evaluator.release();
    await this.#compiled.diagnostics?.release();
  }

  #snapshot = async (): Promise<Snapshot> => {
    const { best, ownBest, progress } = this.#selection;
    return { state: await this.#compiled.program.readState(), best, ownBest, progress };
  };

  async *#bothSplits(parameters: HostArrays) {
    const validation = yield* this.#evaluated(parameters, 'validation');
    return { validation, test: yield* this.#evaluated(parameters, 'test') };
  }

  #evaluated(parameters: HostArrays, split: 'validation' | 'test'): AsyncGenerator<TrainingRecord, Evaluation> {
    return this.#reading(split, this.#compiled.evaluator.evaluate(parameters, split));
  }

  async *#diagnosed(parameters: HostArrays): AsyncGenerator<TrainingRecord, Trained['diagnostics']> {
    const { diagnostics } = this.#compiled;
    if (!diagnostics) return undefined;
    const diagnosis = await diagnostics.look(parameters);
    const leaving = diagnostics.leaveOut(parameters, this.#selection.progress.totalSteps);
    const withoutExpert = yield* this.#reading('validation', leaving);
    return { ...diagnosis, ...(withoutExpert && { withoutExpert }) };
  }

  /** Reports the number of rows done. */
  async *#reading<Result>(
    split: 'validation' | 'test',
    work: AsyncGenerator<number, Result>,
  ): AsyncGenerator<TrainingRecord, Result> {
    const of = this.#setup.dataset.splits[split].rows;
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      yield { kind: 'rows', split, rows: next.value, of, snapshot: this.#snapshot };
    }
  }

  #ownedBy(owner: string | undefined, parameters: HostArrays): HostArrays {
    const own = Object.entries(parameters).filter(
      ([name]) => owner === undefined || this.#setup.parameters[name]?.task === owner,
    );
    return Object.fromEntries(own);
  }
}
