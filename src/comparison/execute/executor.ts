import type { Execute } from '../../config/execute.js';
import type { ReadShape } from '../plan/data-shapes.js';
import type { DecidedChanges } from '../plan/decided-changes.js';
import type { Run, Stage } from '../plan/run.js';
import type { Report } from './messages.js';

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
      /** Of each run; null where other machines say. */
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
      readonly scores: readonly { readonly task: string; readonly metric: string; readonly value: number | null }[];
    };

export type Outcome =
  | { readonly status: 'done' }
  | { readonly status: 'interrupted' }
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

/** A stage while an executor trains its runs. Each change is an event. Runs that share a folder are one. */
export interface OpenStage extends Stage {
  /** The file of its plan, which has all its runs: see `stage-plan.ts`. */
  readonly plan: string;
  /** What must be trained. */
  readonly todo: readonly Run[];
  /** The index of a run in the plan. */
  indexOf(run: Run): number;
  /** @param how See the event `planned`. */
  planned(how: { readonly jobs: number; readonly threads: number | null; readonly place?: string }): void;
  /** A run that has begun stays as it is. */
  begin(run: Run): void;
  /**
   * A run will not train on here. How it ended is read in its folder.
   * @param failure Why it failed, if it did. @throws DataError for a result that is damaged.
   */
  end(run: Run, failure?: string): void;
  /** Paths of the runs that failed. */
  failed(): readonly string[];
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
