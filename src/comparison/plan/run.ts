import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import type { Experiment } from '../../config/experiment.js';
import { hash8 } from '../../config/hash.js';
import { groupedBy, remembered } from '../../support/json.js';
import { definitions } from '../../training/definitions.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { type LoadingEvent, oncePerData } from '../../training/load-dataset.js';
import { axisName } from './axis-point.js';

/** Which run of a comparison, and what it has beyond its model's config. */
export interface PlannedCell {
  readonly label: string;
  readonly point: AxisPoint;
  readonly seed: number;
  /** By key: the values that a run of `tune` tries. */
  readonly values?: AxisPoint;
  /** The tasks that are reported from this run. Absent: all tasks. */
  readonly tasks?: readonly string[] | undefined;
  /** Matched widths, tuned values and `values`, by key. */
  readonly changes: AxisPoint;
}

/** A cell, what is trained for it, and how far it is. */
export interface Run extends PlannedCell {
  readonly experiment: Experiment;
  readonly hash8: string;
  /** The checksum of its data set. */
  readonly checksum: string;
  /** Folder name, below the folder of its stage. Runs with equal hashes share it. */
  readonly folder: string;
  /** `finished`: it has a result. `failed`: this process tried it. */
  readonly state: 'planned' | 'finished' | 'failed';
}

/** Runs that are trained together. Those of `tune` come first; their results determine the configs of the others. */
export interface Stage {
  readonly stage: 'tuning' | 'runs';
  /** The folder that contains the runs' folders. */
  readonly folder: string;
  readonly runs: readonly Run[];
}

/**
 * The reported runs, seed by seed, so that an unfinished comparison has complete pairs. Within a seed: point by point,
 * models in the order of the config.
 */
export function reportedRuns(
  { points, models }: Pick<ComparisonConfig, 'points' | 'models'>,
  partsOf: (label: string, point: AxisPoint, seed: number) => readonly Pick<PlannedCell, 'tasks' | 'changes'>[],
  seeds: readonly number[],
): readonly PlannedCell[] {
  return seeds.flatMap((seed) =>
    points.flatMap((point) =>
      models.flatMap(({ label }) =>
        partsOf(label, point, seed).map(({ tasks, changes }) => ({ label, point, seed, changes, tasks })),
      ),
    ),
  );
}

/** Makes runs of cells. @param failed Paths of runs that failed in this process */
export type PlaceRuns = (
  cells: readonly PlannedCell[],
  folder: string,
  failed?: ReadonlySet<string>,
) => Promise<readonly Run[]>;

/**
 * Finds or names the folders of runs, below the folder that contains them all, and reads there how far they are. A run
 * is identified by its hash, whatever its folder's name. Runs of one experiment share a folder. If a run has several
 * folders, a finished one is used, else the one with the newest checkpoint. Opens the data to get their checksums.
 */
export function folderAssigner(
  config: Pick<ComparisonConfig, 'experiment' | 'pointOf'>,
  on: (event: LoadingEvent) => void,
  signal?: AbortSignal,
): PlaceRuns {
  const readChecksum = oncePerData(
    (source) => source.checksum,
    () => null,
    Number.POSITIVE_INFINITY,
  );
  const identified = remembered(async (cell: PlannedCell) => {
    await setImmediate(); // lets signals in
    signal?.throwIfAborted();
    const experiment = cellExperiment(config, cell);
    const checksum = await readChecksum(experiment, on, signal);
    return { experiment, checksum, hash8: hash8(experiment, checksum, definitions) };
  });
  return async (cells, folder, failed) => {
    const find = folderFinder(folder);
    const names = new Map<string, string>(); // by hash
    const runsInFolders: Run[] = [];
    for (const cell of cells) {
      const identity = await identified(cell);
      const { experiment, hash8 } = identity;
      const name = names.get(hash8) ?? find(hash8) ?? `${experiment.name}-${hash8}`;
      names.set(hash8, name);
      runsInFolders.push(withState({ ...cell, ...identity, folder: name, state: 'planned' }, folder, failed));
    }
    return runsInFolders;
  };
}

/** Finds the folder of a run by its hash: a finished one, else the one with the newest checkpoint. */
function folderFinder(folder: string): (hash: string) => string | undefined {
  const names = groupedBy(existsSync(folder) ? readdirSync(folder) : [], folderHash);
  const byHash = new Map(names.map((alike) => [folderHash(alike[0]), alike]));
  return (hash) => {
    const candidates = byHash.get(hash)?.toSorted(newestFirst(folder));
    return candidates?.find((name) => isFinished(join(folder, name))) ?? candidates?.[0];
  };
}

/** The hash in the name of a run's folder. */
export function folderHash(name: string): string | undefined {
  return /-([0-9a-f]{8})$/.exec(name)?.[1];
}

/** The run with its state. */
export function withState(run: Run, folder: string, failed?: ReadonlySet<string>): Run {
  const path = join(folder, run.folder);
  return { ...run, state: isFinished(path) ? 'finished' : failed?.has(path) ? 'failed' : 'planned' };
}

/** The experiment, named like the run's folder: label, tasks, axis values, tried values, seed. */
export function cellExperiment(
  config: Pick<ComparisonConfig, 'experiment' | 'pointOf'>,
  { label, point, seed, values, tasks, changes }: PlannedCell,
): Experiment {
  const experiment = config.experiment(label, point, seed, changes);
  const words = Object.entries({ ...config.pointOf(label, point), ...values, seed }).map(
    ([key, value]) => `${axisName(key)}-${JSON.stringify(value)}`,
  );
  return { ...experiment, name: folderName([label, ...(tasks ?? []), ...words].join('-')) };
}

/** The runs that have a folder of their own: several cells may have one run, of which the first is kept. */
export function distinctRuns(runs: readonly Run[]): readonly Run[] {
  const seen = new Set<string>();
  return runs.filter(({ folder }) => !seen.has(folder) && seen.add(folder));
}

/** The runs that are still to be trained, one for each folder. */
export function unfinished(runs: readonly Run[]): readonly Run[] {
  return distinctRuns(runs).filter(({ state }) => state === 'planned');
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
