import { exitCode, Interrupted } from '../../support/errors.js';
import { FolderInUse } from '../../support/lock.js';
import { asUserError } from '../../support/system-error.js';
import { rememberingDataset } from '../../training/load-dataset.js';
import { loadPlugin } from '../../training/plugins.js';
import { prepare, train } from '../../training/run.js';
import { shapeOf } from '../../training/setup.js';
import { type Answer, type Order, type Report, readingEvents } from './messages.js';
import { trainRun } from './planned-run.js';

const secondsBetweenSteps = 0.2;
/** Of training steps in a measurement, and of all of it: on a busy machine, or with a large validation split. */
const [measuredSeconds, mostSeconds] = [0.7, 2.8];
/** How long to wait for the worker of a killed comparison, which is still writing its last checkpoint. */
const waitSeconds = 120;

export interface Orders {
  /** Executes one order. Call it again only after the answer. */
  take(order: Order): Promise<Answer>;
  /** Interrupts the order. */
  stop(): void;
}

/** What an order is carried out with. */
interface Tools {
  readonly load: ReturnType<typeof rememberingDataset>;
  readonly report: (report: Report) => void;
  readonly signal: AbortSignal;
}

/** What a worker does, in whichever process. The data of an order are kept for the next. */
export function takeOrders(report: (report: Report) => void): Orders {
  const load = rememberingDataset();
  let interruption = new AbortController();
  return {
    take(order) {
      interruption = new AbortController();
      return carryOut(order, { load, report, signal: interruption.signal }).catch(failure);
    },
    stop: () => interruption.abort(new Interrupted()),
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
  const reading = readingEvents(report);
  const outcome = await trainRun(order, {
    load,
    signal,
    waitSeconds,
    on(event) {
      reading(event);
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

/** Compiles, and trains for a short time. Nothing is kept. */
async function measure(
  { experiment, engine }: Order & { readonly kind: 'measure' },
  { load, report, signal }: Tools,
): Promise<Answer> {
  const setup = await prepare(experiment, { engine, load, signal, on: readingEvents(report) });
  let compileSeconds = 0;
  let [chunks, samples, spent, step, rate, begun] = [0, 0, 0, 0, 0, 0];
  for await (const record of train(setup)) {
    if (signal.aborted) return { kind: 'interrupted' };
    if (record.kind === 'compiled') {
      compileSeconds = record.seconds;
      begun = performance.now();
    }
    if (chunks > 1 && performance.now() - begun > 1000 * mostSeconds) break;
    if (record.kind === 'epoch') step = 0;
    if (record.kind !== 'step') continue;
    const done = (record.step - step) * setup.batchSize;
    step = record.step;
    chunks += 1;
    rate = record.samplesPerSecond;
    if (chunks === 1) continue; // the first chunk allocates memory
    samples += done;
    spent += done / rate;
    if (spent >= measuredSeconds) break;
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
