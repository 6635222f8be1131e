import type { Experiment } from '../../config/experiment.js';
import type { Dataset, Task } from '../../data/dataset.js';
import { copyArray } from '../../engine/signature.js';
import { selectingMetric, selectionScore, type TaskMetrics, taskLoss } from '../../metrics/evaluate.js';
import type { Parameters } from '../../models/model.js';
import { type LearningRateSchedule, noScores } from '../../optimizers/schedules/learning-rate-schedule.js';
import type { HostArrays } from '../../support/arrays.js';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { freshWait, haveWaited, waitedFor } from '../../support/patience.js';
import { mapValues } from '../../support/records.js';
import type { Best, Selected } from './progress.js';

/** How a run's epochs are judged, which are kept, and when training stops. */
export interface Selection {
  /** In the order of the config: what finds the epoch that is best for the task. */
  readonly tasks: readonly Judge[];
  /** One epoch for all tasks. */
  readonly choice: Judge;
  readonly units: readonly Unit[];
  /** `one`: a network's tasks are all judged at its chosen epoch. `last`: none is chosen; validation only reports. */
  readonly keep: Experiment['train']['keep'];
  readonly stopping: Pick<Experiment['train']['earlyStopping'], 'patience' | 'minDelta'>;
  /** See `LearningRateSchedule`. Absent: the learning rate follows no score. */
  readonly follow?: LearningRateSchedule['follow'] | undefined;
}

/**
 * What stops together and has one learning rate: a joint model, or the own network of one task. Networks that share
 * nothing are units of their own, so that they equal separate runs.
 */
interface Unit {
  /** Set for one task's own network: the `task` of its parameters. */
  readonly owner?: string;
  /** Tasks, by index. It goes on while the score of one of them rises. */
  readonly watched: readonly number[];
}

interface Judge {
  /**
   * Higher is better. Null if no validation row is in a sample space; then no epoch is better than the last. See
   * `selectionScore` for the unit, which a score by `metric:<name>` or `loss` does not have.
   */
  score(validation: Validation): number | null;
  /** A rise of a score by less is small: a unit of `selectionScore`, a metric's margin, or 1 % of a loss. */
  small(validation: Validation, score: number): number;
}

type Validation = Readonly<Record<string, TaskMetrics>>;

interface SelectionInputs {
  /** See `independentTasks`. */
  readonly owners: readonly (string | undefined)[];
  readonly tasks: readonly Task[];
  readonly train: Pick<Experiment['train'], 'earlyStopping' | 'keep'>;
  /** Weights of the joint loss, by task. */
  readonly lossWeights: readonly number[];
  readonly follow?: Selection['follow'];
}

/**
 * A task whose validation labels have one class or no variance has no score: its loss decides for it, and a mean over
 * tasks leaves it out.
 *
 * The monitor `mean` chooses one epoch by the mean score over tasks, and goes on while any task improves. `task:<name>`:
 * this task alone chooses and goes on. `metric:<name>`: tasks of its type are scored by this metric, negated where lower
 * is better. `loss`: tasks are scored by their loss, negated, and one epoch is chosen by the joint loss.
 */
export function planSelection({ owners, tasks, train, lossWeights, follow }: SelectionInputs): Selection {
  const { monitor, patience, minDelta } = train.earlyStopping;
  const watched = tasks.flatMap((task, index) => (isWatched(task, monitor) ? [index] : []));
  return {
    tasks: tasks.map((task) => judge([task], ownMonitor(task, monitor), [1], true)),
    choice: judge(tasks, monitor, lossWeights),
    units: owners.map((owner) => {
      if (owner === undefined) return { watched };
      return { owner, watched: [tasks.findIndex(({ name }) => name === owner)] };
    }),
    keep: train.keep,
    stopping: { patience, minDelta },
    follow,
  };
}

function isWatched({ name, type }: Task, monitor: string): boolean {
  const metric = selectingMetric(monitor);
  if (metric) return metric.type === type;
  return !monitor.startsWith('task:') || monitor === `task:${name}`;
}

/** What scores a task by itself. */
function ownMonitor({ type }: Task, monitor: string): string {
  return monitor === 'loss' || selectingMetric(monitor)?.type === type ? monitor : 'mean';
}

