import { join } from 'node:path';
import { metrics } from '../../metrics/catalogue.js';
import { isSystemError, UserError } from '../../support/errors.js';
import { filesBelow } from '../../support/files.js';
import { isFinished, readSealed } from '../../training/folder/run-folder.js';
import type { Result } from '../../training/result.js';
import { readComparison } from '../comparison.js';
import { exists, type Folder, foldersAt, lastEntry, type OpenState, openState } from './folders.js';

/** The folder of a run or of a comparison, described by its small files. */
interface ListedFolder extends Folder {
  /** `unfinished`: neither finished nor running, as after an interruption or a kill. */
  readonly state: OpenState | 'finished' | 'damaged';
  /** Each task's usual metric on the test split. Empty without a result. */
  readonly tasks: readonly TaskScore[];
  /** Milliseconds since 1970: when it finished, else when its newest file was written. */
  readonly changed: number;
}

/** A task's metric, for display. */
export interface TaskScore {
  readonly task: string;
  readonly metric: string;
  readonly value: number | null;
}

type Facts = Pick<ListedFolder, 'state'> & Partial<ListedFolder>;

/**
 * The runs and comparisons in a folder, by name (see `foldersAt`). Results are read, larger files are not. A folder that
 * cannot be read is `damaged`.
 */
export function listFolders(folder: string): readonly ListedFolder[] {
  return foldersAt(folder).map((entry) => {
    const { path, kind } = entry;
    const facts = readOr<Facts>({ state: 'damaged' }, () => (kind === 'run' ? runFacts(path) : comparisonFacts(path)));
    const files = readOr([], () => filesBelow(path));
    const end = files.find((file) => file.path === join(path, kind === 'run' ? 'result.json' : 'comparison.json'));
    const changed = end?.changed ?? files.reduce((last, { changed }) => Math.max(last, changed), 0);
    return { ...entry, tasks: [], changed, ...facts };
  });
}

/** What is read, or this instead where it cannot be. */
function readOr<Value>(instead: Value, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError || isSystemError(error)) return instead;
    throw error;
  }
}

function runFacts(path: string): Facts {
  if (!isFinished(path)) return { state: openState(path) };
  // `readRun` would load modules that take a second.
  const { tasks } = readSealed<Result>(join(path, 'result.json'), 2);
  if (!exists(path, 'config.yaml') || !exists(path, 'environment.json')) return { state: 'damaged' };
  const usual = Object.entries(tasks).flatMap(([task, { type, test }]) => {
    const metric = metrics.all.find((candidate) => candidate.type === type && candidate.usual)?.name;
    if (metric === undefined) return [];
    const value = test[metric];
    return [{ task, metric, value: typeof value === 'number' ? value : null }];
  });
  return { state: 'finished', tasks: usual };
}

function comparisonFacts(path: string): Facts {
  const state = openState(path);
  if (state !== 'unfinished' || !exists(path, 'comparison.json')) return { state };
  const all = readComparison(path).models.flatMap(({ runs }) => runs);
  if (all.some(({ status }) => status === 'failed')) return { state: 'failed' };
  const log = lastEntry(path)?.msg;
  return { state: log === undefined || log === 'done' ? 'finished' : 'unfinished' };
}
