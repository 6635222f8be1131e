import { join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import type { Task } from '../data/dataset.js';
import { classScores, rowsOfClasses } from '../metrics/class-scores.js';
import { selectionScore, type TaskMetrics } from '../metrics/evaluate.js';
import { must } from '../support/must.js';
import type { Diagnosis, WithoutExpert } from './diagnostics/diagnosis.js';
import type { EpochRecord } from './epoch-record.js';
import { type Evaluation, splitMetrics } from './evaluation.js';
import { isFinished } from './folder/run-folder.js';
import type { FileHashes } from './folder/run-manifest.js';
import { readSealed } from './folder/stored-file.js';
import { lossWeightsOf } from './loss-weights.js';
import { freshUnit, type UnitState } from './progress.js';
import { advance, type Unit, unitsOf } from './selection.js';
import { countByTask, countParameters, type TrainingSetup } from './setup.js';
import type { Trained } from './trainer.js';

/** How a run ended: on a plateau, or at its limit of epochs, when it may have been still improving. */
export type Ended = 'plateau' | 'limit';

/** An error that fell by a smaller share than this over the last epochs counts as constant. */
const leastFall = 0.01;
/** The share of the allowed epochs that are the last ones; at least one epoch. */
const lastPart = 1 / 5;

/**
 * Whether every unit ended on a plateau. A unit did if it stopped by patience, or if its least error so far (1 - score,
 * or the loss) fell by less than 1 % over the last fifth of the allowed epochs. A unit without a validation row is
 * ignored; a run with none other is at its limit.
 * @param bestEpoch an object by task if each task was a unit
 */
export function howEnded(
  epochs: readonly EpochRecord[],
  { tasks: configured, loss, train }: Pick<Experiment, 'tasks' | 'loss' | 'train'>,
  bestEpoch: Trained['bestEpoch'],
): Ended {
  if (epochs.length === 0) return 'limit';
  const units = unitsIn(epochs, { tasks: configured, loss, train }, typeof bestEpoch !== 'number');
  const plateaus = units.flatMap((unit) => {
    const judged = epochs.filter(({ validation }) => unit.error(validation) !== null);
    return judged.length === 0 ? [] : [selectedOver(unit, judged, train).stopped || isFlat(unit, judged, train.epochs)];
  });
  return plateaus.length > 0 && plateaus.every((is) => is) ? 'plateau' : 'limit';
}

/**
 * The units of a stored run, each with its own best epoch: see `unitsOf`.
 * @param independent each task was a unit
 */
export function unitsIn(
  [first]: readonly EpochRecord[],
  { tasks: configured, loss, train }: Pick<Experiment, 'tasks' | 'loss' | 'train'>,
  independent: boolean,
): readonly Unit[] {
  // A standardised loss is relative to the variance of the training labels; epochs.jsonl has only that of the
  // validation labels.
  const tasks = configured.map(({ name, type, standardize }): Task => {
    const variance = Number(first?.validation[name]?.labelVariance);
    return { name, type, offset: 0, scale: standardize && variance > 0 ? Math.sqrt(variance) : 1 };
  });
  const owners = independent ? tasks.map(({ name }) => name) : [undefined];
  // The initial weights of the config, as in training. An epoch's weights may be a balancing method's.
  const { initial } = lossWeightsOf({ tasks: configured, loss });
  return unitsOf(owners, tasks, train.earlyStopping.monitor, initial);
}

/** The state of a unit after these epochs. */
export function selectedOver(
  unit: Unit,
  epochs: readonly EpochRecord[],
  { earlyStopping }: Experiment['train'],
): UnitState {
  return epochs.reduce(
    (state, { epoch, validation }) => advance(state, epoch, unit.score(validation), earlyStopping).state,
    freshUnit,
  );
}

function isFlat(unit: Unit, epochs: readonly EpochRecord[], allowed: number): boolean {
  const lastEpochs = Math.max(1, Math.round(allowed * lastPart));
  const least = (records: readonly EpochRecord[]) =>
    Math.min(...records.map(({ validation }) => unit.error(validation) ?? Number.POSITIVE_INFINITY));
  const before = least(epochs.filter(({ epoch }) => epoch <= allowed - lastEpochs));
  const end = least(epochs);
  return before === end || before - end < leastFall * before;
}

interface ParameterCounts {
  readonly embedding: number;
  readonly network: number;
}

interface TaskResult {
  readonly type: string;
  /** Rows of each class of a multiclass task, whatever their weights. */
  readonly classes?: readonly { readonly name: string; readonly validation: number; readonly test: number }[];
  /** Metrics at the selected epoch. */
  readonly validation: TaskMetrics;
  readonly test: TaskMetrics;
  /** For a joint model: at the best epoch of this task alone, until the model stopped. */
  readonly ownBest?: { readonly epoch: number; readonly validation: TaskMetrics; readonly test: TaskMetrics };
}

/** result.json without its checksum. */
export interface Result {
  readonly schema: 1;
  readonly name: string;
  readonly model: string;
  readonly seed: number;
  readonly parameters: ParameterCounts;
  /** Counts of each task's own network; absent where tasks share parameters. */
  readonly parametersByTask?: Readonly<Record<string, ParameterCounts>>;
  readonly epochs: number;
  /** By task, where tasks share no parameters. */
  readonly bestEpoch: number | Readonly<Record<string, number>>;
  readonly ended: Ended;
  readonly dataset: {
    readonly checksum: string;
    readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
  };
  readonly engine: { readonly name: string; readonly device: string };
  readonly throughput: {
    readonly samplesPerSecond: number;
    readonly stepMilliseconds: number;
    readonly batchSize: number;
  };
  readonly tasks: Readonly<Record<string, TaskResult>>;
  /** At the selected epoch, if the config asks for it. */
  readonly diagnostics?: Diagnosis & { readonly withoutExpert?: WithoutExpert };
  /** SHA-256 of the run's files. */
  readonly files: FileHashes;
}

/** @param epochs the lines of epochs.jsonl */
export function resultOf(
  experiment: Experiment,
  setup: TrainingSetup,
  trained: Trained,
  epochs: readonly EpochRecord[],
): Omit<Result, 'files'> {
  const { dataset, engine, batchSize } = setup;
  const { progress, bestEpoch } = trained;
  const { train, validation, test } = dataset.splits;
  const parametersByTask = countByTask(setup.model.parameters);
  const selected = splitMetrics(dataset, trained);
  const of = (task: string, { validation, test } = selected) => ({
    validation: must(validation[task], `validation metrics of task '${task}'`),
    test: must(test[task], `test metrics of task '${task}'`),
  });
  return {
    schema: 1,
    name: experiment.name,
    model: experiment.model.type,
    seed: experiment.seed,
    parameters: countParameters(setup.model.parameters),
    ...(parametersByTask ? { parametersByTask } : {}),
    epochs: progress.epoch - 1,
    bestEpoch,
    ended: howEnded(epochs, experiment, bestEpoch),
    dataset: {
      checksum: dataset.checksum,
      rows: { train: train.rows, validation: validation.rows, test: test.rows },
    },
    engine: { name: engine.name, device: engine.device },
    throughput: {
      samplesPerSecond: progress.samples / progress.seconds,
      stepMilliseconds: (1000 * progress.seconds) / progress.totalSteps,
      batchSize,
    },
    tasks: Object.fromEntries(
      dataset.tasks.map((task, index) => {
        const { name, type } = task;
        const own = { type, ...classCounts(task, index), ...of(name) };
        const observed = progress.observers[index];
        if (!observed) return [name, own];
        const epoch = observed.bestEpoch; // not among `trained.ownBest`: the selected one
        return [name, { ...own, ownBest: { epoch, ...of(name, trained.ownBest.get(epoch)) } }];
      }),
    ),
    ...(trained.diagnostics && { diagnostics: trained.diagnostics }),
  };

  function classCounts(task: Task, index: number): Pick<TaskResult, 'classes'> {
    if (!task.classes) return {};
    const rows = (evaluation: Evaluation) => rowsOfClasses(classScores(task, must(evaluation.tasks[index], 'scores')));
    const [validation, test] = [rows(trained.validation), rows(trained.test)];
    return {
      classes: task.classes.map((text, place) => ({
        name: text,
        validation: must(validation[place], 'count'),
        test: must(test[place], 'count'),
      })),
    };
  }
}

/** The result of a finished run in this folder. */
export function readResult(path: string): Result | undefined {
  return isFinished(path) ? readSealed(join(path, 'result.json'), 1) : undefined;
}

type Judged = Pick<Result, 'tasks' | 'bestEpoch' | 'ended'>;

/** Notes for the user on a result. */
export function notesOn(result: Judged, mostEpochs: number): string[] {
  const notes: string[] = [];
  for (const [task, splits] of Object.entries(result.tasks)) {
    for (const split of ['validation', 'test'] as const) {
      const missing = Object.entries(splits[split]).filter(([, value]) => value === null);
      if (missing.length === 0) continue;
      const counts = Object.entries(splits[split]).filter(([name]) => name === 'samples' || name === 'positives');
      notes.push(
        `${split} of task '${task}': ${missing.map(([name]) => name).join(', ')} not defined (${counts
          .map(([name, value]) => `${value} ${name}`)
          .join(', ')}).`,
      );
    }
  }
  notes.push(...withoutScore(result));
  if (result.ended === 'limit' && Object.values(result.tasks).some(hasValidationRow)) {
    const limit = mostEpochs === 1 ? '1 epoch' : `${mostEpochs} epochs and was still improving`;
    notes.push(`The run ended at its limit of ${limit}: raise train.epochs.`);
  }
  return notes;
}

/** The reason why a run ended, as a sentence; undefined at its limit, which `notesOn` reports. */
export function endedBy(
  { ended, epochs }: Pick<Result, 'ended' | 'epochs'>,
  { epochs: limit, earlyStopping: { patience } }: Experiment['train'],
): string | undefined {
  if (ended !== 'plateau') return undefined;
  if (epochs < limit)
    return `The run ended by patience in epoch ${epochs} of ${limit}: no better score in ${patience} epochs.`;
  return `The run ended at its limit of ${limit} epochs, on a plateau: its error hardly fell in the last fifth of them.`;
}

/** Notes on how an epoch was selected without a score. */
function withoutScore({ tasks, bestEpoch }: Judged): string[] {
  const missing = Object.entries(tasks).filter(([, task]) => selectionScore(task, task.validation) === null);
  if (typeof bestEpoch !== 'number')
    return missing.map(([name, { validation }]) =>
      hasValidationRow({ validation })
        ? `Task '${name}' has no score on validation: its best epoch is that of its loss there.`
        : `Task '${name}' has no validation row: its last epoch is kept.`,
    );
  if (missing.length < Object.keys(tasks).length) return [];
  return [
    missing.some(([, task]) => hasValidationRow(task))
      ? 'No task has a score on validation: the best epoch is that of the joint loss there.'
      : 'No task has a validation row: the last epoch is kept.',
  ];
}

function hasValidationRow({ validation }: Pick<TaskResult, 'validation'>): boolean {
  return validation.samples !== 0;
}
