import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { DelayedError, ErrorCode, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { exitCode, UserError } from '../../../support/errors.js';
import { asUserError } from '../../../support/system-error.js';
import { deviceFor, devicesOf, type SharedDevices } from '../shared-devices.js';
import { messageOf } from '../worker-process.js';
import { createWorkers, type Workers } from '../workers.js';
import type { Address } from './address.js';
import { connect, refusalOf } from './connection.js';
import { lowestPriority, mostLost, prefix, queueName } from './messages.js';
import { type ProgressSender, sendProgress } from './progress.js';
import { Refused, runsOfJobs } from './run-of-job.js';

export interface QueueWorkerOptions {
  readonly address: Address;
  /** Runs at a time. */
  readonly jobs: number;
  /** The folder of all runs, which the worker shares with the planner. */
  readonly runs: string;
  /** The runs of a worker without a sign of life for so long go on elsewhere. */
  readonly lockSeconds: number;
  /** When it fires, running runs write a checkpoint and go back to the queue. */
  readonly signal: AbortSignal;
  say(line: string): void;
}

/**
 * Seconds until a refused run may be taken again, for which a place that has refused a run takes none, and for which a
 * failed run stays in the queue.
 */
const [untilTaken, pause, failedStays] = [1, 10, 7 * 86_400];

type QueueJob = Job<unknown, null>;

/**
 * Trains runs of a queue until the signal.
 * @returns How many runs went back to the queue because of it.
 */
export async function serveQueue(options: QueueWorkerOptions): Promise<number> {
  const { address, jobs, lockSeconds, signal, say } = options;
  const { redis, open, close } = await connect(address, signal, say);
  const name = `${hostname()}/${process.pid}`;
  const children = createWorkers();
  const said = new Set<string>();
  const sayOnce = (line: string) => {
    if (!said.has(line)) say(line);
    said.add(line);
  };
  const trainer = runTrainer({ ...options, sayOnce }, name, children);
  const workers = Array.from({ length: jobs }, (_, place) => {
    const worker = new Worker<unknown, null>(queueName, (job, token) => trainer.train(place, job, token ?? ''), {
      connection: open(),
      prefix,
      name,
      runRetryDelay: 1000,
      lockDuration: 1000 * lockSeconds,
      stalledInterval: 1000 * lockSeconds,
      maxStalledCount: mostLost,
      settings: { backoffStrategy: (made) => 1000 * 2 ** made },
      removeOnFail: { age: failedStays },
    });
    worker.on('completed', (job) => say(`${job.name} is done.`));
    worker.on('failed', (job, { message }) => say(`${job?.name} failed: ${message}`));
    worker.on('lockRenewalFailed', ([id]) => {
      if (signal.aborted) return;
      sayOnce(`${id}: its lock has ended, since the queue did not hear of this worker. The run goes on elsewhere.`);
      children.at(place).stop();
    });
    worker.on('error', (error) => {
      const refusal = refusalOf(error, address.shown);
      if (refusal) sayOnce(refusal.message);
      if (error instanceof SyntaxError) sayOnce(`The queue has a job that is no JSON; its planner adds it again.`);
      if (isLate(error))
        say('The queue does not take the end of a run: its lock has ended, and another worker has it.');
    });
    return worker;
  });
  say(`Worker ${name} takes runs of the queue at ${address.shown}, ${jobs} at a time.`);

  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
  children.stop();
  try {
    // While the queue is away, runs cannot be given back: after so long their locks have ended anyway.
    for (let away = 0; away < lockSeconds && redis.status !== 'ready'; away++) await wait(1000);
    await Promise.all(workers.map((worker) => worker.close(redis.status !== 'ready')));
    await children.release();
  } finally {
    close();
  }
  return trainer.returned();
}

interface Said extends QueueWorkerOptions {
  sayOnce(line: string): void;
}

/** How an attempt at a run ended. */
type Ending =
  | { readonly kind: 'done' }
  /** Interrupted: the worker drains, or the lock of the run has ended. */
  | { readonly kind: 'returned' }
  /** Not for this worker, though perhaps for others. */
  | { readonly kind: 'refused'; readonly message: string; readonly pauses: boolean }
  | { readonly kind: 'failed'; readonly message: string; readonly again: boolean };

function runTrainer({ runs, jobs, address, signal, say, sayOnce }: Said, name: string, children: Workers) {
  const runOf = runsOfJobs(runs);
  const devices = new Map<string, Promise<SharedDevices>>();
  let returned = 0;
  return { train, returned: () => returned };

  /** Trains the run of a job in the child process at this place. BullMQ learns how it ended by what is returned or thrown. */
  async function train(place: number, job: QueueJob, token: string): Promise<null> {
    const progress = sendProgress(job);
    const ending = await attempt(place, job, progress);
    if (ending.kind === 'refused') {
      sayOnce(ending.message);
      progress.add({ kind: 'note', message: `A worker (${name}) refuses runs: ${ending.message}` });
    }
    await progress.end();
    if (ending.kind === 'failed') throw new (ending.again ? Error : UnrecoverableError)(ending.message);
    if (ending.kind === 'done') return null;
    if (ending.kind === 'returned') {
      await job.moveToWait(token);
      if (signal.aborted) returned += 1;
      throw new WaitingError();
    }
    await job.changePriority({ priority: lowestPriority }); // other runs of the queue may be for this worker
    await job.moveToDelayed(Date.now() + 1000 * untilTaken, token);
    if (ending.pauses) await wait(1000 * pause, undefined, { signal }).catch(() => undefined);
    throw new DelayedError();
  }

  async function attempt(place: number, job: QueueJob, progress: ProgressSender): Promise<Ending> {
    if (signal.aborted) return { kind: 'returned' };
    try {
      const order = await runOf(job);
      const engine = deviceFor(await devicesFor(order.experiment.engine), jobs, place);
      say(`${job.name} begins.`);
      let begun = false; // it has read its data
      const answer = await children.at(place).ask({ kind: 'run', ...order, engine }, (report) => {
        begun ||= report.kind === 'start';
        progress.add(report);
      });
      if (answer.kind === 'done') return { kind: 'done' };
      if (answer.kind === 'interrupted') return { kind: 'returned' };
      if (answer.kind === 'lost') return { kind: 'failed', message: answer.message, again: true };
      if (answer.kind !== 'failed') throw new Error(`A worker answered a run with '${answer.kind}'.`);
      const [message, code] = [messageOf(answer), answer.exitCode];
      if (code === null) await children.at(place).release(); // its state is undefined
      if (code === exitCode.interrupted) return { kind: 'refused', message, pauses: false }; // another process has the folder
      if (code === exitCode.data && !begun) return { kind: 'refused', message, pauses: true }; // the planner has read other data
      return { kind: 'failed', message, again: code === exitCode.failed };
    } catch (error) {
      if (error instanceof Refused) return { kind: 'refused', message: error.message, pauses: true };
      if (signal.aborted) return { kind: 'returned' };
      const known = refusalOf(error, address.shown) ?? asUserError(error);
      const message = known?.message ?? `this is a bug: ${error instanceof Error ? error.stack : error}`;
      return { kind: 'failed', message, again: known?.exitCode === exitCode.failed };
    }
  }

  function devicesFor(engine: Parameters<typeof devicesOf>[0]): Promise<SharedDevices> {
    const key = JSON.stringify(engine);
    const known = devices.get(key) ?? devicesOf(engine);
    devices.set(key, known);
    return known.catch((error: unknown) => {
      throw error instanceof UserError ? new Refused(error.message) : error;
    });
  }
}

/** Whether the lock of a run that has ended belongs to another worker, or to none. */
function isLate(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === ErrorCode.JobLockNotExist || code === ErrorCode.JobLockMismatch || code === ErrorCode.JobNotExist;
}
