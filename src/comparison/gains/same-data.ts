import { DataError } from '../../support/errors.js';
import type { EvaluatedRun, FinishedRun } from '../../training/finished-run.js';
import { pointKey } from '../plan/axis-point.js';
import { trainedRuns } from '../stored/reported-run.js';
import type { StoredRow } from '../stored/stored-runs.js';

/**
 * Holds that all runs have the same tasks, and at each point and seed the same data and test rows.
 * @throws DataError that names two runs.
 */
export function checkSameData(rows: readonly StoredRow[]): void {
  const firsts = new Map<string, FinishedRun>();
  let first: FinishedRun | undefined;
  for (const { point, runs } of rows) {
    const trained = runs.flatMap(({ seed, run }) => (run ? trainedRuns(run).map((run) => ({ seed, run })) : []));
    for (const { seed, run } of trained) {
      first ??= run;
      const [tasks, others] = [tasksOf(first), tasksOf(run)];
      if (tasks.toSorted().join() !== others.toSorted().join())
        throw new DataError(
          `${first.path} and ${run.path} have other tasks (${tasks.join(', ')}; ${others.join(', ')}): a table has the same ones for all.`,
        );
      const key = JSON.stringify([pointKey(point), seed]);
      const pair = firsts.get(key);
      if (!pair) firsts.set(key, run);
      else checkPair(pair, run);
    }
  }
}

/** Two runs that are to be compared. A task that one of them has not is told where its metrics are read. */
export function checkPair(left: EvaluatedRun, right: EvaluatedRun): void {
  const [a, b] = [left.result, right.result];
  const both = `${left.path} and ${right.path}`;
  if (a.dataset.checksum !== b.dataset.checksum)
    throw new DataError(
      `${both} were trained on different data (checksums ${a.dataset.checksum.slice(0, 8)} and ${b.dataset.checksum.slice(0, 8)}).`,
    );
  // One file can be split in several ways, of which the checksum does not speak; what depends on the rows alone does.
  const rows = ({ train, validation, test }: typeof a.dataset.rows) => `${train} + ${validation} + ${test}`;
  if (rows(a.dataset.rows) !== rows(b.dataset.rows))
    throw new DataError(`${both} have other splits: ${rows(a.dataset.rows)} and ${rows(b.dataset.rows)} rows.`);
  for (const [task, { test }] of Object.entries(a.tasks)) {
    const other = b.tasks[task]?.test;
    for (const count of ['samples', 'positives', 'labelVariance']) {
      if (other && test[count] !== other[count])
        throw new DataError(`${both} were tested on different rows: task '${task}' has other ${count}.`);
    }
  }
}

function tasksOf({ result }: FinishedRun): string[] {
  return Object.entries(result.tasks).map(([name, { type }]) => `${name}: ${type}`);
}
