import { exitCode, Interrupted } from '../../support/errors.js';
import { FolderInUse } from '../../support/lock.js';
import { asUserError } from '../../support/system-error.js';
import { rememberingDataset } from '../../training/load-dataset.js';
import { loadPlugin } from '../../training/plugins.js';
import { prepare, train } from '../../training/run.js';
import type { RunEvent } from '../../training/run-options.js';
import { shapeOf } from '../../training/setup.js';
import type { Answer, Order, Report, Signal } from './messages.js';
import { trainRun } from './planned-run.js';

const secondsBetweenSteps = 0.2;
/** Limits a measurement on a busy machine or with a large validation split. */
const mostWaiting = 4;
/** How long to wait for the worker of a killed comparison, which is still writing its last checkpoint. */
const waitSeconds = 120;

export interface Orders {
  /** Executes one order. Call it again only after the answer. */
  take(order: Order): Promise<Answer>;
  signal(signal: Signal): void;
}

/** What an order is carried out with. */
interface Tools {
  readonly load: ReturnType<typeof rememberingDataset>;
  readonly report: (report: Report) => void;
  readonly signal: AbortSignal;
  /** Resolves with the signal `go`, or an interruption. */
  wait(): Promise<void>;
}

/** What a worker does, in whichever process. The data of an order are kept for the next. */
export function takeOrders(report: (report: Report) => void): Orders {
  const load = rememberingDataset();
  let stop = new AbortController();
  let go: () => void = () => undefined;
  return {
    take(order) {
      stop = new AbortController();
      const { signal } = stop;
      const wait = () =>
        new Promise<void>((resolve) => {
          go = resolve;
          signal.addEventListener('abort', () => resolve());
        });
      return carryOut(order, { load, report, signal, wait }).catch(failure);
    },
    signal(signal) {
      if (signal.kind === 'stop') stop.abort(new Interrupted());
      else go();
    },
  };
}

async function carryOut(order: Order, tools: Tools): Promise<Answer> {
  const { load, report, signal } = tools;
  for (const { file, sha256 } of order.experiment.plugins ?? []) await loadPlugin(file, sha256);
  if (order.kind === 'shape') {
    const dataset = await load(order.experiment, report, signal);
    const { splits } = dataset;
    return {
      kind: 'shape',
      model: shapeOf(dataset, order.experiment.inputs),
      rows: { train: splits.train.rows, validation: splits.validation.rows, test: splits.test.rows },
      grouped: splits.test.groups !== undefined,
    };
  }
  if (order.kind === 'measure') return measure(order, tools);
  let last = 0;
  const outcome = await trainRun(order, {
    load,
    signal,
    waitSeconds,
    on(event) {
      forward(event, report);
      if (event.kind === 'start') report({ kind: 'start', resumedAt: event.resumedAt });
      if (event.kind !== 'training') return;
      if (event.record.kind === 'epoch') report({ kind: 'epoch', record: event.record.record });
      if (event.record.kind === 'step' && performance.now() - last > 1000 * secondsBetweenSteps) {
        last = performance.now();
        const { epoch, step, steps, samplesPerSecond } = event.record;
        report({ kind: 'step', epoch, step, steps, samplesPerSecond });
      }
    },
  });
  return { kind: outcome.status === 'interrupted' ? 'interrupted' : 'done' };
}

/** Reports the events that need no change. */
function forward(event: RunEvent, report: Tools['report']): void {
  if (event.kind === 'note' || event.kind === 'reading') report(event);
}

/**
 * Compiles, waits for `go`, and trains for `seconds` of steps, or at most four times as long in total. Nothing is kept.
 */
async function measure(
  { experiment, engine, seconds }: Order & { readonly kind: 'measure' },
  { load, report, signal, wait }: Tools,
): Promise<Answer> {
  const setup = await prepare(experiment, { engine, load, signal, on: (event) => forward(event, report) });
  let compileSeconds = 0;
  let [chunks, samples, spent, step, rate, begun] = [0, 0, 0, 0, 0, 0];
  for await (const record of train(setup)) {
    if (signal.aborted) return { kind: 'interrupted' };
    if (record.kind === 'compiled') {
      compileSeconds = record.seconds;
      const going = wait();
      report({ kind: 'ready' });
      await going;
      begun = performance.now();
    }
    if (chunks > 1 && performance.now() - begun > 1000 * mostWaiting * seconds) break;
    if (record.kind === 'epoch') step = 0;
    if (record.kind !== 'step') continue;
    const done = (record.step - step) * setup.batchSize;
    step = record.step;
    chunks += 1;
    rate = record.samplesPerSecond;
    if (chunks === 1) continue; // the first chunk allocates memory
    samples += done;
    spent += done / rate;
    if (spent >= seconds) break;
  }
  return { kind: 'measured', samplesPerSecond: spent > 0 ? samples / spent : rate, compileSeconds };
}

function failure(error: unknown): Answer {
  if (error instanceof Interrupted) return { kind: 'interrupted' };
  if (error instanceof FolderInUse) return { kind: 'failed', message: error.message, exitCode: exitCode.interrupted };
  const known = asUserError(error);
  if (known) return { kind: 'failed', message: known.message, exitCode: known.exitCode };
  return { kind: 'failed', message: String(error instanceof Error ? error.stack : error), exitCode: null };
}
