import { setTimeout as wait } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { exitCode } from '../../../support/errors.js';
import type { Answer } from '../orders.js';
import { failureMessage, type Lost } from '../worker-process.js';
import { lowestPriority } from './connection.js';

/** How far a worker came with a run: it prepares the order, its child process reads the data, then it trains. */
export type AttemptStage = 'preparing' | 'reading' | 'training';

/** How a worker's attempt at a run ended. */
export type AttemptOutcome =
  | { readonly kind: 'done' | 'interrupted' }
  /** `again`: a few times, for what may not happen again. */
  | { readonly kind: 'failed'; readonly message: string; readonly again: boolean }
  /** Another worker may train it. `pauses`: this one would refuse the next run too. */
  | { readonly kind: 'refused'; readonly message: string; readonly pauses: boolean };

/** Seconds until a refused run may be taken again, and for which a slot that pauses takes none. */
const [untilTaken, pause] = [1, 10];

export function outcomeOf(answer: Answer | Lost, stage: AttemptStage): AttemptOutcome {
  if (answer.kind === 'done') return { kind: 'done' };
  if (answer.kind === 'lost') return { kind: 'failed', message: answer.message, again: true };
  if (answer.kind !== 'failed') return { kind: 'interrupted' };
  const [message, code] = [failureMessage(answer), answer.exitCode];
  if (code === exitCode.interrupted) return { kind: 'refused', message, pauses: false }; // another process has the folder
  // This machine lacks a plan, a plugin or a device, or has other data.
  const isForOthers = stage === 'preparing' ? code !== null : stage === 'reading' && code === exitCode.data;
  if (isForOthers) return { kind: 'refused', message, pauses: true };
  return { kind: 'failed', message, again: code === exitCode.failed };
}

/** Tells BullMQ how an attempt ended, by what is returned or thrown. */
export async function settle(
  outcome: AttemptOutcome,
  job: Job,
  token: string | undefined,
  signal: AbortSignal,
): Promise<null> {
  switch (outcome.kind) {
    case 'done':
      return null;
    case 'interrupted':
      await job.moveToWait(token);
      throw new WaitingError();
    case 'failed':
      throw outcome.again ? new Error(outcome.message) : new UnrecoverableError(outcome.message);
    case 'refused':
      await job.changePriority({ priority: lowestPriority }); // other runs of the queue may be for this worker
      await job.moveToDelayed(Date.now() + 1000 * untilTaken, token);
      if (outcome.pauses) await wait(1000 * pause, undefined, { signal }).catch(() => undefined);
      throw new DelayedError();
  }
}
