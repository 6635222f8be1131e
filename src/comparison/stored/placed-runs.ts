import { join } from 'node:path';
import { DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/grouped-by.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import type { RunReference } from '../comparison.js';
import type { Run } from '../plan/run.js';
import { reportedRun } from './reported-run.js';

/** The finished runs by their folder. @throws DataError if a folder holds another run. */
export function readRuns(placed: readonly Run[], folder: string): ReadonlyMap<string, FinishedRun> {
  const runs = new Map<string, FinishedRun>();
  for (const { folder: name, hash8 } of placed) {
    const path = join(folder, name);
    const run = runs.has(name) ? undefined : readRun(path);
    if (run && run.environment.hash8 !== hash8)
      throw new DataError(`${path} holds another run (${run.environment.hash8}): delete it and run ple compare again.`);
    if (run) runs.set(name, run);
  }
  return runs;
}

/**
 * A row for every model at every point with the values that it tries, or the weight on its front; with its runs by
 * seed.
 */
export function entriesOf(placed: readonly Run[], finished: ReadonlyMap<string, FinishedRun>) {
  return groupedBy(placed, ({ label, point, values }) => [label, point, values]).map(([first, ...others]) => ({
    label: first.label,
    type: first.experiment.model.type,
    point: first.point,
    ...(first.values ? { values: first.values } : {}),
    runs: groupedBy([first, ...others], ({ seed }) => seed).map((parts) => {
      const reference = referenceTo(parts, finished);
      const run = reportedRun(reference, finished);
      return { ...reference, ...(run ? { run } : {}) };
    }),
  }));
}

/** The reference to a reported run, from its parts. */
function referenceTo(parts: readonly [Run, ...Run[]], finished: ReadonlyMap<string, FinishedRun>): RunReference {
  const [{ seed, folder: path }] = parts;
  const open = parts.filter(({ folder }) => !finished.has(folder));
  const status = open.length === 0 ? 'done' : open.some(({ state }) => state === 'failed') ? 'failed' : 'missing';
  // Different settings may still give the same run: scaled widths can coincide.
  if (parts.every(({ folder }) => folder === path)) return { seed, path, status };
  const byTask = parts.flatMap(({ tasks = [], folder }) => tasks.map((task) => [task, folder]));
  return { seed, path, status, parts: Object.fromEntries(byTask) };
}
