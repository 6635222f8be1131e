import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { readResult } from '../training/result.js';
import { dataOf, type ReadShape } from './data-shapes.js';
import { type Job, type JobEvent, type JobOutcome, runJobs, type Workers } from './jobs.js';
import { candidates, measureJobs } from './measure.js';
import { largestFirst, modelSizes } from './model-sizes.js';
import type { PlacedRun } from './placed-runs.js';
import { deviceFor, type SharedDevices } from './shared-devices.js';
import { judge } from './task-gain.js';

export type StageEvent =
  | { readonly kind: 'note'; readonly message: string }
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  | { readonly kind: 'measuring'; readonly what: 'jobs' | 'models' }
  | {
      readonly kind: 'planned';
      readonly stage: 'tuning' | 'runs';
      /** Runs that have a folder of their own, and those of them to be trained. */
      readonly runs: number;
      readonly unfinished: readonly PlacedRun[];
      readonly jobs: number;
      readonly threads: number;
    }
  | { readonly kind: 'job'; readonly run: PlacedRun; readonly event: Exclude<JobEvent, { kind: 'ended' }> }
  | {
      readonly kind: 'ended';
      readonly run: PlacedRun;
      readonly outcome: JobOutcome;
      readonly seconds: number;
      /** On the test split; of tuning runs, on validation. Empty for a run that failed. */
      readonly scores: readonly { readonly task: string; readonly metric: string; readonly value: number | null }[];
    };

/** What the runs of a comparison have in common. */
export interface StageOptions {
  readonly workers: Workers;
  readonly devices: SharedDevices;
  readonly readShape: ReadShape;
  readonly predictions: boolean;
  readonly force: boolean;
  readonly metrics: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How many runs train at a time; measured by `jobsFor` if absent. */
  readonly jobs?: number | undefined;
  /** How many runs train at a time, of these runs. */
  jobsFor(runs: readonly PlacedRun[]): Promise<number>;
  on(event: StageEvent): void;
}

/** Trains what is not finished of runs below a folder; gives outcomes by the runs' folders. */
export async function runStage(
  stage: 'tuning' | 'runs',
  placed: readonly PlacedRun[],
  folder: string,
  options: StageOptions,
): Promise<ReadonlyMap<string, JobOutcome>> {
  const { workers, devices, predictions, force, metrics, signal, on } = options;
  const distinct = firstOfEachFolder(placed);
  const unfinished = distinct.filter(({ finished }) => !finished);
  if (signal.aborted) return new Map();
  await readData(unfinished, options);
  const jobs = Math.max(1, Math.min(await options.jobsFor(unfinished), unfinished.length));
  if (signal.aborted) return new Map();
  const threads = deviceFor(devices, jobs, 0).threads ?? availableParallelism();
  on({ kind: 'planned', stage, runs: distinct.length, unfinished, jobs, threads });
  const ordered = jobs === 1 ? unfinished : await largestFirst(unfinished, options.readShape);
  const runOf = new Map<Job, PlacedRun>(
    ordered.map((run) => [{ experiment: run.experiment, path: join(folder, run.folder) }, run]),
  );
  const outcomes = await runJobs([...runOf.keys()], {
    workers,
    devices,
    count: jobs,
    predictions,
    force,
    signal,
    on: tell,
  });
  return new Map([...outcomes].map(([job, outcome]) => [runOf.get(job)?.folder ?? '', outcome]));

  function tell(event: JobEvent): void {
    const run = runOf.get(event.job);
    if (!run) throw new Error(`No run is trained in ${event.job.path}.`);
    if (event.kind !== 'ended') on({ kind: 'job', run, event });
    else {
      const { job, outcome, seconds } = event;
      on({ kind: 'ended', run, outcome, seconds, scores: scoresOf(run, job.path, outcome) });
    }
  }

  function scoresOf({ experiment, tasks }: PlacedRun, path: string, outcome: JobOutcome) {
    const result = outcome.status === 'done' ? readResult(path) : undefined;
    if (!result) return [];
    const reported = experiment.tasks.filter(({ name }) => tasks?.includes(name) ?? true);
    return reported.map((task) => {
      const { metric } = judge(task, metrics);
      const value = result.tasks[task.name]?.[stage === 'tuning' ? 'validation' : 'test'][metric.name];
      return { task: task.name, metric: metric.name, value: typeof value === 'number' ? value : null };
    });
  }
}

/**
 * Fails with a mistake that every run would have: tasks that the data do not have, a file that is not there. The workers keep the data
 * for their first runs. Where runs differ in their data, each tells its own mistake.
 */
async function readData(runs: readonly PlacedRun[], { workers, readShape, jobs = 1 }: StageOptions): Promise<void> {
  const [first] = runs;
  const data = new Set(runs.map(({ experiment }) => dataOf(experiment)));
  if (!first || data.size !== 1) return;
  const { experiment } = first;
  const others = Array.from({ length: Math.min(jobs, runs.length) - 1 }, (_, index) =>
    workers.at(index + 1).ask({ kind: 'shape', experiment }, () => undefined),
  );
  try {
    await readShape(experiment);
  } finally {
    await Promise.all(others); // a worker carries out one order at a time; what went wrong in it, its run will tell
  }
}

/**
 * The number of jobs at which the largest model among these runs trains fastest; 1 without runs. It is measured where there is a choice.
 * @param known What was measured before, which models of the same size on the same data need not be again.
 */
export async function fastestJobs(
  runs: readonly PlacedRun[],
  options: Omit<StageOptions, 'jobs' | 'jobsFor' | 'force'>,
  known = new Map<string, number>(),
): Promise<number> {
  const sizes = [...(await modelSizes(runs, options.readShape)).values()];
  const [largest] = sizes.toSorted((a, b) => b.size - a.size);
  const choices = candidates(availableParallelism(), runs.length);
  const [only = 1, ...others] = choices;
  if (!largest || others.length === 0) return only;
  const { experiment } = largest.run;
  const key = JSON.stringify([dataOf(experiment), experiment.model, experiment.train.batchSize, choices]);
  const measured = known.get(key);
  if (measured !== undefined) return measured;
  options.on({ kind: 'measuring', what: 'jobs' });
  const rates = await measureJobs(experiment, choices, {
    workers: options.workers,
    devices: options.devices,
    on: (report) => {
      if (report.kind === 'note' || report.kind === 'reading') options.on(report);
    },
  });
  const jobs = rates[0]?.jobs ?? 1;
  known.set(key, jobs);
  return jobs;
}

/** Runs that are the same experiment share a folder: the first of each. */
function firstOfEachFolder(runs: readonly PlacedRun[]): PlacedRun[] {
  const seen = new Set<string>();
  return runs.filter(({ folder }) => !seen.has(folder) && seen.add(folder));
}
