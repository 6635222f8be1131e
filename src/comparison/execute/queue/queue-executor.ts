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

/** The progress of a job: what its worker reports. Of each kind only the last, but all notes. */
const reportsSchema = z.array(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('note'), message: z.string(), ofRun: z.literal(true).exactOptional() }),
    z.strictObject({ kind: z.literal('start'), resumedAt: z.int().nullable() }),
    z.strictObject({ kind: z.literal('step'), epoch: z.int(), step: z.int(), steps: z.int() }),
  ]),
);

/**
 * Of jobs: attempts at a run whose process was killed or whose machine failed it, the milliseconds between them, and the
 * seconds for which those that are done or have failed stay.
 */
const kept = {
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
      const execute = inQueue(connection, options, workers.rest);
      return use({
        readShape: shapeReader(workers, options.on),
        execute: (stage) => Promise.race([execute(stage), aborted]),
      }); // the queue may be away
    });
  } catch (error) {
    if (signal.aborted && !(error instanceof UserError)) throw new Interrupted();
    throw refusalError(error, connection.shown) ?? error;
  } finally {
    connection.close();
  }
}

/** @param rest Frees the data that were read for the plan. */
function inQueue({ redis, shown }: Connection, options: ComparisonOptions, rest: () => Promise<void>) {
  const { runs, signal, on } = options;
  const queue = new Queue<JobData>(queueName, { connection: redis, prefix });
  queue.on('error', () => undefined); // the connection says so
  const note = (message: string) => on({ kind: 'note', message });
  const inRuns = (path: string) => relative(runs, path).replaceAll(sep, '/');
  return async (stage: OpenStage): Promise<undefined> => {
    const { todo } = stage;
    const slots = (await queue.getWorkers()).length; // each trains one run at a time
    const description = `the queue at ${shown} has ${counted(slots, 'place')} at workers`;
    stage.planned({ jobs: Math.max(1, slots), threads: null, place: description });
    if (slots === 0) note(`No worker is connected to the queue at ${shown}: ple worker --queue … starts one.`);
    void rest();
    // Of those that are there, jobs that a worker trains stay. The others get this plan, and all attempts.
    await Promise.all(todo.map((run) => queue.remove(jobId(stage, run))));
    await add(stage, todo);
    const left = new Set(todo);
    signal.addEventListener('abort', () => {
      const what = `${counted(left.size, 'run')} stay with the queue: its workers train on`;
      if (left.size > 0) note(`${what}. The same command collects them.`);
    });
    const heard = new Set<string>();
    while (left.size > 0 && !signal.aborted) {
      if (redis.status === 'ready') await Promise.all([...left].map((run) => look(stage, run, left, heard)));
      await wait(1000 * betweenLooks, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  };

  /** A run's job has the path of its folder as its id, so that no run is in the queue twice. */
  function jobId({ folder }: OpenStage, { folder: name }: Run): string {
    return inRuns(join(folder, name));
  }

  /** Jobs that the queue has already stay as they are. */
  async function add(stage: OpenStage, some: readonly Run[]): Promise<void> {
    const jobs = some.map((run) => {
      const index = stage.indexOf(run);
      const opts = { ...kept, jobId: jobId(stage, run), priority: Math.min(index + 1, lowestPriority) };
      return { name: run.folder, data: { plan: inRuns(stage.plan), index }, opts };
    });
    await queue.addBulk(jobs);
  }

  /** Ends a run that has ended. */
  async function look(stage: OpenStage, run: Run, left: Set<Run>, heard: Set<string>): Promise<void> {
    const id = jobId(stage, run);
    const job = await queue.getJob(id).catch(async (error: unknown) => {
      if (!(error instanceof SyntaxError)) throw error;
      await queue.remove(id); // another program wrote it. A worker that has it loses it soon.
      return undefined;
    });
    for (const report of reportsSchema.safeParse(job?.progress).data ?? []) {
      const key = JSON.stringify([id, report]);
      if (heard.has(key)) continue; // in an earlier look
      heard.add(key);
      if (report.kind !== 'note') stage.begin(run);
      on({ kind: 'report', run, report });
    }
    const end = (failure?: string) => {
      if (left.delete(run)) stage.end(run, failure);
    };
    if (job && job.finishedOn === undefined) return;
    const hasFailed = (await job?.getState()) === 'failed';
    if (hasFailed) end(job?.failedReason);
    else if (isFinished(join(stage.folder, run.folder))) end();
    else if (!job)
      await add(stage, [run]); // the store has lost it
    else if (Date.now() - (job.finishedOn ?? 0) > 1000 * untilSeen)
      end(`A worker has trained it, and ${stage.folder} has no result of it: give planner and workers the same --runs`);
  }
}
