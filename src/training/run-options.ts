import type { ChosenDevice, EngineChoice } from '../engine/devices/devices.js';
import type { LoadDataset, LoadingEvent } from './load-dataset.js';
import type { Result } from './result.js';
import type { TrainingSetup } from './setup.js';
import type { TrainingRecord } from './trainer.js';

/** Events of a run. */
export type RunEvent =
  | LoadingEvent
  | { readonly kind: 'start'; readonly path: string; readonly setup: TrainingSetup; readonly resumedAt: number | null }
  | { readonly kind: 'training'; readonly record: TrainingRecord };

export interface PrepareOptions {
  readonly signal?: AbortSignal;
  /** Default: the config's. A chosen device is not tried again. */
  readonly engine?: EngineChoice | ChosenDevice;
  /** Default: reads the data anew. */
  readonly load?: LoadDataset;
  on(event: RunEvent): void;
}

export interface RunOptions extends PrepareOptions {
  /** Folder of all runs; a new run's own folder is `<name>-<hash8>` in it. */
  readonly runs: string;
  /** Continue in this run's folder, from its last checkpoint if there is one. */
  readonly resume?: string | undefined;
  /** Delete the run's files and train again. */
  readonly overwrite: boolean;
  /** Take the folder over from a process that may be dead: one of another host or container. */
  readonly force?: boolean;
  /** Write the test predictions. */
  readonly predictions: boolean;
  /**
   * When it fires, the run writes a checkpoint and ends as `interrupted`. Before training, it throws the signal's
   * reason or `Interrupted`.
   */
  readonly signal: AbortSignal;
  /** Expected data and config: those of the machine that planned the run. */
  readonly expected?: { readonly hash8: string; readonly checksum: string } | undefined;
}

export type TrainingOutcome =
  | { readonly status: 'done' | 'already done'; readonly path: string; readonly result: Result }
  | { readonly status: 'interrupted'; readonly path: string };

/** The set-up of a run, and how its device was chosen. */
export interface PreparedTraining extends TrainingSetup {
  readonly chosen: ChosenDevice;
}
