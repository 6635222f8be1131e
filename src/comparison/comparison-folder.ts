import { constants, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  type AxisPoint,
  type ComparisonConfig,
  parseComparison,
  resolvedComparison,
  stringifyComparison,
} from '../config/comparison.js';
import { dataPaths } from '../config/definitions.js';
import { ConfigError, UserError } from '../support/errors.js';
import { partialPath, writeWhole } from '../support/files.js';
import { type LogFile, openLog } from '../support/growing-file.js';
import { differences } from '../support/json.js';
import { counted, joined } from '../support/text.js';
import type { TrackedStatus, TrackedStep } from '../tracking/tracker.js';
import { noteOnUntracked, openTrackers } from '../tracking/trackers.js';
import { definitions } from '../training/definitions.js';
import { readRun } from '../training/finished-run.js';
import { isFinished, isOfRun, predictionsFile } from '../training/folder/run-folder.js';
import { trackedParameters } from '../training/tracked-run.js';
import type { Comparison } from './comparison.js';
import type { ComparisonOptions, Event } from './execute/executor.js';
import { firstExperiment, pointText } from './plan/axis-point.js';
import { folderHash, type Stage, unfinished } from './plan/run.js';
import { logEntries, secondsLogged } from './stored/folders.js';

/** Removes a folder that has no more than the config: no run was planned, as the data are not there. */
export function removeUnbegun(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.length === 1 && names[0] === configFile) rmSync(folder, { recursive: true });
}

/**
 * The pino log of a comparison's training: when, on how many processes, and which runs ended. The file is created or
 * continued when the first run or command starts; without one, nothing is written.
 */
export function comparisonLog(file: string) {
  let opened: LogFile | undefined;
  const begin = (facts: object) => {
    const message = opened ? 'continued' : 'started';
    opened ??= openLog(file);
    opened.log.info(facts, message);
  };
  return {
    add(event: Event): void {
      if (event.kind === 'planned' && event.unfinished.length > 0) {
        const { stage, jobs, threads, unfinished } = event;
        begin({ stage, jobs, threads, runs: unfinished.length });
      }
      if (event.kind === 'command') {
        if (!opened) begin({});
        opened?.log.info({ run: event.name, message: event.message }, 'command ended');
      }
      if (event.kind === 'ended') {
        const { outcome, run } = event;
        opened?.log[outcome.status === 'failed' ? 'error' : 'info']({ run: run.folder, ...outcome }, 'run ended');
      }
    },
    end: (status: 'done' | 'interrupted') => opened?.log.info(status),
    close: () => opened?.close(),
  };
}

/** Time of training over all interruptions, without the gaps between them. Null if there was none. */
export function loggedTime(file: string) {
  const entries = existsSync(file) ? logEntries(readFileSync(file, 'utf8')) : [];
  const { jobs = null, threads = null } = entries.findLast((entry) => 'jobs' in entry) ?? {};
  return { seconds: secondsLogged(file), jobs, threads };
}

/** What trackers record of a comparison itself. Its runs are tracked where they train. */
export interface ComparisonTracker {
  /** Adds the gains so far. The number of seeds is the step. */
  gains(comparison: Comparison): void;
  end(status: TrackedStatus, artifacts: readonly string[]): Promise<void>;
}

/** For MLflow, a comparison is a run, and its runs are that run's children. Returns when runs can refer to it. */
export async function openComparisonTracker(
  config: ComparisonConfig,
  folder: string,
  note: (message: string) => void,
): Promise<ComparisonTracker> {
  const baseline = firstExperiment(config);
  const { tracking } = baseline;
  const tracked = { name: config.name, folder, parameters: trackedParameters(resolvedComparison(config), baseline) };
  const mlflow = tracking && { ...tracking, tensorboard: false };
  const steps: TrackedStep[] = [];
  const tracker = await openTrackers(mlflow, { ...tracked, follow: () => () => steps.splice(0) }, note);
  await tracker.ready();
  return {
    gains({ models, gains, seeds }) {
      const scalars: Record<string, number> = {};
      const add = (label: string, point: AxisPoint, what: string, gain: number | null) => {
        if (gain !== null) scalars[joined('/', 'gain', label, pointText(point), what)] = gain;
      };
      for (const { family, model, point, task, gain } of gains)
        if (family === 'models' && task !== undefined) add(model, point, task, gain);
      for (const { label, point, meanGain } of models) add(label, point, 'mean', meanGain);
      steps.push({ step: seeds.length, scalars });
      tracker.update();
    },
    end: tracker.end,
  };
}

const configFile = 'config.yaml';

