import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listFolder } from '../../support/files.js';
import { whyLocked } from '../../support/lock.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { checkFile } from '../../training/folder/run-folder.js';

/** The folder of a run or of a comparison. */
export interface Folder {
  /** Its path in the folder that was asked about. */
  readonly name: string;
  readonly path: string;
  readonly kind: 'run' | 'comparison';
}

/**
 * The runs and comparisons at a path, by name. A run's folder has this run; a comparison's folder has its runs and those
 * of its search.
 */
export function foldersAt(path: string): readonly Folder[] {
  const kind = folderKind(path);
  if (kind === 'run') return [{ name: path, path, kind }];
  const below = kind ? foldersIn(join(path, 'tuning'), 'tuning') : [];
  return [...foldersIn(path, ''), ...below];
}

/** Folders and links to folders. */
function foldersIn(path: string, name: string): readonly Folder[] {
  if (!isFolder(path)) return [];
  return listFolder(path).flatMap((entry): Folder[] => {
    const child = { name: join(name, entry.name), path: join(path, entry.name) };
    const kind = isFolder(child.path) ? folderKind(child.path) : undefined;
    return kind ? [{ ...child, kind }] : [];
  });
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // a link to nothing, or in a circle
  }
}

/**
 * What a folder is. Undefined: nothing proves that ple made it. Other programs also write `checkpoints`, `config.yaml`
 * and `result.json`. A folder that cannot be read counts as a run.
 */
export function folderKind(folder: string): Folder['kind'] | undefined {
  let names: readonly string[];
  try {
    names = listFolder(folder).map(({ name }) => name);
  } catch {
    return 'run';
  }
  if (names.includes('comparison.json')) return 'comparison';
  const text = (name: string) => (names.includes(name) ? readableText(folder, name) : '');
  if (/"hash8":\s*"[0-9a-f]{8}"/.test(text('environment.json'))) return 'run';
  return /^compare:/m.test(text('config.yaml')) ? 'comparison' : undefined;
}

/** The text of a file. Empty if it cannot be read. */
function readableText(folder: string, name: string): string {
  try {
    checkFile(join(folder, name));
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return '';
  }
}

/** `unfinished`: neither running nor failed, as after an interruption or a kill. */
export type OpenState = 'running' | 'unfinished' | 'failed';

/** The state of a run or comparison without a result. */
export function openState(path: string): OpenState {
  if (exists(path, 'lock')) {
    if (whyLocked(path, true) !== null) return 'running';
    if (whyLocked(path) !== null) return 'unfinished'; // the lock has no heartbeat any more
  }
  return lastEntry(path)?.msg === 'failed' ? 'failed' : 'unfinished';
}

/** The last whole line of log.jsonl. */
export function lastEntry(path: string): Readonly<Record<string, unknown>> | undefined {
  if (!exists(path, 'log.jsonl')) return undefined;
  checkFile(join(path, 'log.jsonl'), Number.POSITIVE_INFINITY);
  return logEntries(readFileSync(join(path, 'log.jsonl'), 'utf8')).at(-1);
}

/** Whether a file or folder is there. */
export function exists(path: string, name: string): boolean {
  return statSync(join(path, name), { throwIfNoEntry: false }) !== undefined;
}

/** Time of runs, by path: `seconds` from start to end over all interruptions, without the gaps between them. */
export function runTimes(runs: ReadonlyMap<string, FinishedRun>) {
  return Object.fromEntries(
    [...runs].map(([path, { path: folder, result, epochs }]) => [
      path,
      {
        seconds: secondsLogged(join(folder, 'log.jsonl')),
        trainingSeconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
        epochs: result.epochs,
        samplesPerSecond: result.throughput.samplesPerSecond,
      },
    ]),
  );
}

/** Seconds from the first to the last line of each process that wrote to the log, summed. Null without a log. */
export function secondsLogged(file: string): number | null {
  if (!existsSync(file)) return null;
  let [begin, last, sum] = [0, 0, 0];
  // logs of earlier versions have no `uptime`
  for (const { msg, time, uptime = time } of logEntries(readFileSync(file, 'utf8'))) {
    if (msg === 'started' || msg === 'resumed') {
      sum += last - begin;
      begin = Number(uptime);
    }
    last = Number(uptime);
  }
  return (sum + last - begin) / 1000;
}

/** The lines of a log, without lines that a kill cut short. */
export function logEntries(text: string): Readonly<Record<string, unknown>>[] {
  return text.split('\n').flatMap((line) => {
    try {
      const entry: unknown = JSON.parse(line);
      return typeof entry === 'object' && entry !== null ? { ...entry } : [];
    } catch {
      return [];
    }
  });
}
