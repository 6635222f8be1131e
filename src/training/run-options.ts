import type { ChosenDevice, EngineChoice } from '../engine/devices/choose-device.js';
import type { LoadDataset, LoadingEvent } from './load-dataset.js';
import type { Result } from './result.js';
import type { TrainingSetup } from './setup.js';
import type { TrainingRecord } from './trainer.js';

/** What a run tells while it runs. */
export type RunEvent =
  | LoadingEvent
  | { readonly kind: 'start'; readonly path: string; readonly setup: TrainingSetup; readonly resumedAt: number | null }
  | { readonly kind: 'training'; readonly record: TrainingRecord };

export interface PrepareOptions {
  readonly signal?: AbortSignal;
  /** Default: the config's. A chosen device is taken without another look at it. */
  readonly engine?: EngineChoice | ChosenDevice;
  /** Default: reads the data anew. */
  readonly load?: LoadDataset;
  on(event: RunEvent): void;
}

export interface RunOptions extends PrepareOptions {
  /** Folder of all runs; a new run's own folder is `<name>-<hash8>` in it. */
  readonly runs: string;
  /** Go on in this run's folder, from its last checkpoint if it has one. */
  readonly resume?: string;
  /** Delete what the folder holds and train again. */
  readonly overwrite: boolean;
  /** Take the folder over from a process that may be dead: one of another host or container. */
  readonly force?: boolean;
  /**
   * Stop after this epoch, from 1, with a checkpoint: a later call goes on from it to the same bits. Absent: the run's
   * end.
   */
  readonly until?: number;
  /** Write the test predictions. */
  readonly predictions: boolean;
  /**
   * When it fires, a checkpoint is written and the run ends as `interrupted`; before it trains, with the signal's
   * reason or `Interrupted`.
   */
  readonly signal: AbortSignal;
  /** What the data and the config must be: those of another machine, which planned the run. */
  readonly expected?: { readonly hash8: string; readonly checksum: string } | undefined;
}

export type TrainingOutcome =
  | { readonly status: 'done' | 'already done'; readonly path: string; readonly result: Result }
  /** `paused`: it has trained `until`, and has not ended by itself. */
  | { readonly status: 'interrupted' | 'paused'; readonly path: string };

/** What is trained, and how its device was chosen. */
export interface PreparedTraining extends TrainingSetup {
  readonly chosen: ChosenDevice;
}
