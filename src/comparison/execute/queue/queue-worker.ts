import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { z } from 'zod';
import type { Experiment } from '../../../config/experiment.js';
import { exitCode, UserError } from '../../../support/errors.js';
import { remembered } from '../../../support/json.js';
import { definitions } from '../../../training/definitions.js';
import { programVersion } from '../../../training/folder/environment.js';
import { type Answer, failure, type Report, withFewerSteps } from '../orders.js';
import { deviceFor, shareDevices } from '../shared-devices.js';
import { planReader, type readStagePlan, runAt } from '../stage-plan.js';
import { failureMessage, type Lost, type WorkerProcess } from '../worker-process.js';
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
/** Seconds until a refused run may be taken again, and for which a slot that pauses takes none. */
const [untilTaken, pause] = [1, 10];
/** At least so many seconds lie between the steps of a run that its planner hears of. */
const secondsBetweenSteps = 1;

/**
 * Trains runs of a queue until the signal.
 * @returns How many runs it interrupted: they went back to the queue, unless it was away.
 */
export async function serveQueue(options: QueueWorkerOptions): Promise<number> {
  const connection = await connect(options.queue, options.signal, options.say);
  const { signal } = options;
  return withWorkers({ stop: signal }, (children) => serve(connection, children, options)).finally(connection.close);
}

async function serve(connection: Connection, children: Workers, options: QueueWorkerOptions): Promise<number> {
  const { jobs, lockSeconds, signal, say } = options;
  const { redis, shown } = connection;
  const server = openServer(connection, children, options);
  const slots = Array.from({ length: jobs }, (_, slot) => openSlot(server, slot));
  say(`Worker ${server.name} takes runs of the queue at ${shown}, ${jobs} at a time.`);

  if (!signal.aborted) await once(signal, 'abort');
  // While the queue is away, runs cannot be given back: after so long their locks have ended anyway.
  for (let away = 0; away < lockSeconds && redis.status !== 'ready'; away++) await wait(1000);
  await Promise.all(slots.map((slot) => slot.close(redis.status !== 'ready')));
  return server.returned;
}

type Server = ReturnType<typeof openServer>;

/** A worker. It has slots, each for one run at a time. */
function openServer(connection: Connection, children: Workers, options: QueueWorkerOptions) {
  return {
    ...options,
    connection,
    children,
    /** What planners and users call it. */
    name: `${hostname()}/${process.pid}`,
    readPlan: planReader(),
    devicesOf: remembered((engine: Experiment['engine']) => shareDevices(engine)),
    sayOnce: remembered(options.say),
    /** The child processes that train now, by slot. */
    training: new Map<number, WorkerProcess>(),
    /** How many runs the signal has interrupted. */
    returned: 0,
  };
}

/** Takes jobs from the queue, one after the other. */
function openSlot(server: Server, slot: number): Worker<unknown, null> {
  const { connection, name, lockSeconds, training, signal, say, sayOnce } = server;
  const train = async (job: Job<unknown, null>, token?: string): Promise<null> => {
    const tell = teller(job);
    const outcome = await attempt(server, slot, job, tell);
    if (outcome.kind === 'interrupted' && signal.aborted) server.returned += 1;
    if (outcome.kind === 'refused') {
      sayOnce(outcome.message);
      tell({ kind: 'note', message: `A worker (${name}) refuses runs: ${outcome.message}` });
    }
    return settle(outcome, job, token, signal);
  };
  const lockDuration = 1000 * lockSeconds;
  const worker = new Worker<unknown, null>(queueName, train, {
    connection: connection.redis,
    prefix,
    name,
    runRetryDelay: 1000,
    maxStalledCount: mostLost,
    lockDuration,
    stalledInterval: lockDuration,
  });
  worker.on('completed', (job) => say(`${job.name} is done.`));
  worker.on('failed', (job, { message }) => say(`${job?.name} failed: ${message}`));
  worker.on('lockRenewalFailed', ([id]) => {
    const child = training.get(slot);
    if (signal.aborted || !child) return;
    sayOnce(`${id}: its lock has ended, since the queue did not hear of this worker. The run goes on elsewhere.`);
    child.stop();
  });
  worker.on('error', (error) => {
    const refusal = refusalError(error, connection.shown);
    if (refusal) sayOnce(refusal.message);
    if (error instanceof SyntaxError) sayOnce('The queue has a job that is no JSON; its planner adds it again.');
    // The code of BullMQ's own errors. Those of the connection have a word.
    if ('code' in error && typeof error.code === 'number')
      say(`The queue does not take the end of a run, which another worker has: ${error.message}`);
  });
  return worker;
}

