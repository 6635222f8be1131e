import { join } from 'node:path';
import { metrics } from '../../metrics/catalogue.js';
import { DataError, UserError } from '../../support/errors.js';
import { filesBelow } from '../../support/folder-contents.js';
import { isSystemError, systemReason } from '../../support/system-error.js';
import { counted } from '../../support/whole-number.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { readSealed } from '../../training/folder/stored-file.js';
import type { Result } from '../../training/result.js';
import { readComparison } from './comparison-file.js';
import { exists, type Folder, foldersAt, lastEntry, type Open, openState, runsIn } from './folders.js';

/** The folder of a run or of a comparison, described by its small files. */
export interface ListedFolder extends Folder {
  /** `unfinished`: neither finished nor running, as after an interruption or a kill. */
  readonly state: Open['state'] | 'finished' | 'damaged';
  /** Why it failed or is damaged, or which lock has no heartbeat any more. */
  readonly reason: string | null;
  /** Of a finished run. */
  readonly model: string | null;
  readonly seed: number | null;
  /** Of a finished run: each task's usual metric on the test split. */
  readonly tasks: Readonly<Record<string, { readonly metric: string; readonly value: number | null }>>;
  /** Of a comparison: the number of models, how many rows have each verdict, and the number of runs. */
  readonly models: number | null;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly runs: { readonly finished: number; readonly all: number } | null;
  /** Milliseconds since 1970: when it finished, else when its newest file was written. */
  readonly changed: number;
  /** Sum of the sizes of its files. */
  readonly bytes: number;
}

/** What differs from an empty row. */
type Facts = Pick<ListedFolder, 'state'> & Partial<ListedFolder>;

/**
 * The runs and comparisons in a folder, by name; of a run's folder this run, of a comparison's its runs. Results are
 * read, larger files are not. A folder that cannot be read is `damaged`.
 * @param below Also the runs of comparisons, after each.
 */
export function listFolders(folder: string, below: boolean): readonly ListedFolder[] {
  return foldersAt(folder).flatMap((found) => [
    listed(found),
    ...(found.kind === 'comparison' && below
      ? foldersAt(found.path, found.name).flatMap((run) => (run.kind === 'run' ? [listed(run)] : []))
      : []),
  ]);
}

function listed({ name, path, kind }: Folder): ListedFolder {
  const facts = orDamaged(() => (kind === 'run' ? runFacts(path) : comparisonFacts(path)));
  const files = orDamaged(() => filesBelow(path));
  const sizes = 'state' in files ? [] : files;
  const end = sizes.find((file) => file.path === join(path, kind === 'run' ? 'result.json' : 'comparison.json'));
  return {
    name,
    path,
    kind,
    reason: null,
    model: null,
    seed: null,
    tasks: {},
    models: null,
    verdicts: {},
    runs: null,
    changed: end?.changed ?? sizes.reduce((last, { changed }) => Math.max(last, changed), 0),
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    ...facts,
  };
}

function orDamaged<Value>(read: () => Value): Value | Facts {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return { state: 'damaged', reason: error.message };
    if (isSystemError(error)) return { state: 'damaged', reason: `It cannot be read: ${systemReason(error)}.` };
    throw error;
  }
}

function runFacts(path: string): Facts {
  if (!isFinished(path)) return openState(path);
  // `readRun` would load modules that take a second.
  const { model, seed, tasks } = readSealed<Result>(join(path, 'result.json'), 2);
  const missing = ['config.yaml', 'environment.json'].find((name) => !exists(path, name));
  if (missing !== undefined) throw new DataError(`It has a result.json, but no ${missing}.`);
  const usual = Object.entries(tasks).flatMap(([task, { type, test }]) => {
    const metric = metrics.all.find((one) => one.type === type && one.usual)?.name;
    const value = metric === undefined ? undefined : test[metric];
    return metric === undefined ? [] : [[task, { metric, value: typeof value === 'number' ? value : null }] as const];
  });
  return { state: 'finished', model, seed, tasks: Object.fromEntries(usual) };
}

function comparisonFacts(path: string): Facts {
  const open = openState(path);
  if (!exists(path, 'comparison.json')) return { runs: countRuns(foldersAt(path)), ...open };
  const present = countRuns(runsIn(path));
  const { baseline, rows, fronts = [] } = readComparison(path);
  const verdicts: Record<string, number> = {};
  for (const { label, verdict } of rows) {
    if (label !== baseline && verdict) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  }
  const all = [...rows, ...fronts.flatMap(({ points }) => points)].flatMap(({ runs }) => runs);
  const references = [...new Map(all.map((run) => [run.path, run])).values()]; // models may share runs
  const failed = references.filter(({ status }) => status === 'failed').length;
  const done = references.filter(({ status }) => status === 'done').length;
  const log = lastEntry(path)?.msg;
  const ended: Facts =
    failed > 0
      ? { state: 'failed', reason: `${counted(failed, 'run')} failed.` }
      : { state: log === undefined || log === 'done' ? 'finished' : 'unfinished' };
  return {
    models: new Set(rows.map(({ label }) => label)).size,
    verdicts,
    // `ple report` keeps no run in its folder
    runs: present.all > 0 ? present : { finished: done, all: references.length },
    ...(open.state === 'running' || open.reason ? open : ended),
  };
}

function countRuns(folders: readonly Folder[]): NonNullable<ListedFolder['runs']> {
  const runs = folders.filter(({ kind }) => kind === 'run');
  return { finished: runs.filter((run) => isFinished(run.path)).length, all: runs.length };
}
