import { join } from 'node:path';
import type { AxisPoint } from '../../config/comparison.js';
import { DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/grouped-by.js';
import { type EvaluatedRun, type FinishedRun, readRun } from '../../training/finished-run.js';
import type { Decisions, RunReference } from '../comparison.js';
import type { Run } from '../plan/run.js';

/**
 * The place of a run, and the tasks whose numbers are taken from it. Tasks that share no parameters may be taken from
 * several runs of one seed.
 */
export interface EntryRun<Content extends EvaluatedRun = EvaluatedRun> extends Omit<RunReference, 'parts'> {
  /** Absent: all. */
  readonly tasks?: readonly string[];
  /** What it holds. Present if and only if the status is `done`. */
  readonly run?: Content;
}

/** A model at one point of the axes, and its runs. */
export interface Entry<Content extends EvaluatedRun = EvaluatedRun> {
  readonly label: string;
  /** Name of the model in the config. */
  readonly type: string;
  readonly point: AxisPoint;
  /** A point of the model's front: the loss weight, by key. */
  readonly values?: AxisPoint;
  readonly runs: readonly EntryRun<Content>[];
  /** What a comparison decided for it. */
  readonly decided?: Decisions;
}

/** Whether a task's numbers are taken from a run. */
export function hasTask({ tasks }: { readonly tasks?: readonly string[] | undefined }, task: string): boolean {
  return tasks?.includes(task) ?? true;
}

/** What comparison.json says of runs: a line for each seed. */
export function referencesTo(runs: readonly EntryRun[]): readonly RunReference[] {
  return groupedBy(runs, ({ seed }) => seed).map((own) => {
    const [{ seed, path, status }, ...others] = own;
    const open = own.map((one) => one.status).filter((one) => one !== 'done');
    const worst = open.includes('failed') ? 'failed' : (open[0] ?? status);
    const parts = own.flatMap(({ tasks = [], path: part }) => tasks.map((task) => [task, part] as const));
    return { seed, path, status: worst, ...(others.length > 0 ? { parts: Object.fromEntries(parts) } : {}) };
  });
}

/** The runs that a line of comparison.json names. */
export function runsOfReference({ parts, ...reference }: RunReference): readonly Omit<EntryRun, 'run'>[] {
  if (!parts) return [reference];
  return groupedBy(Object.entries(parts), ([, path]) => path).map((own) => ({
    ...reference,
    path: own[0][1],
    tasks: own.map(([task]) => task),
  }));
}

/** The finished runs by their folder. @throws DataError if a folder holds another run. */
export function readRuns(placed: readonly Run[], folder: string): ReadonlyMap<string, FinishedRun> {
  const runs = new Map<string, FinishedRun>();
  for (const { folder: name, hash8 } of placed) {
    const path = join(folder, name);
    const run = runs.has(name) ? undefined : readRun(path);
    if (run && run.environment.hash8 !== hash8)
      throw new DataError(`${path} holds another run (${run.environment.hash8}): delete it and run ple compare again.`);
    if (run) runs.set(name, run);
  }
  return runs;
}

/** Every model at every point with the values that it tries, or the weight on its front. */
export function groupEntries(
  placed: readonly Run[],
  finished: ReadonlyMap<string, FinishedRun>,
): readonly Entry<FinishedRun>[] {
  return groupedBy(placed, ({ label, point, values }) => [label, point, values]).map(([first, ...others]) => ({
    label: first.label,
    type: first.experiment.model.type,
    point: first.point,
    ...(first.values ? { values: first.values } : {}),
    runs: groupedBy([first, ...others], ({ seed }) => seed).flatMap((ofSeed) => {
      // Different settings may still give the same run: scaled widths can coincide.
      const folders = groupedBy(ofSeed, ({ folder }) => folder);
      return folders.map((same): EntryRun<FinishedRun> => {
        const [{ seed, folder: path, state }] = same;
        const run = finished.get(path);
        return {
          seed,
          path,
          status: run ? 'done' : state === 'failed' ? 'failed' : 'missing',
          ...(folders.length > 1 ? { tasks: same.flatMap(({ tasks = [] }) => tasks) } : {}),
          ...(run ? { run } : {}),
        };
      });
    }),
  }));
}
