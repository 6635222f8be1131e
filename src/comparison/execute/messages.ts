import type { Experiment } from '../../config/experiment.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { LoadingEvent } from '../../training/load-dataset.js';
import type { RunEvent } from '../../training/run-options.js';
import type { DataShape } from '../plan/data-shapes.js';
import type { PlannedRun } from './planned-run.js';

/** What is asked of a worker process, one order at a time. Messages in both directions are JSON texts. */
export type Order =
  | ({ readonly kind: 'run' } & PlannedRun)
  | { readonly kind: 'shape'; readonly experiment: Experiment };

/** May be sent during an order. A run then writes a checkpoint. */
export interface Stop {
  readonly kind: 'stop';
}

/** What a worker reports during an order. */
export type Report =
  | LoadingEvent
  | { readonly kind: 'start'; readonly resumedAt: number | null }
  | { readonly kind: 'step'; readonly epoch: number; readonly step: number; readonly steps: number }
  | { readonly kind: 'epoch'; readonly record: EpochRecord };

/** The last message on an order. */
export type Answer = { readonly kind: 'done' } | { readonly kind: 'interrupted' } | Failed | DataShape;

export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
  /**
   * Exit code of a user's mistake; `interrupted` if another process has the folder. Null for a bug; `message` is then
   * its stack.
   */
  readonly exitCode: number | null;
}

/** Passes on what reading the data tells. */
export function readingEvents(on: (event: LoadingEvent) => void): (event: RunEvent | Report) => void {
  return (event) => {
    if (event.kind === 'note' || event.kind === 'reading') on(event);
  };
}

export function isAnswer(message: Report | Answer): message is Answer {
  return ['done', 'interrupted', 'failed', 'shape'].includes(message.kind);
}
