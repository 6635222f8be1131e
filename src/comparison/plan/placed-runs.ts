import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hash8 } from '../../config/experiment.js';
import { definitions } from '../../training/definitions.js';
import { type LoadingEvent, oncePerData } from '../../training/load-dataset.js';
import type { PlannedRun } from './plan.js';

/** A planned run and its folder below that of the comparison, which runs of the same hash share. */
export interface PlacedRun extends PlannedRun {
  readonly hash8: string;
  /** Name of the folder. */
  readonly folder: string;
  readonly finished: boolean;
}

/**
 * Finds or names the folders of runs. A run is known by its hash, whatever its folder is called; two that are the same experiment
 * have one folder. Of several folders of a run, a finished one is taken, else the one with the newest checkpoint. Opens the data, for
 * their checksums.
 */
export async function placeRuns(
  runs: readonly PlannedRun[],
  folder: string,
  on: (event: LoadingEvent) => void,
  signal?: AbortSignal,
): Promise<readonly PlacedRun[]> {
  const checksumOf = oncePerData(
    (source) => source.checksum,
    () => null,
    Number.POSITIVE_INFINITY,
  );
  const present = existsSync(folder) ? readdirSync(folder) : [];
  const isFinished = (name: string) => existsSync(join(folder, name, 'result.json'));
  const named = new Map<string, string>(); // by hash
  const placed: PlacedRun[] = [];
  for (const run of runs) {
    const hash = hash8(run.experiment, await checksumOf(run.experiment, on, signal), definitions);
    const candidates = present.filter((name) => name.endsWith(`-${hash}`)).toSorted(newestFirst(folder));
    const known = named.get(hash) ?? candidates.find(isFinished) ?? candidates[0];
    const name = known ?? `${run.experiment.name}-${hash}`;
    named.set(hash, name);
    placed.push({ ...run, hash8: hash, folder: name, finished: isFinished(name) });
  }
  return placed;
}

/** By their checkpoints; without one, by name. */
function newestFirst(folder: string): (a: string, b: string) => number {
  const time = (name: string) =>
    statSync(join(folder, name, 'checkpoints', 'last.safetensors'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return (a, b) => time(b) - time(a) || (a < b ? -1 : 1);
}
