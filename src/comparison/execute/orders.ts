import { Interrupted } from '../../support/errors.js';
import { asUserError } from '../../support/system-error.js';
import { rememberingDataset } from '../../training/load-dataset.js';
import { loadPlugin } from '../../training/plugins.js';
import { modelShape } from '../../training/setup.js';
import { type Answer, type Order, type Report, readingEvents } from './messages.js';
import { trainPlanned } from './planned-run.js';
import { planReader } from './stage-plan.js';

const secondsBetweenSteps = 0.2;

export interface Orders {
  /** Executes one order. Call it again only after the answer. */
  take(order: Order): Promise<Answer>;
  /** Interrupts the order. */
  stop(): void;
}

/** What an order is carried out with. */
interface Tools {
  readonly load: ReturnType<typeof rememberingDataset>;
  readonly read: ReturnType<typeof planReader>;
  readonly report: (report: Report) => void;
  readonly signal: AbortSignal;
}

/** What a worker does, in whichever process. The data of an order are kept for the next. */
export function takeOrders(report: (report: Report) => void): Orders {
  const [load, read] = [rememberingDataset(), planReader()];
  let interruption = new AbortController();
  return {
    take(order) {
      interruption = new AbortController();
      return carryOut(order, { load, read, report, signal: interruption.signal }).catch(failure);
    },
    stop: () => interruption.abort(new Interrupted()),
  };
}

async function carryOut(order: Order, { load, read, report, signal }: Tools): Promise<Answer> {
  if (order.kind === 'shape') {
    for (const { file, sha256 } of order.experiment.plugins ?? []) await loadPlugin(file, sha256);
    const dataset = await load(order.experiment, report, signal);
    const { splits } = dataset;
    return {
      kind: 'shape',
      model: modelShape(dataset),
      rows: { train: splits.train.rows, validation: splits.validation.rows, test: splits.test.rows },
      grouped: splits.test.groups !== undefined,
    };
  }
  let last = 0;
  const reading = readingEvents(report);
  const outcome = await trainPlanned(order, {
    load,
    read,
    signal,
    hear: () => (event) => {
      reading(event);
      if (event.kind === 'start') report({ kind: 'start', resumedAt: event.resumedAt });
      if (event.kind !== 'training') return;
      if (event.record.kind === 'epoch') report({ kind: 'epoch', record: event.record.record });
      if (event.record.kind === 'step' && performance.now() - last > 1000 * secondsBetweenSteps) {
        last = performance.now();
        const { epoch, step, steps } = event.record;
        report({ kind: 'step', epoch, step, steps });
      }
    },
  });
  return { kind: outcome.status === 'interrupted' ? 'interrupted' : 'done' };
}

export function failure(error: unknown): Answer {
  if (error instanceof Interrupted) return { kind: 'interrupted' };
  const known = asUserError(error);
  if (known) return { kind: 'failed', message: known.message, exitCode: known.exitCode };
  return { kind: 'failed', message: String(error instanceof Error ? error.stack : error), exitCode: null };
}