/** Trains the run of a job in the slot's child process. */
async function attempt(server: Server, slot: number, job: Job, tell: (report: Report) => void): Promise<Outcome> {
  const { jobs, runs, children, training, say } = server;
  let stage: AttemptStage = 'preparing';
  try {
    const { engine, ...run } = runOfJob(job.data, runs, server.readPlan);
    const device = deviceFor(await server.devicesOf(engine), jobs, slot);
    say(`${job.name} begins.`);
    const child = children.at(slot);
    training.set(slot, child);
    stage = 'reading';
    const answer = await child.ask({ kind: 'run', ...run, device }, (report) => {
      if (report.kind === 'start') stage = 'training';
      tell(report);
    });
    if (answer.kind === 'failed' && answer.exitCode === null) await child.release(); // its state is undefined
    return outcomeOf(answer, stage);
  } catch (error) {
    return outcomeOf(failure(error), stage);
  } finally {
    training.delete(slot);
  }
}

/** How far a worker came with a run: it prepares the order, its child process reads the data, then it trains. */
type AttemptStage = 'preparing' | 'reading' | 'training';

/** How a worker's attempt at a run ended. */
type Outcome =
  | { readonly kind: 'done' | 'interrupted' }
  /** `again`: a few times, for what may not happen again. */
  | { readonly kind: 'failed'; readonly message: string; readonly again: boolean }
  /** Another worker may train it. `pauses`: this one would refuse the next run too. */
  | { readonly kind: 'refused'; readonly message: string; readonly pauses: boolean };

/** What an answer means for the queue: whether the run is tried again, and where. */
export function outcomeOf(answer: Answer | Lost, stage: AttemptStage): Outcome {
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
async function settle(outcome: Outcome, job: Job, token: string | undefined, signal: AbortSignal): Promise<null> {
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

/** Sends the planner how far a run is. The run does not wait for it. */
function teller(job: Job): (report: Report) => void {
  const reports = new Map<string, Report>();
  return withFewerSteps(secondsBetweenSteps, (report) => {
    reports.set(report.kind === 'note' ? report.message : report.kind, report);
    // It fails if the job was removed, or Redis is away when this process ends: the run goes on.
    job.updateProgress([...reports.values()]).catch(() => undefined);
  });
}

/**
 * The run that a job names, for the worker with this folder of all runs. Nothing of a job is used before it is checked
 * here.
 * @throws UserError for a run of another version of ple, of another folder, or with a plugin that the worker was not
 * started with.
 */
export function runOfJob(data: unknown, runs: string, read: typeof readStagePlan) {
  const { data: job, error } = jobSchema.safeParse(data);
  if (!job) {
    const [issue] = error.issues;
    const version = `ple ${programVersion()} writes it (${issue?.path.join('.')}: ${issue?.message})`;
    throw new UserError(`The job is not as ${version}: install the planner's version.`);
  }
  const { index } = job;
  const plan = join(runs, job.plan);
  if (!existsSync(plan)) throw new UserError(`${job.plan} is not in ${runs}: give this worker the planner's --runs.`);
  const { engine, plugins = [] } = runAt(plan, read(plan), index).experiment;
  const loaded = new Set(definitions.plugins.map(({ sha256 }) => sha256));
  const lacking = plugins.find(({ sha256 }) => !loaded.has(sha256));
  if (!lacking) return { plan, index, engine, plugins: definitions.plugins, force: true };
  throw new UserError(`Runs need the plugin with the SHA-256 ${lacking.sha256}: start the worker with --plugin FILE.`);
}
