import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { z } from 'zod';
import { exitCode, UserError } from '../../../support/errors.js';
import { definitions } from '../../../training/definitions.js';
import { programVersion } from '../../../training/folder/environment.js';
import { type Answer, failure, type Report } from '../orders.js';
import { deviceFor, type SharedDevices, shareDevices } from '../shared-devices.js';
import { planReader, type readStagePlan, runAt } from '../stage-plan.js';
import { failureMessage, type Lost } from '../worker-process.js';
import { type Workers, withWorkers } from '../workers.js';
import { type Connection, connect, lowestPriority, prefix, queueName, refusalError } from './connection.js';

/** What a job asks of a worker: one run of a plan, which lies in the folder that planner and workers share. */
const jobSchema = z.strictObject({
  /** The path of the plan, in the folder of all runs. Its name comes from its content. */
  plan: z.string().regex(/^[A-Za-z0-9][\w.-]*\/jobs\/[0-9a-f]{8}\.json$/, 'it is no plan'),
  index: z.int().nonnegative(),
});
export type JobData = z.infer<typeof jobSchema>;

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
  const connection = await connect(options.queue, options.signal, options.say);
  const { signal } = options;
  return withWorkers({ stop: signal }, (children) => serve(connection, children, options)).finally(connection.close);
}

async function serve({ redis, shown }: Connection, children: Workers, options: QueueWorkerOptions): Promise<number> {
  const { jobs, runs, lockSeconds, signal, say } = options;
  const name = `${hostname()}/${process.pid}`;
  const read = planReader();
  const devices = new Map<string, Promise<SharedDevices>>();
  const training = new Set<number>(); // places whose run has not ended
  let returned = 0;
  const said = new Set<string>();
  const sayOnce = (line: string) => {
    if (!said.has(line)) say(line);
    said.add(line);
  };
  const workers = Array.from({ length: jobs }, (_, slot) => {
    const worker = new Worker<unknown, null>(queueName, (job, token) => train(slot, job, token), {
      ...{ connection: redis, prefix, name, runRetryDelay: 1000, maxStalledCount: mostLost },
      ...{ lockDuration: 1000 * lockSeconds, stalledInterval: 1000 * lockSeconds },
    });
    worker.on('completed', (job) => say(`${job.name} is done.`));
    worker.on('failed', (job, { message }) => say(`${job?.name} failed: ${message}`));
    worker.on('lockRenewalFailed', ([id]) => {
      if (signal.aborted || !training.has(slot)) return;
      sayOnce(`${id}: its lock has ended, since the queue did not hear of this worker. The run goes on elsewhere.`);
      children.at(slot).stop();
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

  if (!signal.aborted) await once(signal, 'abort');
  // While the queue is away, runs cannot be given back: after so long their locks have ended anyway.
  for (let away = 0; away < lockSeconds && redis.status !== 'ready'; away++) await wait(1000);
  await Promise.all(workers.map((worker) => worker.close(redis.status !== 'ready')));
  return returned;

  /** Trains the run of a job in the child process at this place. BullMQ learns how it ended by what is returned or thrown. */
  async function train(slot: number, job: Job<unknown, null>, token?: string): Promise<null> {
    const tell = teller(job);
    let begun = false; // it has read its data
    let answer: Answer | Lost;
    let isForOthers = false;
    try {
      const { engine, ...order } = runOfJob(job.data, runs, read);
      const key = JSON.stringify(engine);
      const usable = devices.get(key) ?? shareDevices(engine);
      devices.set(key, usable);
      const device = deviceFor(await usable, jobs, slot);
      say(`${job.name} begins.`);
      training.add(slot);
      answer = await children.at(slot).ask({ kind: 'run', ...order, device }, (report) => {
        begun ||= report.kind === 'start';
        tell(report);
      });
    } catch (error) {
      answer = failure(error);
      isForOthers = true; // what this machine lacks, others may have
    } finally {
      training.delete(slot);
    }
    if (answer.kind === 'done') return null;
    if (answer.kind === 'lost') throw new Error(answer.message);
    if (answer.kind !== 'failed') {
      if (signal.aborted) returned += 1;
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const [message, code] = [failureMessage(answer), answer.exitCode];
    if (code === null) await children.at(slot).release(); // its state is undefined
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
    if (report.kind === 'step' && performance.now() - last < 1000) return;
    last = performance.now();
    reports.set(report.kind === 'note' ? report.message : report.kind, report);
    // It fails if the job was removed, or Redis is away when this process ends: the run goes on.
    job.updateProgress([...reports.values()]).catch(() => undefined);
  };
}

/**
 * The run that a job names, for the worker with this folder of all runs. Nothing of a job is used before it is checked
 * here.
 * @throws UserError for a run of another version of ple, of another folder, or with a plugin that the worker was not
 * started with.
 */
export function runOfJob(data: unknown, runs: string, read: typeof readStagePlan) {
  const { data: asked, error } = jobSchema.safeParse(data);
  if (!asked) {
    const [issue] = error.issues;
    const version = `ple ${programVersion()} writes it (${issue?.path.join('.')}: ${issue?.message})`;
    throw new UserError(`The job is not as ${version}: install the planner's version.`);
  }
  const { index } = asked;
  const plan = join(runs, asked.plan);
  if (!existsSync(plan)) throw new UserError(`${asked.plan} is not in ${runs}: give this worker the planner's --runs.`);
  const { engine, plugins = [] } = runAt(plan, read(plan), index).experiment;
  const lacking = plugins.find(({ sha256 }) => !definitions.plugins.some((own) => own.sha256 === sha256));
  if (!lacking) return { plan, index, engine, plugins: definitions.plugins, force: true };
  throw new UserError(`Runs need the plugin with the SHA-256 ${lacking.sha256}: start the worker with --plugin FILE.`);
}
