import type { Dataset, Task } from '../data/dataset.js';
import type { TaskMetrics } from '../metrics/evaluate.js';
import { selectionScore, taskLoss } from '../metrics/score.js';
import type { Parameters } from '../models/model.js';
import { areIndependent } from '../models/parameters.js';
import { DataError } from '../support/errors.js';
import type { Progress } from './progress.js';

/**
 * What has a best epoch and stops by itself. A joint model is one unit; a model of independent networks is one per task, so
 * that it equals separate runs.
 */
export interface Unit {
  /** Set for one task's own network: the `task` of its parameters. */
  readonly owner?: string;
  /** Higher is better; null if no validation row is in a sample space: then no epoch is better than the last. */
  score(validation: Readonly<Record<string, TaskMetrics>>): number | null;
}

type UnitState = Progress['units'][number];

/**
 * A task whose validation labels have one class or no variance has no score. `mean` leaves it out; a unit none of whose tasks has one
 * goes by its loss.
 * @param monitor `mean` and `task:<name>`: AUC, or 1 - MSE / Var(y). `loss`: the joint loss with `weights`, negated.
 */
export function unitsOf(
  parameters: Parameters,
  tasks: readonly Task[],
  monitor: string,
  weights: readonly number[],
): readonly Unit[] {
  if (!areIndependent(parameters)) return [{ score: scoring(tasks, monitor, weights) }];
  const own = monitor === 'loss' ? 'loss' : 'mean';
  return tasks.map((task) => ({ owner: task.name, score: scoring([task], own, [1]) }));
}

/**
 * Looks at the validation labels, as far as is needed, where the score of one task selects the epochs of all.
 * @throws DataError if the task has no score.
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

/** One more epoch with this score; with `patience` epochs without a better one, the unit stops (null: never). */
export function advance(
  unit: UnitState,
  epoch: number,
  score: number | null,
  patience: number | null,
): { readonly state: UnitState; readonly improved: boolean } {
  if (unit.stopped) return { state: unit, improved: false };
  if (unit.bestScore === null || (score !== null && score > unit.bestScore)) {
    return { state: { bestScore: score, bestEpoch: epoch, stopped: false }, improved: true };
  }
  return { state: { ...unit, stopped: patience !== null && epoch - unit.bestEpoch >= patience }, improved: false };
}

function scoring(tasks: readonly Task[], monitor: string, weights: readonly number[]): Unit['score'] {
  const watched = tasks.filter(({ name }) => monitor === 'mean' || monitor === `task:${name}`); // by `loss`: none
  return (validation) => {
    const metrics = (task: Task): TaskMetrics => {
      const found = validation[task.name];
      if (!found) throw new Error(`No validation metrics of task '${task.name}'.`);
      return found;
    };
    const scores = watched.map((task) => selectionScore(task, metrics(task))).filter((score) => score !== null);
    if (scores.length > 0) return scores.reduce((sum, score) => sum + score, 0) / scores.length;
    if (monitor.startsWith('task:')) throw noScore(monitor);
    // Null is a task without a validation row in its sample space: it adds nothing, as in training.
    const losses = tasks.map((task, index) => {
      const loss = taskLoss(task, metrics(task));
      return loss === null ? null : (weights[index] ?? 1) * loss;
    });
    const defined = losses.filter((loss) => loss !== null);
    return defined.length > 0 ? -defined.reduce((sum, loss) => sum + loss, 0) : null;
  };
}

function noScore(monitor: string): DataError {
  return new DataError(
    `No score to select an epoch by: the validation split has one class or no variance in '${monitor.slice('task:'.length)}'. ` +
      'Use another split, or train.earlyStopping.monitor=loss.',
  );
}