/** @param alone without a score, the task's loss decides: there are no other tasks */
function judge(tasks: readonly Task[], monitor: string, lossWeights: readonly number[], alone = false): Judge {
  const metric = selectingMetric(monitor);
  const watched = monitor === 'loss' ? [] : tasks.filter((task) => isWatched(task, monitor));
  const scoreOfTask = metric?.score ?? selectionScore;
  const epochScore = (validation: Validation) => {
    const scores = watched
      .map((task) => scoreOfTask(task, taskMetrics(task, validation)))
      .filter((value) => value !== null);
    if (scores.length > 0) return scores.reduce((sum, score) => sum + score, 0) / scores.length;
    if (!alone && (metric || monitor.startsWith('task:'))) throw noScore(monitor);
    return null;
  };
  const usualLoss = (validation: Validation) => {
    // A task without a validation row in its sample space has null: it adds nothing, as in training.
    const losses = tasks.map((task, index) => {
      const loss = taskLoss(task, taskMetrics(task, validation));
      return loss === null ? null : (lossWeights[index] ?? 1) * loss;
    });
    const defined = losses.filter((value) => value !== null);
    return defined.length > 0 ? defined.reduce((sum, loss) => sum + loss, 0) : null;
  };
  return {
    score(validation) {
      const score = epochScore(validation);
      if (score !== null) return score;
      const loss = usualLoss(validation);
      return loss === null ? null : -loss;
    },
    small(validation, score) {
      if (epochScore(validation) === null) return 0.01 * Math.abs(score);
      return metric ? metric.small(score) : 1;
    },
  };
}

function taskMetrics({ name }: Task, validation: Validation): TaskMetrics {
  return must(validation[name], `validation metrics of task '${name}'`);
}

const noBest: Best = { bestScore: null, bestEpoch: 0 };

/** Before the first epoch. */
export function nothingSelected({ tasks, units }: Pick<Selection, 'tasks' | 'units'>): Selected {
  return {
    tasks: tasks.map(() => ({ ...noBest, patience: freshWait })),
    choice: noBest,
    units: units.map(({ watched }) => ({ stopped: false, learningRate: noScores(watched.length) })),
  };
}

/**
 * What is found after one more epoch. Any higher score makes a best epoch; for `patience` it must be higher by more than
 * `minDelta`. After `patience` epochs without such a score of any watched task, a unit stops (null: never), and the
 * epochs of its tasks are decided. Pure: a stored run is judged again by its epochs.
 */
export function selectedAfter(selection: Selection, before: Selected, epoch: number, validation: Validation): Selected {
  const { keep, stopping, units, follow } = selection;
  const { patience, minDelta = 0 } = stopping;
  const scores = selection.tasks.map(({ score }) => score(validation));
  const hasStopped = (task: number) =>
    units.some(({ owner, watched }, unit) => {
      return before.units[unit]?.stopped && (owner === undefined || watched.includes(task));
    });
  const isBest = (best: Best, score: number | null) =>
    keep === 'last' || best.bestScore === null || (score !== null && score > best.bestScore);
  const best = (state: Best, score: number | null): Best =>
    isBest(state, score) ? { bestScore: score, bestEpoch: epoch } : state;
  const tasks = before.tasks.map((state, task) => {
    const score = scores[task] ?? null;
    if (hasStopped(task)) return state;
    return { ...state, ...best(state, score), patience: waitedFor(state.patience, score, minDelta) };
  });
  return {
    tasks,
    units: before.units.map((state, unit) => {
      const watched = units[unit]?.watched ?? [];
      const waits = watched.flatMap((task) => tasks[task]?.patience ?? []);
      const watchedScores = watched.map((task) => scores[task] ?? null);
      return {
        stopped: state.stopped || (patience !== null && haveWaited(waits, patience)),
        learningRate: follow?.(state.learningRate, watchedScores) ?? state.learningRate,
      };
    }),
    choice: best(before.choice, selection.choice.score(validation)),
  };
}

/**
 * If the score of one task selects the epochs of all, checks in the validation labels that it has one.
 * @throws DataError if it has none.
 */
export async function checkMonitor(monitor: string, { tasks, splits: { validation } }: Dataset): Promise<void> {
  const watched = tasks.findIndex(({ name }) => monitor === `task:${name}`);
  if (watched < 0) return;
  let first: number | undefined;
  for (let index = 0; index * validation.blockRows < validation.rows; index++) {
    const block = await validation.read(index);
    for (let i = watched; i < block.rows * tasks.length; i += tasks.length) {
      if (block.masks[i] === 0) continue;
      first ??= block.labels[i];
      if (block.labels[i] !== first) return;
    }
  }
  throw noScore(monitor);
}

