import { constants, existsSync } from 'node:fs';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../support/errors.js';
import { partialPath } from '../../support/whole-file.js';
import { noteOnUntracked } from '../../tracking/trackers.js';
import { readRun } from '../../training/finished-run.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { isOfRun, predictionsFile } from '../../training/folder/run-manifest.js';
import { folderHash, type Stage, unfinished } from '../plan/run.js';
import type { ComparisonOptions } from './executor.js';

/**
 * Copies the runs of a stage that have finished under another name in the folder of all runs: in another comparison, or
 * by `ple train`. A run is its hash. Trained is what cannot be read there, or is not in the trackers that are asked for.
 * @param predictions Whether reported runs must have the predictions of the test split.
 * @returns the folders of the runs that were copied
 */
export async function reuseFinished(
  { stage, folder, runs }: Stage,
  { runs: all, predictions, signal }: Pick<ComparisonOptions, 'runs' | 'predictions' | 'signal'>,
): Promise<readonly string[]> {
  const todo = unfinished(runs).filter((run) => !existsSync(join(folder, run.folder)));
  const wanted = new Set(todo.map(({ hash8 }) => hash8));
  const tracking = todo[0]?.experiment.tracking;
  const below = stage === 'tuning' ? 'tuning' : '';
  const places = [all, ...(await namesIn(all)).map((name) => join(all, name, below))];
  const found = new Map<string, string>(); // by hash
  for (const place of places.filter((one) => resolve(one) !== resolve(folder)))
    for (const name of await namesIn(place)) {
      const [hash = '', path] = [folderHash(name), join(place, name)];
      if (!wanted.has(hash) || !isFinished(path)) continue;
      const hasAll = stage === 'tuning' || !predictions || existsSync(join(path, predictionsFile));
      if (hasAll && noteOnUntracked([path], tracking) === undefined) found.set(hash, path);
    }
  const copies: string[] = [];
  for (const run of todo) {
    const path = found.get(run.hash8);
    if (path !== undefined && !signal.aborted && (await isCopied(path, join(folder, run.folder), run.hash8)))
      copies.push(path);
  }
  return copies;
}

/** None of what is no folder, or another user's. */
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
