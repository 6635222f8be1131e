import { DataError } from '../../support/errors.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import type { TaskPredictions } from '../../training/predictions.js';
import { trainedRuns } from '../stored/reported-run.js';

/** Equal for runs that were tested on the same rows. */
export function testSetOf({ result: { dataset } }: EvaluatedRun): string {
  return `${dataset.checksum} ${Object.values(dataset.rows).join(' ')}`;
}

/**
 * A run's predictions of the test split, by task.
 * @throws DataError if they were not kept.
 */
export async function predictionsByTask(run: EvaluatedRun): Promise<ReadonlyMap<string, TaskPredictions>> {
  const without = trainedRuns(run).find(({ hasPredictions }) => !hasPredictions);
  if (without)
    throw new DataError(
      `${without.path} has no predictions.arrow, which errors over test rows need: delete the folder and train it again with predictions, or use uncertainty seeds.`,
    );
  return new Map((await run.predictions()).map((predictions) => [predictions.task.name, predictions]));
}

/** @throws DataError if a task's labels, or masks with their weights, are not the same in both, row by row. */
export function refuseOtherRows(
  [one, ofOne]: readonly [EvaluatedRun, TaskPredictions],
  [other, ofOther]: readonly [EvaluatedRun, TaskPredictions],
): void {
  const [a, b] = [ofOne.scores, ofOther.scores];
  let same = a.labels.length === b.labels.length;
  for (let row = 0; same && row < a.labels.length; row++) {
    const weight = a.mask[row] ?? 0;
    same = weight === b.mask[row] && (weight === 0 || a.labels[row] === b.labels[row]);
  }
  if (!same)
    throw new DataError(
      `${one.path} and ${other.path} were tested on different rows of task '${ofOne.task.name}': errors over test rows need the same rows in the same order.`,
    );
}
