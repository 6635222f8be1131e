import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { external, pickType } from '../../config/compare-schema.js';
import { ConfigError, DataError, inWorkingFolder } from '../../support/errors.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import { type Comparison, readComparison } from '../comparison.js';
import { decisionsIn } from '../plan/decided-changes.js';
import { type Entry, type EntryRun, runsOfReference } from './entry.js';
import { isOfCommandAt } from './external-predictions.js';
import { keptRuns } from './kept-settings.js';

/** The runs of a stored comparison. */
export interface StoredRuns {
  readonly path: string;
  readonly comparison: Comparison;
  readonly rows: readonly Entry<FinishedRun>[];
  /** Rows that commands made (`compare.models`, `type: external`), without their runs' results. */
  readonly external: readonly Entry[];
  /** What was left out, one line each. */
  readonly notes: readonly string[];
}

/**
 * Reads the folder of a comparison. Unfinished runs are noted and left out.
 * @throws ConfigError if it is another folder.
 */
export function readStoredRuns(path: string): StoredRuns {
  if (!existsSync(path)) throw new ConfigError(`There is no folder ${path}${inWorkingFolder(path)}.`);
  if (!existsSync(join(path, 'comparison.json')))
    throw new ConfigError(`${path} is not the folder of a comparison that has ended: it has no comparison.json.`);
  const comparison = readComparison(path);
  const notes: string[] = [];
  const rows: Entry<FinishedRun>[] = [];
  const byCommands: Entry[] = [];
  for (const model of comparison.models) {
    const { label, type, point } = model;
    if (type === external) {
      const runs = model.runs.map((run) => ({ ...run, path: join(path, run.path) }));
      if (runs.some((run) => isOfCommandAt(run.path))) byCommands.push({ label, type, point, runs });
      else notes.push(`${path}: '${label}' was made elsewhere and is left out: give it again with --predictions.`);
      continue;
    }
    const runs = model.runs.flatMap(runsOfReference).map((run) => readFolder(path, run, type));
    for (const { seed, path, status } of runs)
      if (status !== 'done') notes.push(`${path} (${label}, seed ${seed}) is ${status} and is left out.`);
    const kept = keptRuns(comparison.search, model, (name) => readRun(join(path, name)));
    rows.push({ label, type, point, runs, decided: decisionsIn(model), kept });
  }
  return { path, comparison, rows, external: byCommands, notes };
}

/** @param type The model's type in the comparison's row. */
function readFolder(
  folder: string,
  { path: name, status, ...reference }: ReturnType<typeof runsOfReference>[number],
  type: string,
): EntryRun<FinishedRun> {
  const path = join(folder, name);
  const run = readRun(path);
  if (!run) return { ...reference, path, status: status === 'done' ? 'missing' : status };
  if (run.result.seed !== reference.seed || (type !== pickType && run.result.model !== type))
    throw new DataError(
      `${path} is a run of ${run.result.model} with seed ${run.result.seed}, and the comparison ${folder} has ${type} with seed ${reference.seed} there: ` +
        'put the run back, or delete its folder and run ple compare again.',
    );
  return { ...reference, path, status: 'done', run };
}
