import type { Program } from '../engine/engine.js';
import { jointLoss } from '../objective/joint-loss.js';
import { elementCount, type HostArrays } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { mapValues } from '../support/records.js';
import { createDiagnostics, type Diagnosis, type Diagnostics } from './diagnostics.js';
import { type EpochRecord, epochRecord } from './epoch-record.js';
import { trainEpoch } from './epoch-steps.js';
import { createEvaluator, type Evaluation, type Evaluator, validationMetrics } from './evaluation.js';
import { emptySums, freshProgress, type Progress } from './progress/progress.js';
import {
  checkMonitor,
  isJoint,
  type KeptParameters,
  keptAfter,
  nothingSelected,
  type ServedParameters,
  selectedAfter,
  served,
  servedEpochs,
} from './progress/selection.js';
import type { TrainingSetup } from './setup.js';
import { batchArrays, evaluatedValues, initialState, rowIndexes, trainingStep } from './step.js';
import { trainingRows } from './training-rows.js';

/** A state of a run from which it can continue to the same bits. */
export interface Snapshot {
  readonly state: HostArrays;
  readonly kept: KeptParameters;
  readonly progress: Progress;
}

/** `snapshot` may be called until the generator is asked for the next record. */
export type TrainingRecord = { readonly snapshot: () => Promise<Snapshot> } & (
  | { readonly kind: 'compiled'; readonly seconds: number; readonly note: string | undefined }
  | {
      readonly kind: 'step';
      readonly epoch: number;
      readonly step: number;
      readonly steps: number;
      readonly meanLoss: number;
      readonly samplesPerSecond: number;
    }
  | { readonly kind: 'rows'; readonly split: 'validation' | 'test'; readonly rows: number; readonly of: number }
  | {
      readonly kind: 'epoch';
      readonly record: EpochRecord;
      /** Tasks that this epoch would serve if training ended with it; none with `keep: last`. */
      readonly bestOf: readonly string[];
      readonly stopped: boolean;
    }
  | { readonly kind: 'trained'; readonly trained: Trained }
);

export interface Trained {
  readonly progress: Progress;
  readonly served: readonly ServedParameters[];
  /** Each task's scores and its own gates, by the parameters that serve the task. Shared gates are those of the chosen epoch. */
  readonly own: Evaluations;
  /** With `keep: best`: all tasks' scores by the parameters of the epoch that is chosen for all. */
  readonly choice?: Evaluations;
}

interface Evaluations {
  readonly validation: Evaluation;
  readonly test: Evaluation;
}

/** An epoch's parameters and their metrics on validation. */
interface EvaluatedEpoch {
  readonly parameters: HostArrays;
  readonly metrics: ReturnType<typeof validationMetrics>;
  readonly diagnosis: Diagnosis | undefined;
}

/**
 * Compiles the training and evaluation steps. A table of which a step touches only some rows is trained in place: the
 * set-up, evaluation and snapshots share its array.
 * @param from the snapshot to continue from
 */
export async function startTraining(setup: TrainingSetup, from?: Snapshot): Promise<Trainer> {
  const { dataset, model, optimizer, engine, batchSize, selection } = setup;
  const progress = from?.progress ?? freshProgress(nothingSelected(selection));
  if (selection.keep !== 'last' && isJoint(selection)) await checkMonitor(setup.monitor, dataset);
  const started = performance.now();
  const step = trainingStep(model, jointLoss(dataset.tasks), optimizer, Object.keys(setup.parameters), setup);
  const rates = setup.learningRatesAt(progress, 0).length;
  const batch = batchArrays(dataset, batchSize, rates, model.noise, setup).training;
  const state = from?.state ?? initialState(setup.parameters, optimizer, setup);
  const rows = rowIndexes(model, optimizer.lazy, state);
  const program = await engine.compile(step, { state, batch, rows });
  try {
    const start = mapValues(model.parameters, (_, name) => must(setup.parameters[name], name).value);
    const tables = rowIndexes(model, optimizer.lazy, start);
    const evaluator = await createEvaluator(engine, model, start, dataset, batchSize, tables);
    const diagnostics = setup.diagnosed ? await createDiagnostics(setup, setup.diagnosed, start, tables) : undefined;
    const seconds = (performance.now() - started) / 1000;
    return new Trainer(setup, { program, evaluator, diagnostics, seconds }, progress, from?.kept ?? new Map());
  } catch (error) {
    await program.release();
    throw error;
  }
}

