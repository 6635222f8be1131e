import type { Execute } from '../../config/execute.js';
import { exitCode, UserError } from '../../support/errors.js';
import type { ReadShape } from '../plan/data-shapes.js';
import type { DecidedChanges } from '../plan/decided-changes.js';
import type { Run } from '../plan/run.js';
import type { Report } from './messages.js';

/** The runs of `tune` come first; their results determine the configs of the other runs. */
export type Stage = 'tuning' | 'runs';

/** What happens while a comparison is planned and trained. */
export type Event =
  | { readonly kind: 'note'; readonly message: string }
  /** Progress of reading the data, in bytes. */
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  /** The decisions of `tune` and `match`, before the reported runs. */
  | { readonly kind: 'decided'; readonly changes: DecidedChanges }
  /** All runs of a stage, before it; `folder` contains their folders. */
  | { readonly kind: 'stage'; readonly stage: Stage; readonly runs: readonly Run[]; readonly folder: string }
  | {
      readonly kind: 'planned';
      readonly stage: Stage;
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
   * Trains the unfinished runs, from their checkpoints where they have one.
   * @param folder The folder that contains the runs' folders.
   * @returns All runs with their new state. After an interruption some are still planned.
   */
  execute(stage: Stage, runs: readonly Run[], folder: string): Promise<readonly Run[]>;
}

/** What every executor gets. */
export interface ExecutorOptions {
  /** How many runs train at a time. Absent: see `usualJobs`. */
  readonly jobs?: number | undefined;
  /** Whether reported runs keep the predictions of the test split. */
  readonly predictions: boolean;
  /** With a queue or Slurm: adds the runs of this stage and throws `Detached`. */
  readonly detach?: boolean;
  /** With Slurm: puts finished runs together and hands over the next stage, but trains no run of this stage again. */
  readonly collect?: boolean;
  /** With Slurm: writes what would be handed over, and hands nothing over. */
  readonly dryRun?: boolean;
  /** The command line that asked, without `--collect` and `--dry-run`: for messages. */
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

/**
 * The runs of a stage are with a queue or Slurm, and train on without this process. The message says what to do next.
 */
export class Detached extends UserError {
  override name = 'Detached';
  /** What was written for the scheduler, if the user is to see it. */
  readonly text: string | undefined;

  constructor(
    message: string,
    { text, code = exitCode.done }: { readonly text?: string; readonly code?: number } = {},
  ) {
    super(message, code);
    this.text = text;
  }
}
