import type { Task } from '../data/dataset.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { selectionScore, taskLoss } from '../metrics/score.js';
import type { Parameters } from '../models/model.js';
import { DataError } from '../support/errors.js';
import type { Progress } from './progress.js';

/**
 * What has a best epoch and stops by itself. A joint model is one unit; a model of independent networks is one per task, so
 * that it equals separate runs.
 */
export interface Unit {
  /** Set for one task's own network: the `task` of its parameters. */
  readonly owner?: string;
  /** Higher is better. */
  score(validation: Readonly<Record<string, TaskMetrics>>): number;
}

type UnitState = Progress['units'][number];

/** @param monitor `mean` and `task:<name>`: AUC, or 1 - MSE / Var(y). `loss`: the joint loss with `weights`, negated. */
export function unitsOf(
  parameters: Parameters,
  tasks: readonly Task[],
  monitor: string,
  weights: readonly number[],
): readonly Unit[] {
  const owners = new Set(Object.values(parameters).map(({ task }) => task));
  if (owners.has(undefined)) return [{ score: scoring(tasks, monitor, weights) }];
  const own = monitor === 'loss' ? 'loss' : 'mean';
  return tasks.map((task) => ({ owner: task.name, score: scoring([task], own, [1]) }));
}

/** One more epoch with this score; with `patience` epochs without a better one, the unit stops (null: never). */
export function advance(
  unit: UnitState,
  epoch: number,
  score: number,
  patience: number | null,
): { readonly state: UnitState; readonly improved: boolean } {
  if (unit.stopped) return { state: unit, improved: false };
  if (unit.bestScore === null || score > unit.bestScore) {
    return { state: { bestScore: score, bestEpoch: epoch, stopped: false }, improved: true };
  }
  return { state: { ...unit, stopped: patience !== null && epoch - unit.bestEpoch >= patience }, improved: false };
}

function scoring(tasks: readonly Task[], monitor: string, weights: readonly number[]): Unit['score'] {
  return (validation) => {
    const metrics = (task: Task): TaskMetrics => {
      const found = validation[task.name];
      if (!found) throw new Error(`No validation metrics of task '${task.name}'.`);
      return found;
    };
    if (monitor === 'loss') {
      // Null is a task without a validation row in its sample space: it adds nothing, as in training.
      return -tasks.reduce((sum, task, index) => sum + (weights[index] ?? 1) * (taskLoss(task, metrics(task)) ?? 0), 0);
    }
    const watched = tasks.filter((task) => monitor === 'mean' || monitor === `task:${task.name}`);
    const scores = watched.map((task) => selectionScore(task, metrics(task))).filter((score) => score !== null);
    if (scores.length === 0) {
      throw new DataError(
        `No score to select an epoch by: the validation split has one class or no variance in ${watched
          .map((task) => `'${task.name}'`)
          .join(', ')}. Use another split, or train.earlyStopping.monitor=loss.`,
      );
    }
    return scores.reduce((sum, score) => sum + score, 0) / scores.length;
  };
}
