import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { type Experiment, hash8 } from '../../config/experiment.js';
import { definitions } from '../../training/definitions.js';
import { type LoadingEvent, oncePerData } from '../../training/load-dataset.js';
import { axisName } from './axis-point.js';

/** One run of a comparison: what is trained, where, and how far it is. */
export interface Run {
  readonly label: string;
  readonly point: AxisPoint;
  readonly seed: number;
  /** What a run of `tune` tries, by key. */
  readonly values?: AxisPoint;
  /** What is reported from it; absent: all tasks. */
  readonly tasks?: readonly string[];
  readonly experiment: Experiment;
  readonly hash8: string;
  /** Name of the folder, below that of its stage. Runs of one hash share it. */
  readonly folder: string;
  /** `failed`: it was tried by this process. */
  readonly state: 'planned' | 'finished' | 'failed';
}

/** A run that is asked for. */
export interface Wanted extends Pick<Run, 'label' | 'point' | 'seed' | 'values' | 'tasks'> {
  /** What its config has beyond the model's: matched widths, tuned values. */
  readonly changes: AxisPoint;
}

/** A reported run is made of parts, nearly always of one: a run, and the tasks that are reported from it. */
export type RunPart = Pick<Wanted, 'tasks' | 'changes'>;

/**
 * The reported runs, seed by seed, so that an unfinished comparison has whole pairs. Within a seed: point by point, the models in
 * the order of the config.
 */
export function reportedRuns(
  config: Pick<ComparisonConfig, 'points' | 'models'>,
  partsOf: (label: string, point: AxisPoint) => readonly RunPart[],
  seeds: readonly number[],
): readonly Wanted[] {
  return seeds.flatMap((seed) =>
    config.points.flatMap((point) =>
      config.models.flatMap(({ label }) =>
        partsOf(label, point).map(({ tasks, changes }) => ({
          ...{ label, point, seed, changes },
          ...(tasks ? { tasks } : {}),
        })),
      ),
    ),
  );
}

/**
 * Finds or names the folders of runs. A run is known by its hash, whatever its folder is called; two that are the same experiment
 * have one folder. Of several folders of a run, a finished one is taken, else the one with the newest checkpoint. Opens the data, for
 * their checksums.
 * @param folder of all these runs.
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
  const isFinished = (name: string) => existsSync(join(folder, name, 'result.json'));
  const named = new Map<string, string>(); // by hash
  const placed: Run[] = [];
  for (const { changes, ...which } of wanted) {
    const experiment = experimentOf(config, { changes, ...which });
    const hash = hash8(experiment, await checksumOf(experiment, on, signal), definitions);
    const candidates = present.filter((name) => name.endsWith(`-${hash}`)).toSorted(newestFirst(folder));
    const known = named.get(hash) ?? candidates.find(isFinished) ?? candidates[0];
    const name = known ?? `${experiment.name}-${hash}`;
    named.set(hash, name);
    placed.push({ ...which, experiment, hash8: hash, folder: name, state: isFinished(name) ? 'finished' : 'planned' });
  }
  return placed;
}

/** Named for the run's folder: label, tasks, axis values, values that are tried, and seed. */
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

/** The runs that are still to be trained, the first of those that share a folder. */
export function unfinished(runs: readonly Run[]): Run[] {
  const seen = new Set<string>();
  return runs.filter(({ folder, state }) => !seen.has(folder) && seen.add(folder) && state !== 'finished');
}

/** A text as a name that a config and any file system take. */
function folderName(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, 80) || 'run';
}

/** By their checkpoints; without one, by name. */
function newestFirst(folder: string): (a: string, b: string) => number {
  const time = (name: string) =>
    statSync(join(folder, name, 'checkpoints', 'last.safetensors'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return (a, b) => time(b) - time(a) || (a < b ? -1 : 1);
}
