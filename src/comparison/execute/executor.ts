import { join } from 'node:path';
import type { Execute } from '../../config/execute.js';
import { must } from '../../support/must.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { readResult } from '../../training/result.js';
import { judge } from '../gains/judged-task.js';
import type { ReadShape } from '../plan/data-shapes.js';
import type { DecidedChanges } from '../plan/decided-changes.js';
import { type Run, type Stage, unfinished } from '../plan/run.js';
import type { TaskScore } from '../stored/listed-folders.js';
import type { Report } from './orders.js';

/** What happens while a comparison is planned and trained. */
export type Event =
  | { readonly kind: 'note'; readonly message: string }
  /** Progress of reading the data. */
  | { readonly kind: 'reading' | 'inspecting'; readonly done: number; readonly total: number }
  /** The decisions of `tune` and `match`, before the reported runs. */
  | { readonly kind: 'decided'; readonly changes: DecidedChanges }
  | {
      readonly kind: 'planned';
      readonly stage: Stage['stage'];
      /** Runs with their own folder, and how many of them must be trained. */
      readonly runs: number;
      readonly unfinished: readonly Run[];
      readonly jobs: number;
      /** How many threads each run has; null where other machines say. */
      readonly threads: number | null;
      /** Where runs train, in words; absent: in processes of this machine. */
      readonly place?: string;
    }
  /** A command of the config has ended under a seed. */
  | { readonly kind: 'command'; readonly name: string; readonly message: string }
  | { readonly kind: 'begun'; readonly run: Run }
  | { readonly kind: 'started again'; readonly run: Run; readonly reason: string }
  | { readonly kind: 'report'; readonly run: Run; readonly report: Report }
  | {
      readonly kind: 'ended';
      readonly run: Run;
      readonly outcome: Outcome;
      readonly seconds: number;
      /** On the test split, or on validation for tuning runs. Empty for a failed run. */
      readonly scores: readonly TaskScore[];
    };

export type Outcome =
  | { readonly status: 'done' | 'interrupted' }
  | { readonly status: 'failed'; readonly message: string };

/** Executes the runs of a plan somewhere and reports events while it does. */
export interface Executor {
  /**
   * Reads the data in another process, so that the comparison's own process does not hold them. @throws what is wrong
   * with the data.
   */
  readonly readShape: ReadShape;
  /**
   * Trains the runs that are to be trained, from their checkpoints where they have one, until each has ended or the
   * signal fires.
   * @returns Undefined, or that this process leaves the runs to others.
   */
  execute(stage: OpenStage): Promise<LeftToOthers | undefined>;
}

/** The runs are with Slurm, and train on without this process. */
export interface LeftToOthers {
  /** What to do next. */
  readonly message: string;
  /** What was written for the scheduler, if the user is to see it. */
  readonly text?: string;
  readonly exitCode: number;
}

/** What every executor gets. */
export interface ExecutorOptions {
  /** How many runs train at a time. Absent: see `usualJobs`. */
  readonly jobs?: number | undefined;
  /** Whether reported runs keep the predictions of the test split. */
  readonly predictions: boolean;
  /** With Slurm: hands the unfinished runs of a stage over, also if it was handed over before. */
  readonly resubmit?: boolean;
  /** With Slurm: gives the script that would be handed over, and hands nothing over. */
  readonly dryRun?: boolean;
  /** The command line that asked, without `--resubmit` and `--dry-run`: for messages. */
  readonly command?: string;
  /** Takes over folders whose holder may be dead: a process of another host or container. */
  readonly force?: boolean;
  /** When it fires, running runs write a checkpoint and no further run starts. */
  readonly signal: AbortSignal;
  /** When it fires, the child processes are killed. */
  readonly halt: AbortSignal;
  on(event: Event): void;
}

export interface ComparisonOptions extends ExecutorOptions {
  /** Folder of all comparisons and runs. This comparison's folder is `<name>` in it. */
  readonly runs: string;
  /** Where runs train. Default: as the config says. */
  readonly execute?: Execute | undefined;
}

/** A stage while an executor trains its runs. Each change is an event. */
export type OpenStage = ReturnType<typeof openStage>;

/**
 * @param planned Its runs have their own folders. `plan` is the file with all of them: see `stage-plan.ts`.
 * @param metrics The metric by task, for tasks that do not use the default metric of their type.
 */
export function openStage(
  planned: Stage & { readonly plan: string },
  metrics: Readonly<Record<string, string>>,
  on: (event: Event) => void,
) {
  const { stage, runs, folder } = planned;
  const todo = unfinished(runs);
  const indices = new Map(runs.map((run, index) => [run.folder, index]));
  const begun = new Map<string, number>(); // times by folder
  const failed: string[] = [];
  return {
    ...planned,
    /** What must be trained. */
    todo,
    /** Paths of the runs that failed. */
    failed,
    /** The index of a run in the plan. */
    indexOf: (run: Run): number => must(indices.get(run.folder), 'a run of the stage'),
    /** @param how See the event `planned`. */
    planned(how: { readonly jobs: number; readonly threads: number | null; readonly place?: string }): void {
      on({ kind: 'planned', stage, runs: runs.length, unfinished: todo, ...how });
    },
    begin,
    /**
     * A run will not train on here. How it ended is read in its folder.
     * @param message Why it failed, if it did. @throws DataError for a result that is damaged.
     */
    end(run: Run, message?: string): void {
      const path = join(folder, run.folder);
      if (message !== undefined) failed.push(path);
      const outcome = outcomeAt(path, message);
      const scores = outcome.status === 'done' ? displayedScores(stage, run, path, metrics) : [];
      on({ kind: 'ended', run, outcome, seconds: (performance.now() - begin(run)) / 1000, scores });
    },
  };

  /** Tells that a run has begun, once. @returns when that was */
  function begin(run: Run): number {
    const now = begun.get(run.folder) ?? performance.now();
    if (!begun.has(run.folder)) on({ kind: 'begun', run });
    begun.set(run.folder, now);
    return now;
  }
}

function outcomeAt(path: string, message: string | undefined): Outcome {
  if (message !== undefined) return { status: 'failed', message };
  return { status: isFinished(path) ? 'done' : 'interrupted' };
}

/** Scores of a run for display: on the test split, or on validation for tuning runs. */
function displayedScores(stage: Stage['stage'], run: Run, path: string, metrics: Readonly<Record<string, string>>) {
  const result = readResult(path);
  const reported = run.experiment.tasks.filter(({ name }) => run.tasks?.includes(name) ?? true);
  return reported.map((task) => {
    const metric = judge(task, metrics).metric.name;
    const value = result?.tasks[task.name]?.[stage === 'tuning' ? 'validation' : 'test'][metric];
    return { task: task.name, metric, value: typeof value === 'number' ? value : null };
  });
}