/** The most values of a table whose rows an engine computes all, in every step. */
const mostWholeValues = 2 ** 27;

interface Tables {
  readonly model: Pick<TrainingSetup['model'], 'parameters'>;
  readonly optimizer: Pick<TrainingSetup['optimizer'], 'lazy'>;
  readonly engine: Pick<TrainingSetup['engine'], 'name' | 'device'>;
}

/**
 * A note on lazy tables if every step computes all their rows.
 * @throws ConfigError if that takes too long
 */
export function wholeTables({ model, optimizer, engine }: Tables, rows?: ReadonlySet<string>): string | undefined {
  const whole = optimizer.lazy.filter((name) => !rows?.has(name));
  if (whole.length === 0) return undefined;
  const all = `each step computes every row of ${whole.join(', ')}`;
  const where = engine.name === 'tfjs' ? 'engine: tfjs' : `engine.device: ${engine.device}`;
  if (engine.name === 'compiled' && engine.device !== 'webgpu')
    return `The model uses tables, or their ids, for more than look-ups: ${all}.`;
  if (whole.some((name) => elementCount(must(model.parameters[name], name).shape) > mostWholeValues))
    throw new ConfigError(`${where}: ${all}, which is too much here: say engine.device=cpu or cuda.`);
  return `${where}: ${all}; on cpu and cuda, those that its batch reads.`;
}

interface Compiled {
  readonly program: Program;
  readonly evaluator: Evaluator;
  readonly diagnostics: Diagnostics | undefined;
  readonly seconds: number;
}

/** Keeps and evaluates each task's best epoch. A joint model may need a copy of the parameters for each task. */
class Trainer {
  readonly #setup: TrainingSetup;
  readonly #compiled: Compiled;
  readonly #take: ReturnType<typeof trainingRows>;
  #progress: Progress;
  #kept: KeptParameters;

  constructor(setup: TrainingSetup, compiled: Compiled, progress: Progress, kept: KeptParameters) {
    this.#setup = setup;
    this.#compiled = compiled;
    this.#take = trainingRows(setup);
    this.#progress = progress;
    this.#kept = kept;
  }

