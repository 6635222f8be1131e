import type { Experiment } from '../../config/experiment.js';
import { asUserError, Interrupted } from '../../support/errors.js';
import { type LoadingEvent, rememberingDataset } from '../../training/load-dataset.js';
import { loadPlugin } from '../../training/plugins.js';
import type { RunEvent } from '../../training/run-options.js';
import { modelShape } from '../../training/setup.js';
import { countClasses, type DataShape } from '../plan/data-shapes.js';
import { type PlannedRun, trainPlanned } from './planned-run.js';
import { planReader } from './stage-plan.js';

/** What is asked of a worker process, one order at a time. Messages in both directions are JSON texts. */
export type Order =
  | ({ readonly kind: 'run' } & PlannedRun)
  | { readonly kind: 'shape'; readonly experiment: Experiment };

/** Interrupts the order. A run then writes a checkpoint. */
export interface Stop {
  readonly kind: 'stop';
}

/** What a worker says: reports during an order, and at its end the answer. */
export type Said = { readonly report: Report } | { readonly answer: Answer };

/**
 * Progress within an epoch, which a run's files do not have. Reading the data is reported in orders for a shape alone.
 */
export type Report =
  | LoadingEvent
  | { readonly kind: 'start'; readonly resumedAt: number | null }
  | { readonly kind: 'step'; readonly epoch: number; readonly step: number; readonly steps: number };

export type Answer = { readonly kind: 'done' | 'interrupted' } | Failed | DataShape;

export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
  /**
   * Exit code of a user's mistake; `interrupted` if another process has the folder. Null for a bug; `message` is then
   * its stack.
   */
  readonly exitCode: number | null;
}

const secondsBetweenSteps = 0.2;

/** What a worker does, in whichever process. The data of an order are kept for the next. */
export function takeOrders(report: (report: Report) => void) {
  const [load, read] = [rememberingDataset(), planReader()];
  let interruption = new AbortController();
  return {
    /** Executes one order. Call it again only after the answer. */
    take(order: Order): Promise<Answer> {
      interruption = new AbortController();
      const { signal } = interruption;
      return (order.kind === 'shape' ? readShape(order.experiment, signal) : train(order, signal)).catch(failure);
    },
    /** Interrupts the order. */
    stop: () => interruption.abort(new Interrupted()),
  };

  async function readShape(experiment: Experiment, signal: AbortSignal): Promise<Answer> {
    for (const { file, sha256 } of experiment.plugins ?? []) await loadPlugin(file, sha256);
    const dataset = await load(experiment, report, signal);
    const { train, validation, test } = dataset.splits;
    const rows = { train: train.rows, validation: validation.rows, test: test.rows };
    const testClasses = await countClasses(dataset, signal);
    return { kind: 'shape', model: modelShape(dataset), rows, grouped: test.groups !== undefined, testClasses };
  }

  async function train(run: PlannedRun, signal: AbortSignal): Promise<Answer> {
    const tell = withFewerSteps(secondsBetweenSteps, report);
    const on = (event: RunEvent) => {
      const said = reportOf(event);
      if (said) tell(said);
    };
    const { status } = await trainPlanned(run, { load, read, signal, hear: () => on });
    return { kind: status === 'interrupted' ? status : 'done' };
  }
}

/** What the process that gave the order hears of an event. */
function reportOf(event: RunEvent): Report | undefined {
  if (event.kind === 'note') return event;
  if (event.kind === 'start') return { kind: 'start', resumedAt: event.resumedAt };
  if (event.kind !== 'training' || event.record.kind !== 'step') return undefined;
  const { epoch, step, steps } = event.record;
  return { kind: 'step', epoch, step, steps };
}

/** Passes reports on. Between two steps that it passes on lie at least so many seconds. */
export function withFewerSteps(seconds: number, pass: (report: Report) => void): (report: Report) => void {
  let last = 0;
  return (report) => {
    const now = performance.now();
    if (report.kind === 'step' && now - last < 1000 * seconds) return;
    if (report.kind === 'step') last = now;
    pass(report);
  };
}

export function failure(error: unknown): Answer {
  if (error instanceof Interrupted) return { kind: 'interrupted' };
  const mistake = asUserError(error);
  if (mistake) return { kind: 'failed', message: mistake.message, exitCode: mistake.exitCode };
  return { kind: 'failed', message: String(error instanceof Error ? error.stack : error), exitCode: null };
}
