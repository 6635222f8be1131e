import { once } from 'node:events';
import { join, relative, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { z } from 'zod';
import { Interrupted, UserError } from '../../../support/errors.js';
import { counted } from '../../../support/text.js';
import { isFinished } from '../../../training/folder/run-folder.js';
import type { Run } from '../../plan/run.js';
import type { ComparisonOptions, Executor, OpenStage } from '../executor.js';
import { shapeReader, withWorkers } from '../workers.js';
import { type Connection, connect, lowestPriority, prefix, queueName, refusalError } from './connection.js';
import type { JobData } from './queue-worker.js';

/** The progress of a job: what its worker reports. It has the last report of each kind, and all notes. */
const reportsSchema = z.array(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('note'), message: z.string(), ofRun: z.literal(true).exactOptional() }),
    z.strictObject({ kind: z.literal('start'), resumedAt: z.int().nullable() }),
    z.strictObject({ kind: z.literal('step'), epoch: z.int(), step: z.int(), steps: z.int() }),
  ]),
);

/**
 * How BullMQ keeps jobs: the attempts at a run whose process was killed or whose machine failed it, the milliseconds
 * between them, and the seconds for which jobs that are done or have failed stay.
 */
const keeping = {
  attempts: 4,
  backoff: 5000,
  stackTraceLimit: 0,
  removeOnComplete: { age: 3600 },
  removeOnFail: { age: 7 * 86_400 },
};
/** Seconds between two looks at the jobs, and for a file of another machine to appear. */
const [betweenLooks, untilSeen] = [1, 60];

/**
 * Trains runs on the workers of a queue, which share the folder of all runs.
 * @throws UserError, before `use`, for a queue that refuses the connection.
 */
export async function withQueue<Made>(
  on: string,
  options: ComparisonOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { signal } = options;
  const connection = await connect(on, signal, (message) => options.on({ kind: 'note', message }));
  const aborted = once(signal, 'abort').then(() => undefined);
  try {
    return await withWorkers({ kill: signal }, (workers) => {
      const queue = new Queue<JobData>(queueName, { connection: connection.redis, prefix });
      queue.on('error', () => undefined); // the connection says so
      return use({
        readShape: shapeReader(workers, options.on),
        execute(stage) {
          const handedOver = { queue, stage, options, left: new Set(stage.todo), heard: new Set<string>() };
          void workers.rest(); // it has read the data for the plan
          return Promise.race([trainByQueue(handedOver, connection), aborted]); // the queue may be away
        },
      });
    });
  } catch (error) {
    if (signal.aborted && !(error instanceof UserError)) throw new Interrupted();
    throw refusalError(error, connection.shown) ?? error;
  } finally {
    connection.close();
  }
}

/** A stage that the queue has. */
interface QueuedStage {
  readonly queue: Queue<JobData>;
  readonly stage: OpenStage;
  readonly options: ComparisonOptions;
  /** The runs that have not ended. */
  readonly left: Set<Run>;
  /** The reports of earlier looks. */
  readonly heard: Set<string>;
}

/** Hands the runs over, and looks at their jobs until all have ended. */
async function trainByQueue(queued: QueuedStage, { redis, shown }: Connection): Promise<undefined> {
  const { queue, stage, left, options } = queued;
  const { signal, on } = options;
  const note = (message: string) => on({ kind: 'note', message });
  const slots = (await queue.getWorkers()).length; // each trains one run at a time
  const description = `the queue at ${shown} has ${counted(slots, 'place')} at workers`;
  stage.planned({ jobs: Math.max(1, slots), threads: null, place: description });
  if (slots === 0) note(`No worker is connected to the queue at ${shown}: ple worker --queue … starts one.`);
  // A job that a worker trains stays as it is. The others get this plan, and all attempts.
  await Promise.all(stage.todo.map((run) => queue.remove(jobId(queued, run))));
  await addJobs(queued, stage.todo);
  signal.addEventListener('abort', () => {
    const what = `${counted(left.size, 'run')} stay with the queue: its workers train on`;
    if (left.size > 0) note(`${what}. The same command collects them.`);
  });
  while (left.size > 0 && !signal.aborted) {
    if (redis.status === 'ready') await Promise.all([...left].map((run) => look(queued, run)));
    await wait(1000 * betweenLooks, undefined, { signal }).catch(() => undefined);
  }
}

/** A path as all machines know it: below the folder of all runs. */
function sharedPath({ runs }: ComparisonOptions, path: string): string {
  return relative(runs, path).replaceAll(sep, '/');
}

/** A run's job has the path of its folder as its id, so that no run is in the queue twice. */
function jobId({ stage, options }: QueuedStage, run: Run): string {
  return sharedPath(options, join(stage.folder, run.folder));
}

/** Jobs that the queue has already stay as they are. */
async function addJobs(queued: QueuedStage, runs: readonly Run[]): Promise<void> {
  const { queue, stage, options } = queued;
  const plan = sharedPath(options, stage.plan);
  const jobs = runs.map((run) => {
    const index = stage.indexOf(run);
    const opts = { ...keeping, jobId: jobId(queued, run), priority: Math.min(index + 1, lowestPriority) };
    return { name: run.folder, data: { plan, index }, opts };
  });
  await queue.addBulk(jobs);
}

/** Reads how far a run's job is, and ends a run that has ended. A job that the queue has lost is added again. */
async function look(queued: QueuedStage, run: Run): Promise<void> {
  const { queue, stage, left } = queued;
  const id = jobId(queued, run);
  const job = await queue.getJob(id).catch(async (error: unknown) => {
    if (!(error instanceof SyntaxError)) throw error;
    await queue.remove(id); // another program wrote it. A worker that has it loses it soon.
    return undefined;
  });
  passReports(queued, run, job?.progress);
  if (job && job.finishedOn === undefined) return;
  const end = (failure?: string) => {
    if (left.delete(run)) stage.end(run, failure);
  };
  const hasFailed = (await job?.getState()) === 'failed';
  if (hasFailed) end(job?.failedReason);
  else if (isFinished(join(stage.folder, run.folder))) end();
  else if (!job) await addJobs(queued, [run]);
  else if (Date.now() - (job.finishedOn ?? 0) > 1000 * untilSeen)
    end(`A worker has trained it, and ${stage.folder} has no result of it: give planner and workers the same --runs`);
}

/** @param progress What the worker has reported of the run, with what was heard in an earlier look. */
function passReports({ stage, options, heard }: QueuedStage, run: Run, progress: unknown): void {
  for (const report of reportsSchema.safeParse(progress).data ?? []) {
    const key = JSON.stringify([run.folder, report]);
    if (heard.has(key)) continue;
    heard.add(key);
    if (report.kind !== 'note') stage.begin(run);
    options.on({ kind: 'report', run, report });
  }
}