/**
 * Manages config.yaml in a comparison's folder: the config of its comparison.json. Without results it is written at
 * once, so that an interrupted comparison has its config. Results of another config keep theirs until they are
 * replaced.
 * @returns A function that writes it with the results, a note on results that will be replaced, and whether those
 * results have the runs of this config.
 */
export async function folderConfig(
  folder: string,
  config: ComparisonConfig,
): Promise<{ readonly write: () => Promise<void>; readonly note: string | null; readonly hasResults: boolean }> {
  const file = join(folder, configFile);
  const write = () => writeWhole(file, stringifyComparison(config));
  if (!existsSync(join(folder, 'comparison.json')) || !existsSync(file)) {
    await write();
    return { write, note: null, hasResults: false };
  }
  const replaced = (what: string) =>
    `${folder} has the tables of a config ${what}: they are replaced at the end; name=NAME keeps both.`;
  const stored = storedIn(file);
  if (stored === undefined) return { write, note: replaced('that this version of ple refuses'), hasResults: false };
  const added = /^compare\.(seeds|models)\b/; // adding seeds or models continues with the same runs
  const changed = differences(stored, plain(config)).flatMap(({ key }) => (added.test(key) ? [] : key));
  // Keys that say where the data are, not what they are.
  const places = dataPaths(firstExperiment(config), definitions).map((key) => `dataset.${key}`);
  const keeps = ['compare.', 'engine.', 'tracking.', 'diagnostics', ...places];
  return {
    write,
    note: changed.length === 0 ? null : replaced(`with another ${changed.join(', ')}`),
    hasResults: changed.every((key) => keeps.some((start) => key.startsWith(start))),
  };
}

/** A stored config, with the defaults of keys that are newer than the file. Undefined: this version refuses it. */
function storedIn(file: string): unknown {
  try {
    return plain(parseComparison(readFileSync(file, 'utf8'), file, [], definitions));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return undefined;
  }
}

function plain(config: ComparisonConfig): unknown {
  return JSON.parse(JSON.stringify(resolvedComparison(config)));
}

/**
 * Copies the runs of a stage that have finished under another name in the folder of all runs: in another comparison, or
 * by `ple train`. Runs with equal hashes are the same. A run is trained anew if it cannot be read there, or if a tracker
 * that the config names does not have it.
 * @param predictions Whether reported runs must have the predictions of the test split.
 * @returns a note on what was copied; undefined if nothing was
 */
export async function reuseFinished(
  { stage, folder, runs }: Stage,
  { runs: parent, predictions, signal }: Pick<ComparisonOptions, 'runs' | 'predictions' | 'signal'>,
): Promise<string | undefined> {
  const todo = unfinished(runs).filter((run) => !existsSync(join(folder, run.folder)));
  const wanted = new Set(todo.map(({ hash8 }) => hash8));
  const tracking = todo[0]?.experiment.tracking;
  const below = stage === 'tuning' ? 'tuning' : '';
  const places = [parent, ...(await namesIn(parent)).map((name) => join(parent, name, below))];
  const finished = new Map<string, string>(); // by hash
  for (const runs of places.filter((other) => resolve(other) !== resolve(folder)))
    for (const name of await namesIn(runs)) {
      const [hash = '', path] = [folderHash(name), join(runs, name)];
      if (!wanted.has(hash) || !isFinished(path)) continue;
      const isWhole = stage === 'tuning' || !predictions || existsSync(join(path, predictionsFile));
      if (isWhole && noteOnUntracked([path], tracking) === undefined) finished.set(hash, path);
    }
  const copied: string[] = [];
  for (const run of todo) {
    const path = finished.get(run.hash8);
    if (path !== undefined && !signal.aborted && (await isCopied(path, join(folder, run.folder), run.hash8)))
      copied.push(path);
  }
  if (copied.length === 0) return undefined;
  const from = [...new Set(copied.map((path) => dirname(path)))].join(', ');
  return `${counted(copied.length, 'run')} of ${runs.length} had finished under another name, and ${copied.length === 1 ? 'is' : 'are'} copied from ${from} (another --runs trains anew).`;
}

/** The names in a folder. None if it cannot be read, or is a file. */
function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** A copy is there whole or not at all. */
async function isCopied(from: string, to: string, hash: string): Promise<boolean> {
  const partial = partialPath(to);
  const isCopy = (path: string) => path === from || isOfRun(relative(from, path).replaceAll(sep, '/'));
  try {
    await cp(from, partial, { recursive: true, mode: constants.COPYFILE_FICLONE, filter: isCopy });
    if (readRun(partial)?.environment.hash8 !== hash) return false;
    await rename(partial, to);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false; // damaged, of another version, or another process overwrites it
    throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
