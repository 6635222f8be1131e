/**
 * Copies a run's numbers from its journal while it trains. `update` returns at once; `end` waits a few seconds at most.
 */
export interface Tracker {
  /** Resolves when it is known whether other runs can refer to this one. */
  ready(): Promise<void>;
  /** The journal has more steps. */
  update(): void;
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
  /** Opens the journal. Each call of what it returns reads the steps since the last one; the first reads all. */
  readonly follow: () => () => readonly TrackedStep[];
}

export type TrackedParameter = string | number | boolean;

export interface TrackedStep {
  /** The epoch, from 1. */
  readonly step: number;
  /** Finite numbers by name: `validation/click/auc`. */
  readonly scalars: Readonly<Record<string, number>>;
}

export type TrackedStatus = 'finished' | 'failed' | 'interrupted';
