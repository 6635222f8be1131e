import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ComparisonConfig } from '../config/comparison.js';
import { readRun } from '../training/finished-run.js';
import { acquireLock, cannotWrite } from '../training/lock.js';
import type { Comparison } from './comparison.js';
import { createWorkers, type Job, type JobEvent, type JobOutcome, runJobs, type Workers } from './jobs.js';
import { measureJobs } from './measure.js';
import { type PlacedRun, placeRuns } from './placed-runs.js';
import { planRuns } from './plan.js';
import { summarize } from './rough-summary.js';

export type ComparisonEvent =
  | { readonly kind: 'note'; readonly message: string }
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  | { readonly kind: 'measuring' }
  /** Before the first run. `runs` are those that have a folder of their own. */
  | {
      readonly kind: 'planned';
      readonly runs: number;
      readonly finished: number;
      readonly jobs: number;
      readonly threads: number;
    }
  | { readonly kind: 'job'; readonly run: PlacedRun; readonly event: JobEvent };

export interface ComparisonOptions {
  /** Folder of all comparisons and runs; this one's folder is `<name>` in it. */
  readonly runs: string;
  /** Child processes; measured if absent. */
  readonly jobs?: number;
  readonly predictions: boolean;
  /** When it fires, the runs are checkpointed and the comparison ends as `interrupted`. */
  readonly signal: AbortSignal;
  /** When it fires, the child processes are killed. */
  readonly halt: AbortSignal;
  on(event: ComparisonEvent): void;
}

export type ComparisonResult =
  | { readonly status: 'interrupted'; readonly folder: string }
  | {
      readonly status: 'done';
      readonly folder: string;
      readonly comparison: Comparison;
      readonly failed: number;
    };

/** Trains what is not finished of a comparison, and writes `comparison.json`. The same call goes on after an interruption. */
export async function runComparison(config: ComparisonConfig, options: ComparisonOptions): Promise<ComparisonResult> {
  const folder = join(options.runs, config.name);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  const release = acquireLock(folder);
  const workers = createWorkers();
  const kill = () => workers.kill();
  options.halt.addEventListener('abort', kill);
  try {
    return await runInFolder(config, folder, workers, options);
  } finally {
    options.halt.removeEventListener('abort', kill);
    workers.release();
    release();
  }
}

async function runInFolder(
  config: ComparisonConfig,
  folder: string,
  workers: Workers,
  options: ComparisonOptions,
): Promise<ComparisonResult> {
  const started = performance.now();
  const placed = await placeRuns(
    planRuns(config, () => ({})),
    folder,
    options.on,
  );
  const unfinished = firstOfEachFolder(placed.filter(({ finished }) => !finished));
  const jobs = options.jobs ?? (await fastest(unfinished, workers, options));
  options.on({
    kind: 'planned',
    runs: firstOfEachFolder(placed).length,
    finished: firstOfEachFolder(placed).length - unfinished.length,
    jobs,
    threads: Math.max(1, Math.floor(availableParallelism() / jobs)),
  });
  const runOf = new Map<Job, PlacedRun>(
    unfinished.map((run) => [{ experiment: run.experiment, path: join(folder, run.folder) }, run]),
  );
  const outcomes = await runJobs([...runOf.keys()], {
    workers,
    count: jobs,
    predictions: options.predictions,
    signal: options.signal,
    on: (event) => {
      const run = runOf.get(event.job);
      if (run) options.on({ kind: 'job', run, event });
    },
  });
  if (options.signal.aborted) return { status: 'interrupted', folder };

  const failed = [...outcomes.values()].filter(({ status }) => status === 'failed').length;
  const comparison = await summarize(entriesOf(placed, folder, outcomesByFolder(runOf, outcomes)), {
    name: config.name,
    baseline: config.baseline,
    tasks: config.experiment(config.baseline, config.points[0] ?? {}, config.seeds[0] ?? 0).tasks,
    metrics: config.metrics,
    seeds: config.seeds,
    axes: config.axes,
    uncertainty: config.uncertainty,
    timing: { seconds: (performance.now() - started) / 1000, jobs },
  });
  writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  return { status: 'done', folder, comparison, failed };
}

async function fastest(runs: readonly PlacedRun[], workers: Workers, options: ComparisonOptions): Promise<number> {
  const [first] = runs;
  if (!first) return 1;
  options.on({ kind: 'measuring' });
  const rates = await measureJobs(first.experiment, {
    workers,
    runs: runs.length,
    on: (report) => {
      if (report.kind === 'note' || report.kind === 'reading') options.on(report);
    },
  });
  return rates[0]?.jobs ?? 1;
}

function firstOfEachFolder(runs: readonly PlacedRun[]): PlacedRun[] {
  return [...new Map(runs.toReversed().map((run) => [run.folder, run])).values()].toReversed();
}

function outcomesByFolder(
  runOf: ReadonlyMap<Job, PlacedRun>,
  outcomes: ReadonlyMap<Job, JobOutcome>,
): ReadonlyMap<string, JobOutcome> {
  return new Map([...outcomes].map(([job, outcome]) => [runOf.get(job)?.folder ?? '', outcome]));
}

/** A row for every model at every point, with its runs by seed. */
function entriesOf(placed: readonly PlacedRun[], folder: string, outcomes: ReadonlyMap<string, JobOutcome>) {
  const rows = new Map<string, PlacedRun[]>();
  for (const run of placed) {
    const key = JSON.stringify([run.label, run.point]);
    rows.set(key, [...(rows.get(key) ?? []), run]);
  }
  return [...rows.values()].map((runs) => {
    const [first] = runs;
    if (!first) throw new Error('A row has a run.');
    return {
      label: first.label,
      type: first.experiment.model.type,
      point: first.point,
      runs: runs.map(({ seed, folder: path }) => {
        const run = readRun(join(folder, path));
        const status = run ? ('done' as const) : outcomes.has(path) ? ('failed' as const) : ('missing' as const);
        return { seed, path, status, ...(run ? { run } : {}) };
      }),
    };
  });
}

/** The file is there whole or not at all. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.partial`, text);
  renameSync(`${path}.partial`, path);
}
