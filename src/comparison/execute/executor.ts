import type { Experiment } from '../../config/experiment.js';
import type { ReadShape } from '../plan/data-shapes.js';
import type { DecidedChanges } from '../plan/decided-changes.js';
import type { Run } from '../plan/run.js';
import type { Report } from './messages.js';

/** The runs of `tune` come first; what they decide is in the others. */
export type Stage = 'tuning' | 'runs';

/** What happens while a comparison is planned and trained. */
export type Event =
  | { readonly kind: 'note'; readonly message: string }
  /** Of the data: bytes. */
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  | { readonly kind: 'measuring'; readonly what: 'jobs' | 'models' }
  /** Of a dry run: so many kinds of runs have been measured. */
  | { readonly kind: 'measured'; readonly done: number; readonly of: number }
  /** What `tune` and `match` decided, before the reported runs. */
  | { readonly kind: 'decided'; readonly changes: DecidedChanges }
  | {
      readonly kind: 'planned';
      readonly stage: Stage;
      /** Runs that have a folder of their own, and those of them to be trained. */
      readonly runs: number;
      readonly unfinished: readonly Run[];
      readonly jobs: number;
      readonly threads: number;
    }
  /** `place` counts the runs that train at a time, from 0. */
  | { readonly kind: 'begun'; readonly run: Run; readonly place: number }
  | { readonly kind: 'started again'; readonly run: Run; readonly reason: string }
  | { readonly kind: 'report'; readonly run: Run; readonly report: Report }
  | {
      readonly kind: 'ended';
      readonly run: Run;
      readonly outcome: Outcome;
      readonly seconds: number;
      /** On the test split; of tuning runs, on validation. Empty for a run that failed. */
      readonly scores: readonly { readonly task: string; readonly metric: string; readonly value: number | null }[];
    };

export type Outcome =
  | { readonly status: 'done' }
  | { readonly status: 'interrupted' }
  | { readonly status: 'failed'; readonly message: string };

/** How fast a model trains, and how long it takes to compile. */
export interface Speed {
  readonly samplesPerSecond: number;
  readonly compileSeconds: number;
}

/** Carries out the runs of a plan somewhere. It tells its events while it does. */
export interface Executor {
  /** Reads the data where they are needed, so that the comparison's own process does not hold them. @throws what is wrong with the data. */
  readonly readShape: ReadShape;
  /** How many of these runs train at a time: as many as was asked for, else the fastest number, measured. */
  jobsFor(runs: readonly Run[]): Promise<number>;
  /**
   * Trains those of the runs that are not finished, from their checkpoints where they have one.
   * @param folder of the runs' folders.
   * @returns All of them, as they are then. After an interruption some are still planned.
   */
  execute(stage: Stage, runs: readonly Run[], folder: string): Promise<readonly Run[]>;
  /** Trains a few steps of each experiment, so many at a time, and keeps nothing of it. */
  measure(experiments: readonly Experiment[], jobs: number): Promise<readonly Speed[]>;
}
