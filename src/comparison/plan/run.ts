import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import type { Experiment } from '../../config/experiment.js';
import { hash8 } from '../../config/hash.js';
import { weightSchema } from '../../config/parts.js';
import { definitions } from '../../training/definitions.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { type LoadingEvent, oncePerData } from '../../training/load-dataset.js';
import { axisName } from './axis-point.js';

/** One run of a comparison: what is trained, where, and its state. */
export interface Run {
  readonly label: string;
  readonly point: AxisPoint;
  readonly seed: number;
  /** By key: the values that a run of `tune` tries, the loss weight of a run on a front, or `train.passes` of half of them. */
  readonly values?: AxisPoint;
  /** The tasks that are reported from this run. Absent: all tasks. */
  readonly tasks?: readonly string[];
  readonly experiment: Experiment;
  readonly hash8: string;
  /** Of the data. */
  readonly checksum: string;
  /** Folder name, below the folder of its stage. Runs with equal hashes share it. */
  readonly folder: string;
  /**
   * Stop after this epoch, with a checkpoint; hash and folder are those of the whole run. A later call with a larger
   * `until`, or none, goes on.
   */
  readonly until?: number;
  /** `finished`: it has a result, or an executor has trained it `until`. `failed`: this process tried it. */
  readonly state: 'planned' | 'finished' | 'failed';
}

/** A requested run. */
export interface Wanted extends Pick<Run, 'label' | 'point' | 'seed' | 'values' | 'tasks'> {
  /** Changes to the model's config: matched widths, tuned values. */
  readonly changes: AxisPoint;
}

/** A part of a reported run. Most reported runs have one part: a run, and the tasks that are reported from it. */
export type RunPart = Pick<Wanted, 'tasks' | 'changes'>;

/**
 * The reported runs, seed by seed, so that an unfinished comparison has complete pairs. Within a seed: point by point,
 * models in the order of the config, then those on the models' fronts.
 */
export function reportedRuns(
  config: Pick<ComparisonConfig, 'points' | 'models' | 'baseline' | 'front' | 'experiment'>,
  partsOf: (label: string, point: AxisPoint) => readonly RunPart[],
  seeds: readonly number[],
): readonly Wanted[] {
  const ofPoints = config.points.map((point) => {
    const models = config.models.flatMap(({ label }) =>
      partsOf(label, point).map(({ tasks, changes }) => ({ label, point, changes, ...(tasks ? { tasks } : {}) })),
    );
    const besides = models.flatMap((run) => [
      ...onHalf(config, run, seeds[0] ?? 0),
      ...onFront(config, run, seeds[0] ?? 0),
    ]);
    return [...models, ...besides];
  });
  return seeds.flatMap((seed) => ofPoints.flat().map((run) => ({ ...run, seed })));
}

/** The baseline's run on half of the rows, where models keep their last epoch: what does doubling the rows bring? */
function onHalf(
  { baseline, experiment }: Pick<ComparisonConfig, 'baseline' | 'experiment'>,
  run: Omit<Wanted, 'seed'>,
  seed: number,
): readonly Omit<Wanted, 'seed'>[] {
  const { label, point, changes } = run;
  if (label !== baseline) return [];
  const { keep, epochs, passes = epochs } = experiment(label, point, seed, changes).train;
  if (keep !== 'last') return [];
  const values = { 'train.passes': passes / 2 };
  return [{ ...run, values, changes: { ...changes, ...values } }];
}

/** The run at each weight of its model's front. Its own weight changes nothing: that run is shared. */
function onFront(
  { front, experiment }: Pick<ComparisonConfig, 'front' | 'experiment'>,
  run: Omit<Wanted, 'seed'>,
  seed: number,
): readonly Omit<Wanted, 'seed'>[] {
  const { label, point, changes } = run;
  if (!front?.labels.includes(label)) return [];
  const { weights } = experiment(label, point, seed, changes).loss;
  const own = weightSchema.parse(weights[front.task] ?? {}).initial;
  return front.values.map((times) => {
    const value = front.areTimes ? Number((times * own).toPrecision(12)) : times;
    const values = { [front.key]: value };
    return { ...run, values, changes: value === own ? changes : { ...changes, ...values } };
  });
}

/**
 * Finds or names the folders of runs. A run is identified by its hash, whatever its folder's name. Runs of one
 * experiment share a folder. If a run has several folders, a finished one is used, else the one with the newest
 * checkpoint. Opens the data to get their checksums.
 * @param folder The folder that contains all these runs.
 */
export async function placeRuns(
  config: Pick<ComparisonConfig, 'experiment'>,
  wanted: readonly Wanted[],
  folder: string,
  on: (event: LoadingEvent) => void,
  signal?: AbortSignal,
): Promise<readonly Run[]> {
  const checksumOf = oncePerData(
    (source) => source.checksum,
    () => null,
    Number.POSITIVE_INFINITY,
  );
  const present = existsSync(folder) ? readdirSync(folder) : [];
  const isDone = (name: string) => isFinished(join(folder, name));
  const named = new Map<string, string>(); // by hash
  const placed: Run[] = [];
  for (const { changes, ...which } of wanted) {
    await setImmediate(); // lets signals in
    signal?.throwIfAborted();
    const experiment = experimentOf(config, { changes, ...which });
    const checksum = await checksumOf(experiment, on, signal);
    const hash = hash8(experiment, checksum, definitions);
    const candidates = present.filter((name) => name.endsWith(`-${hash}`)).toSorted(newestFirst(folder));
    const known = named.get(hash) ?? candidates.find(isDone) ?? candidates[0];
    const name = known ?? `${experiment.name}-${hash}`;
    named.set(hash, name);
    const state = isDone(name) ? 'finished' : 'planned';
    placed.push({ ...which, experiment, hash8: hash, checksum, folder: name, state });
  }
  return placed;
}

/** The experiment, named like the run's folder: label, tasks, axis values, tried values, seed. */
export function experimentOf(
  config: Pick<ComparisonConfig, 'experiment'>,
  { label, point, seed, values, tasks, changes }: Wanted,
): Experiment {
  const experiment = config.experiment(label, point, seed, changes);
  const words = Object.entries({ ...point, ...values, seed }).map(
    ([key, value]) => `${axisName(key)}-${JSON.stringify(value)}`,
  );
  return { ...experiment, name: folderName([label, ...(tasks ?? []), ...words].join('-')) };
}

/** The runs that still must be trained. Of runs that share a folder, only the first. */
export function unfinished(runs: readonly Run[]): Run[] {
  const seen = new Set<string>();
  return runs.filter(({ folder, state }) => !seen.has(folder) && seen.add(folder) && state !== 'finished');
}

/** Turns a text into a name that is valid in configs and in any file system. */
export function folderName(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, 80) || 'run';
}

/** Sorts by time of checkpoint. Folders without one are sorted by name. */
function newestFirst(folder: string): (a: string, b: string) => number {
  const time = (name: string) =>
    statSync(join(folder, name, 'checkpoints', 'last.safetensors'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return (a, b) => time(b) - time(a) || (a < b ? -1 : 1);
}
