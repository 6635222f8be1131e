import { join } from 'node:path';
import type { AxisPoint } from '../../config/comparison.js';
import { DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/json.js';
import { type EvaluatedRun, type FinishedRun, readRun } from '../../training/finished-run.js';
import type { Decisions, RunReference } from '../comparison.js';
import { distinctRuns, type Run } from '../plan/run.js';

/**
 * The place of a run, and the tasks whose numbers are taken from it. Tasks that share no parameters may be taken from
 * several runs of one seed.
 */
export interface EntryRun<Content extends EvaluatedRun = EvaluatedRun> extends Omit<RunReference, 'parts'> {
  /** Absent: all. */
  readonly tasks?: readonly string[] | undefined;
  /** What it holds. Present if and only if the status is `done`. */
  readonly run?: Content;
}

/** A model at one point of the axes, and its runs. */
export interface Entry<Content extends EvaluatedRun = EvaluatedRun> {
  readonly label: string;
  /** Name of the model in the config. */
  readonly type: string;
  readonly point: AxisPoint;
  readonly runs: readonly EntryRun<Content>[];
  /** What a comparison decided for it. */
  readonly decided?: Decisions;
  /** Cross-fitted: the runs of the settings that validation does not rule out, for tasks that choose together. */
  readonly kept?: readonly KeptRuns[] | undefined;
}

export interface KeptRuns {
  readonly tasks: readonly string[];
  /** [setting] */
  readonly settings: readonly (readonly EntryRun[])[];
}

/** Whether a task's numbers are taken from a run. */
export function hasTask({ tasks }: { readonly tasks?: readonly string[] | undefined }, task: string): boolean {
  return tasks?.includes(task) ?? true;
}

/** What comparison.json says of runs: a line for each seed. */
export function referencesTo(runs: readonly EntryRun[]): readonly RunReference[] {
  return groupedBy(runs, ({ seed }) => seed).map((ofSeed) => {
    const [{ seed, path }, ...others] = ofSeed;
    const statuses = ofSeed.map(({ status }) => status);
    const status = (['failed', 'missing'] as const).find((open) => statuses.includes(open)) ?? 'done';
    if (others.length === 0) return { seed, path, status };
    const parts = ofSeed.flatMap(({ tasks = [], path: folder }) => tasks.map((task) => [task, folder] as const));
    return { seed, path, status, parts: Object.fromEntries(parts) };
  });
}

/** The runs that a line of comparison.json names. */
export function runsOfReference({ parts, ...reference }: RunReference): readonly Omit<EntryRun, 'run'>[] {
  if (!parts) return [reference];
  return groupedBy(Object.entries(parts), ([, path]) => path).map((ofPath) => {
    return { ...reference, path: ofPath[0][1], tasks: ofPath.map(([task]) => task) };
  });
}

/** The finished runs by their folder. @throws DataError if a folder holds another run. */
export function readRuns(placed: readonly Run[], folder: string): Finished {
  const runs = new Map<string, FinishedRun>();
  for (const { folder: name, hash8 } of distinctRuns(placed)) {
    const path = join(folder, name);
    const run = readRun(path);
    if (run && run.environment.hash8 !== hash8)
      throw new DataError(`${path} holds another run (${run.environment.hash8}): delete it and run ple compare again.`);
    if (run) runs.set(name, run);
  }
  return runs;
}

type Finished = ReadonlyMap<string, FinishedRun>;

/** A row for every model at every point. */
export function groupEntries(placed: readonly Run[], finished: Finished): readonly Entry<FinishedRun>[] {
  return groupedBy(placed, ({ label, point }) => [label, point]).map((ofModel) => {
    const [{ label, point, experiment }] = ofModel;
    const runs = groupedBy(ofModel, ({ seed }) => seed).flatMap((ofSeed) => seedRuns(ofSeed, finished));
    return { label, type: experiment.model.type, point, runs };
  });
}

/** The runs of a model under one seed: several where tasks that share no parameters chose different settings. */
function seedRuns(ofSeed: readonly Run[], finished: Finished): readonly EntryRun<FinishedRun>[] {
  // Different settings may still give the same run: scaled widths can coincide.
  const folders = groupedBy(ofSeed, ({ folder }) => folder);
  return folders.map((ofFolder) => {
    const [{ seed, folder: path, state }] = ofFolder;
    const tasks = folders.length > 1 ? ofFolder.flatMap((run) => run.tasks ?? []) : undefined;
    const run = finished.get(path);
    if (run) return { seed, path, status: 'done', tasks, run };
    return { seed, path, status: state === 'failed' ? state : 'missing', tasks };
  });
}