  get compiled(): TrainingRecord {
    const { program, seconds } = this.#compiled;
    return { kind: 'compiled', seconds, note: wholeTables(this.#setup, program.rows), snapshot: this.#snapshot };
  }

  get hasEnded(): boolean {
    const { epoch, units } = this.#progress;
    return epoch > this.#setup.epochs || units.every(({ stopped }) => stopped);
  }

  /** Trains the remaining steps of the epoch. */
  async *steps(): AsyncGenerator<TrainingRecord, void> {
    for await (const chunk of trainEpoch(this.#setup, this.#compiled.program, this.#take, this.#progress)) {
      const { progress } = chunk;
      this.#progress = progress;
      yield { kind: 'step', ...chunk, epoch: progress.epoch, step: progress.step, snapshot: this.#snapshot };
    }
  }

  /** Evaluates the parameters on validation. */
  async *evaluate(): AsyncGenerator<TrainingRecord, EvaluatedEpoch> {
    const { program, diagnostics } = this.#compiled;
    const parameters = evaluatedValues(await program.readState(), Object.keys(this.#setup.model.parameters));
    const evaluation = yield* this.#evaluated(parameters, 'validation');
    const diagnosis = diagnostics?.isDue(this.#progress.epoch) ? await diagnostics.measure(parameters) : undefined;
    return { parameters, metrics: validationMetrics(this.#setup.dataset, evaluation), diagnosis };
  }

  /** Keeps the best so far, and goes to the next epoch. */
  keep({ parameters, metrics, diagnosis }: EvaluatedEpoch): TrainingRecord {
    const { selection, dataset } = this.#setup;
    const { epoch } = this.#progress;
    const record = epochRecord(this.#setup, this.#progress, metrics, diagnosis);
    const selected = selectedAfter(selection, this.#progress, epoch, metrics);
    const ofRun = { selection, selected, parameters: this.#setup.parameters };
    this.#kept = keptAfter(this.#kept, epoch, parameters, { ...ofRun, inPlace: this.#compiled.program.rows });
    const epochs = servedEpochs(selection, selected);
    const next = { epoch: epoch + 1, step: 0, sums: emptySums(dataset.tasks.length), epochSeconds: 0 };
    this.#progress = { ...this.#progress, ...next, ...selected };
    return {
      kind: 'epoch',
      record,
      bestOf: dataset.tasks.flatMap(({ name }, task) => {
        return selection.keep !== 'last' && epochs[task] === epoch ? [name] : [];
      }),
      stopped: selected.units.every(({ stopped }) => stopped),
      snapshot: this.#snapshot,
    };
  }

  /** Evaluates what serves each task, and the epoch that is chosen for all, on validation and test. */
  async *finish(): AsyncGenerator<TrainingRecord, TrainingRecord> {
    const { selection, parameters, dataset } = this.#setup;
    const { bestEpoch } = this.#progress.choice;
    const names = dataset.tasks.map(({ name }) => name);
    const sets = served(this.#kept, names, { selection, selected: this.#progress, parameters });
    const bySet: Evaluations[] = [];
    for (const set of sets) bySet.push(yield* this.#bothSplits(set.parameters));
    let choice: Evaluations | undefined;
    if (selection.keep === 'best')
      choice =
        bySet[sets.findIndex(({ epoch }) => epoch === bestEpoch)] ??
        (yield* this.#bothSplits(must(this.#kept.get(bestEpoch), 'the chosen epoch')));
    const byTask = names.map((name) => must(bySet[sets.findIndex(({ tasks }) => tasks.includes(name))], name));
    const own = (split: 'validation' | 'test'): Evaluation => ({
      tasks: byTask.map((found, task) => must(found[split].tasks[task], 'scores')),
      gates: (choice ?? must(bySet[0], 'a set'))[split].gates.map(
        (shared, index) => byTask[names.indexOf(shared.gate)]?.[split].gates[index] ?? shared,
      ),
    });
    const trained: Trained = {
      progress: this.#progress,
      served: sets,
      own: { validation: own('validation'), test: own('test') },
      ...(choice && { choice }),
    };
    return { kind: 'trained', trained, snapshot: this.#snapshot };
  }

  async release(): Promise<void> {
    await this.#compiled.program.release();
    await this.#compiled.evaluator.release();
    await this.#compiled.diagnostics?.release();
  }

  #snapshot = async (): Promise<Snapshot> => {
    const [kept, progress] = [this.#kept, this.#progress];
    return { state: await this.#compiled.program.readState(), kept, progress };
  };

  async *#bothSplits(parameters: HostArrays): AsyncGenerator<TrainingRecord, Evaluations> {
    const validation = yield* this.#evaluated(parameters, 'validation');
    return { validation, test: yield* this.#evaluated(parameters, 'test') };
  }

  /** Reports the number of rows done. */
  async *#evaluated(parameters: HostArrays, split: 'validation' | 'test'): AsyncGenerator<TrainingRecord, Evaluation> {
    const work = this.#compiled.evaluator.evaluate(parameters, split);
    const of = this.#setup.dataset.splits[split].rows;
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      yield { kind: 'rows', split, rows: next.value, of, snapshot: this.#snapshot };
    }
  }
}