function noScore(monitor: string): DataError {
  if (monitor.startsWith('metric:'))
    return new DataError(
      `No score to select an epoch by: no task has '${monitor.slice('metric:'.length)}' on the validation split. ` +
        'Use another split, or another train.earlyStopping.monitor.',
    );
  return new DataError(
    `No score to select an epoch by: the validation split has one class or no variance in '${monitor.slice('task:'.length)}'. ` +
      'Use another split, or train.earlyStopping.monitor=loss.',
  );
}

/** Parameters by epoch: of epochs that are best for a task, or for all. */
export type KeptParameters = ReadonlyMap<number, HostArrays>;

/** Parameters, and the tasks that they serve: judged and predicted with them. */
export interface ServedParameters {
  readonly tasks: readonly string[];
  /** Undefined if networks of different epochs are together. */
  readonly epoch: number | undefined;
  readonly parameters: HostArrays;
}

interface Keeping {
  readonly selection: Pick<Selection, 'keep' | 'units'>;
  readonly selected: Selected;
  readonly parameters: Parameters;
  /** Names of those that training goes on to change. */
  readonly inPlace?: ReadonlySet<string> | undefined;
}

/** By task: the epoch whose parameters serve it. */
export function servedEpochs(selection: Keeping['selection'], { tasks, choice }: Selected): readonly number[] {
  const isOne = selection.keep === 'one' && isJoint(selection);
  return tasks.map(({ bestEpoch }) => (isOne ? choice.bestEpoch : bestEpoch));
}

/**
 * What is kept after one more epoch: all parameters of the epoch that is chosen for all tasks, and of a task's own
 * epoch those that the task uses.
 */
export function keptAfter(kept: KeptParameters, epoch: number, values: HostArrays, keeping: Keeping): KeptParameters {
  const { choice } = keeping.selected;
  const epochs = new Set([...servedEpochs(keeping.selection, keeping.selected), choice.bestEpoch]);
  return new Map(
    [...epochs].map((needed) => {
      const parameters =
        needed === epoch ? lasting(values, keeping) : must(kept.get(needed), `parameters of epoch ${needed}`);
      return [needed, needed === choice.bestEpoch ? parameters : usedAt(needed, parameters, keeping)];
    }),
  );
}

/** Copies what would change, unless the next epoch replaces it. */
function lasting(values: HostArrays, { selection, inPlace }: Keeping): HostArrays {
  if (!inPlace?.size || selection.keep === 'last') return values;
  return mapValues(values, (value, name) => (inPlace.has(name) ? copyArray(value) : value));
}

/**
 * With what the tasks are served: a joint model with a set for each epoch that serves a task, networks of one task in
 * one set, each with its own best.
 */
export function served(kept: KeptParameters, tasks: readonly string[], keeping: Keeping): readonly ServedParameters[] {
  const epochs = servedEpochs(keeping.selection, keeping.selected);
  const distinct = [...new Set(epochs)];
  if (isJoint(keeping.selection))
    return distinct.map((epoch) => ({
      tasks: tasks.filter((_, task) => epochs[task] === epoch),
      epoch,
      parameters: must(kept.get(epoch), `parameters of epoch ${epoch}`),
    }));
  const parameters = Object.assign({}, ...[...kept].map(([epoch, values]) => usedAt(epoch, values, keeping)));
  return [{ tasks, epoch: distinct.length === 1 ? distinct[0] : undefined, parameters }];
}

export function isJoint({ units }: Pick<Selection, 'units'>): boolean {
  return units.some(({ owner }) => owner === undefined);
}

/** The parameters that are used by tasks whose best epoch it is. */
function usedAt(epoch: number, values: HostArrays, { selection, selected, parameters }: Keeping): HostArrays {
  if (isJoint(selection)) return values;
  const owners = selection.units.flatMap(({ owner, watched: [task = 0] }) => {
    return selected.tasks[task]?.bestEpoch === epoch ? [owner] : [];
  });
  return Object.fromEntries(Object.entries(values).filter(([name]) => owners.includes(parameters[name]?.task)));
}
