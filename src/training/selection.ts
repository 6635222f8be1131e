import type { Experiment } from '../config/experiment.js';
import type { Dataset, Task } from '../data/dataset.js';
import { scoreForMean, selectingMetric, type TaskMetrics, taskLoss } from '../metrics/evaluate.js';
import { DataError } from '../support/errors.js';
import { must } from '../support/must.js';
import { waitedFor } from '../support/patience.js';
import type { Best, UnitState } from './progress.js';

/**
 * A unit has its own best epoch and stops on its own. A joint model is one unit. A model of independent networks has
 * one per task, so that it equals separate runs.
 */
export interface Unit extends Judge {
  /** Set for one task's own network: the `task` of its parameters. */
  readonly owner?: string;
}

/** A task whose best epoch is kept in addition to that of the joint model. It stops nothing. */
export interface Observer extends Judge {
  readonly task: string;
}

/**
 * Scores an epoch by its validation metrics. Both are null if no validation row is in a sample space; then no epoch is
 * better than the last.
 */
interface Judge {
  /** Higher is better. */
  score(validation: Validation): number | null;
  /** The distance from the best value: 1 - score, or the loss. */
  error(validation: Validation): number | null;
}

type Validation = Readonly<Record<string, TaskMetrics>>;

/**
 * A task whose validation labels have one class or no variance has no score. `mean` leaves it out. A unit without any
 * score uses its loss.
 * @param owners see `ownersOf`
 * @param monitor `task:<name>`: AUC, 1 - MSE / Var(y), or macro AUC. `mean`: see `scoreForMean`. `metric:<name>`: the
 * mean of the metric over the tasks of its type, negated where
 * lower is better. `loss`: the joint loss with `lossWeights`, negated.
 */
export function unitsOf(
  owners: readonly (string | undefined)[],
  tasks: readonly Task[],
  monitor: string,
  lossWeights: readonly number[],
): readonly Unit[] {
  return owners.map((owner) => {
    if (owner === undefined) return judge(tasks, monitor, lossWeights);
    return { owner, ...judgeAlone(owner, tasks, monitor) };
  });
}

/** The observers of a joint model's tasks; none if every task is a unit. */
export function observersOf(
  owners: readonly (string | undefined)[],
  tasks: readonly Task[],
  monitor: string,
): readonly Observer[] {
  if (!owners.includes(undefined)) return [];
  return tasks.map(({ name }) => ({ task: name, ...judgeAlone(name, tasks, monitor) }));
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
    for (let at = watched; at < block.rows * tasks.length; at += tasks.length) {
      if (block.masks[at] === 0) continue;
      first ??= block.labels[at];
      if (block.labels[at] !== first) return;
    }
  }
  throw noScore(monitor);
}

/** The best epoch after one more with this score. */
export function observe(best: Best, epoch: number, score: number | null): Best {
  return isBest(best, score) ? { bestScore: score, bestEpoch: epoch } : best;
}

type Stopping = Pick<Experiment['train']['earlyStopping'], 'patience' | 'minDelta'>;

/**
 * The state after one more epoch. Any higher score makes the best epoch; for `patience` it must be higher by more than
 * `minDelta`. After `patience` epochs without one, the unit stops (null: never).
 */
export function advance(
  unit: UnitState,
  epoch: number,
  score: number | null,
  { patience, minDelta = 0 }: Stopping,
): { readonly state: UnitState; readonly improved: boolean } {
  if (unit.stopped) return { state: unit, improved: false };
  const wait = waitedFor(unit.patience, score, minDelta);
  const stopped = patience !== null && wait.waited >= patience;
  return {
    state: { ...unit, ...observe(unit, epoch, score), patience: wait, stopped },
    improved: isBest(unit, score),
  };
}

/**
 * The values at the observers' best epochs, without the model's own best epoch.
 * @param joint the model's only unit, if there are observers
 */
export function ofOwnBest<Value>(
  observers: readonly Best[],
  joint: Best | undefined,
  byEpoch: ReadonlyMap<number, Value>,
): ReadonlyMap<number, Value> {
  const epochs = new Set(observers.map(({ bestEpoch }) => bestEpoch).filter((epoch) => epoch !== joint?.bestEpoch));
  return new Map([...epochs].map((epoch) => [epoch, must(byEpoch.get(epoch), `epoch ${epoch}`)]));
}

function isBest({ bestScore }: Best, score: number | null): boolean {
  return bestScore === null || (score !== null && score > bestScore);
}

function judgeAlone(task: string, tasks: readonly Task[], monitor: string): Judge {
  const alone = tasks.filter(({ name }) => name === task);
  const metric = selectingMetric(monitor);
  const ownMetric = metric && alone.some(({ type }) => type === metric.type);
  return judge(alone, monitor === 'loss' || ownMetric ? monitor : 'mean', [1], true);
}

/** @param alone without a score, the task's loss decides: there are no other tasks */
function judge(tasks: readonly Task[], monitor: string, lossWeights: readonly number[], alone = false): Judge {
  const metric = selectingMetric(monitor);
  const isWatched = ({ name, type }: Task) =>
    metric ? metric.type === type : monitor === 'mean' || monitor === `task:${name}`; // with `loss`: none
  const watched = tasks.filter(isWatched);
  const scoreOfTask = metric?.score ?? scoreForMean(watched);
  const scoreOf = (validation: Validation) => {
    const scores = watched
      .map((task) => scoreOfTask(task, metricsOf(task, validation)))
      .filter((value) => value !== null);
    if (scores.length > 0) return scores.reduce((sum, score) => sum + score, 0) / scores.length;
    if (!alone && (metric || monitor.startsWith('task:'))) throw noScore(monitor);
    return null;
  };
  const lossOf = (validation: Validation) => {
    // A task without a validation row in its sample space has null: it adds nothing, as in training.
    const losses = tasks.map((task, index) => {
      const loss = taskLoss(task, metricsOf(task, validation));
      return loss === null ? null : (lossWeights[index] ?? 1) * loss;
    });
    const defined = losses.filter((value) => value !== null);
    return defined.length > 0 ? defined.reduce((sum, loss) => sum + loss, 0) : null;
  };
  return {
    score: (validation) => scoreOf(validation) ?? negated(lossOf(validation)),
    error(validation) {
      const score = scoreOf(validation);
      return score === null ? lossOf(validation) : (metric?.best ?? 1) - score;
    },
  };
}

function metricsOf({ name }: Task, validation: Validation): TaskMetrics {
  return must(validation[name], `validation metrics of task '${name}'`);
}

function negated(value: number | null): number | null {
  return value === null ? null : -value;
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
