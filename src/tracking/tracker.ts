/**
 * Where a run's numbers also go while it trains. It gets plain data and returns at once; `end` waits a few seconds at
 * most.
 */
export interface Tracker {
  /** When what follows elsewhere can refer to this run, or cannot. */
  ready(): Promise<void>;
  log(values: TrackedStep): void;
  /** Nothing follows. @param artifacts Paths of finished files. */
  end(status: TrackedStatus, artifacts: readonly string[]): Promise<void>;
}

/** What a tracker knows of a run when it starts or goes on. */
export interface TrackedRun {
  readonly name: string;
  /** Its folder, which exists. */
  readonly folder: string;
  /** The resolved config by dotted key, without paths. */
  readonly parameters: Readonly<Record<string, TrackedParameter>>;
  /** The steps before the checkpoint from which the run goes on; empty for a new run. */
  readonly earlier: readonly TrackedStep[];
  /** Name of a scalar that every epoch has, and nothing else. */
  readonly everyEpoch: string;
}

export type TrackedParameter = string | number | boolean;

export interface TrackedStep {
  /** The epoch, from 1. */
  readonly step: number;
  /** Finite numbers by name: `validation/click/auc`. */
  readonly scalars: Readonly<Record<string, number>>;
  /** By name. */
  readonly histograms?: Readonly<Record<string, TrackedHistogram>>;
}

/** Weights of numbered things: the one with the number i has the bucket from i to i + 1. */
export type TrackedHistogram = readonly number[];

export type TrackedStatus = 'finished' | 'failed' | 'interrupted';
