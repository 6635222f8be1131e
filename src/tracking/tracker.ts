/**
 * Receives a run's numbers while it trains. It gets plain data and returns at once; `end` waits a few seconds at most.
 */
export interface Tracker {
  /** Resolves when it is known whether other runs can refer to this one. */
  ready(): Promise<void>;
  log(values: TrackedStep): void;
  /** Ends the tracking. @param artifacts paths of finished files */
  end(status: TrackedStatus, artifacts: readonly string[]): Promise<void>;
}

/** A run, as given to a tracker when it starts or resumes. */
export interface TrackedRun {
  readonly name: string;
  /** Its folder, which exists. */
  readonly folder: string;
  /** The resolved config by dotted key, without paths. */
  readonly parameters: Readonly<Record<string, TrackedParameter>>;
  /** The steps before the checkpoint from which the run goes on; empty for a new run. */
  readonly earlier: readonly TrackedStep[];
  /** Name of a scalar that every epoch has, and no other step. */
  readonly everyEpoch: string;
}

export type TrackedParameter = string | number | boolean;

export interface TrackedStep {
  /** The epoch, from 1. */
  readonly step: number;
  /** Finite numbers by name: `validation/click/auc`. */
  readonly scalars: Readonly<Record<string, number>>;
}

export type TrackedStatus = 'finished' | 'failed' | 'interrupted';
