import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { exitCode } from '../../../support/errors.js';
import type { Answer, Report } from '../messages.js';
import { failure } from '../orders.js';
import { deviceFor, type SharedDevices, shareDevices } from '../shared-devices.js';
import { planReader } from '../stage-plan.js';
import { failureMessage, type Lost } from '../worker-process.js';
import { createWorkers } from '../workers.js';
import { connect, refusalError } from './connection.js';
import { lowestPriority, prefix, queueName, runOfJob } from './jobs.js';

export interface QueueWorkerOptions {
  /** The address of the queue. */
  readonly queue: string;
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

/** How often the workers of a run may be lost before it counts as failed. */
const mostLost = 10;
/** Seconds until a refused run may be taken again, and for which a place that has refused a run takes none. */
const [untilTaken, pause] = [1, 10];

/**
 * Trains runs of a queue until the signal.
 * @returns How many runs it interrupted: they went back to the queue, unless it was away.
 */
export async function serveQueue(options: QueueWorkerOptions): Promise<number> {
  const { jobs, runs, lockSeconds, signal, say } = options;
  const { redis, shown, close } = await connect(options.queue, signal, say);
  const name = `${hostname()}/${process.pid}`;
  const children = createWorkers();
  const read = planReader();
  const devices = new Map<string, Promise<SharedDevices>>();
  const training = new Set<number>(); // places whose run has not ended
  let returned = 0;
  const said = new Set<string>();
  const sayOnce = (line: string) => {
    if (!said.has(line)) say(line);
    said.add(line);
  };
  const workers = Array.from({ length: jobs }, (_, place) => {
    const worker = new Worker<unknown, null>(queueName, (job, token) => train(place, job, token), {
      ...{ connection: redis, prefix, name, runRetryDelay: 1000, maxStalledCount: mostLost },
      ...{ lockDuration: 1000 * lockSeconds, stalledInterval: 1000 * lockSeconds },
    });
    worker.on('completed', (job) => say(`${job.name} is done.`));
    worker.on('failed', (job, { message }) => say(`${job?.name} failed: ${message}`));
    worker.on('lockRenewalFailed', ([id]) => {
      if (signal.aborted || !training.has(place)) return;
      sayOnce(`${id}: its lock has ended, since the queue did not hear of this worker. The run goes on elsewhere.`);
      children.at(place).stop();
    });
    worker.on('error', (error) => {
      const refusal = refusalError(error, shown);
      if (refusal) sayOnce(refusal.message);
      if (error instanceof SyntaxError) sayOnce('The queue has a job that is no JSON; its planner adds it again.');
      // The code of BullMQ's own errors. Those of the connection have a word.
      if ('code' in error && typeof error.code === 'number')
        say(`The queue does not take the end of a run, which another worker has: ${error.message}`);
    });
    return worker;
  });
  say(`Worker ${name} takes runs of the queue at ${shown}, ${jobs} at a time.`);

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
  return returned;

  /** Trains the run of a job in the child process at this place. BullMQ learns how it ended by what is returned or thrown. */
  async function train(place: number, job: Job<unknown, null>, token?: string): Promise<null> {
    const tell = teller(job);
    let begun = false; // it has read its data
    let answer: Answer | Lost;
    let isForOthers = false;
    try {
      const { engine, ...order } = runOfJob(job.data, runs, read);
      const key = JSON.stringify(engine);
      const usable = devices.get(key) ?? shareDevices(engine);
      devices.set(key, usable);
      const device = deviceFor(await usable, jobs, place);
      say(`${job.name} begins.`);
      training.add(place);
      answer = await children.at(place).ask({ kind: 'run', ...order, device }, (report) => {
        begun ||= report.kind === 'start';
        tell(report);
      });
    } catch (error) {
      answer = failure(error);
      isForOthers = true; // what this machine lacks, others may have
    } finally {
      training.delete(place);
    }
    if (answer.kind === 'done') return null;
    if (answer.kind === 'lost') throw new Error(answer.message);
    if (answer.kind !== 'failed') {
      if (signal.aborted) returned += 1;
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const [message, code] = [failureMessage(answer), answer.exitCode];
    if (code === null) await children.at(place).release(); // its state is undefined
    const isElsewhere = code === exitCode.interrupted; // another process has the folder
    isForOthers &&= code !== null;
    if (!isElsewhere && !isForOthers && (begun || code !== exitCode.data))
      throw new (code === exitCode.failed ? Error : UnrecoverableError)(message);
    sayOnce(message);
    tell({ kind: 'note', message: `A worker (${name}) refuses runs: ${message}` });
    await job.changePriority({ priority: lowestPriority }); // other runs of the queue may be for this worker
    await job.moveToDelayed(Date.now() + 1000 * untilTaken, token);
    if (!isElsewhere) await wait(1000 * pause, undefined, { signal }).catch(() => undefined);
    throw new DelayedError();
  }
}

/** Sends the planner how far a run is: steps at most once a second. The run does not wait for it. */
function teller(job: Job): (report: Report) => void {
  const reports = new Map<string, Report>();
  let last = 0;
  return (report) => {
    if (['reading', 'inspecting', 'epoch'].includes(report.kind)) return;
    if (report.kind === 'step' && performance.now() - last < 1000) return;
    last = performance.now();
    reports.set(report.kind === 'note' ? report.message : report.kind, report);
    // It fails if the job was removed, or Redis is away when this process ends: the run goes on.
    job.updateProgress([...reports.values()]).catch(() => undefined);
  };
}
