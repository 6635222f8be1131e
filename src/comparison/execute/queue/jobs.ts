import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ErrorCode, type Job, type JobProgress, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { DataError } from '../../../support/errors.js';
import { hasTrained, type Run } from '../../plan/run.js';
import type { Event, OpenStage, Outcome } from '../executor.js';
import type { Report } from '../messages.js';
import { mostLost, type Payload, progressSchema } from './messages.js';

/** The job of a run in the queue. */
export interface QueuedJob {
  readonly id: string;
  readonly run: Run;
  readonly data: Payload;
  readonly priority: number;
}

/** Attempts at a run whose process was killed, or whose machine failed it. */
const attempts = 4;
/** Seconds between two looks at the jobs, for a file of another machine to appear, and for which a job that is done stays. */
const [betweenLooks, untilSeen, doneStays] = [1, 60, 3600];
/** Jobs in one command. */
const atOnce = 500;

/** Adds jobs. Those that the queue has already stay as they are. */
export async function addJobs(queue: Queue<Payload>, jobs: readonly QueuedJob[]): Promise<void> {
  const retry = { attempts, backoff: { type: 'doubling' }, stackTraceLimit: 0, removeOnComplete: { age: doneStays } };
  await inParts(jobs, (some) =>
    queue.addBulk(
      some.map(({ id, run, data, priority }) => ({ name: run.folder, data, opts: { jobId: id, priority, ...retry } })),
    ),
  );
}

/** Removes jobs that have ended, to be tried again. Others that wait learn of the plan that is there now. */
export async function renewJobs(queue: Queue<Payload>, jobs: readonly QueuedJob[]): Promise<void> {
  const renew = async ({ id, data }: QueuedJob) => {
    const job = await jobOf(queue, id);
    if (job?.finishedOn !== undefined) await queue.remove(id);
    else if (job && !isDeepStrictEqual(job.data, data))
      await job.updateData(data).catch((error: unknown) => {
        if (!isGone(error)) throw error; // else it has ended meanwhile
      });
  };
  await inParts(jobs, (some) => Promise.all(some.map(renew)));
}

/** A job, if the queue has it. One that cannot be read is removed, as if it had been lost: another program wrote it. */
async function jobOf(queue: Queue<Payload>, id: string): Promise<Job<Payload> | undefined> {
  try {
    return await queue.getJob(id);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    await queue.remove(id); // unless a worker has it: it loses it soon
    return undefined;
  }
}

async function inParts<Item>(items: readonly Item[], work: (some: readonly Item[]) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < items.length; first += atOnce) await work(items.slice(first, first + atOnce));
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === ErrorCode.JobNotExist;
}

interface Followed {
  readonly queue: Queue<Payload>;
  readonly redis: Redis;
  readonly open: OpenStage;
  readonly signal: AbortSignal;
  readonly on: (event: Event) => void;
}

interface Following extends Followed {
  /** Jobs that have not ended, by id. */
  readonly left: Map<string, QueuedJob>;
  /** Notes of workers. */
  readonly said: Set<string>;
  /** How often its workers were lost, by job. */
  readonly losses: Map<string, number>;
  /** When a job was done whose files are not here yet, by `performance.now`. */
  readonly awaited: Map<string, number>;
}

/** Follows jobs until each has ended, or the signal. @returns How many have not ended. */
export async function followJobs(jobs: readonly QueuedJob[], followed: Followed): Promise<number> {
  const { redis, signal } = followed;
  const left = new Map(jobs.map((job) => [job.id, job]));
  const following: Following = { ...followed, left, said: new Set(), losses: new Map(), awaited: new Map() };
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve());
  });
  while (left.size > 0 && !signal.aborted) {
    const look = inParts([...left.values()], (some) => Promise.all(some.map((job) => update(job, following))));
    if (redis.status === 'ready') await Promise.race([look, aborted]); // the server may go away meanwhile
    await wait(1000 * betweenLooks, undefined, { signal }).catch(() => undefined);
  }
  return left.size;
}

/** Learns what the folder and the queue have of a job now. */
async function update(job: QueuedJob, following: Following): Promise<void> {
  const { queue, open, awaited, losses, on } = following;
  const { id, run } = job;
  const stored = await jobOf(queue, id);
  const state = stored?.processedOn === undefined ? 'waiting' : await stored.getState();
  if (stored) hear(job, stored.progress, state === 'active', following);
  const lost = stored?.stalledCounter ?? 0;
  if (lost > (losses.get(id) ?? 0)) on({ kind: 'started again', run, reason: 'its worker was lost' });
  losses.set(id, lost);
  const isDone = stored === undefined || state === 'completed';
  if (isDone && hasTrained(run, open.folder)) end(job, { status: 'done' }, following);
  else if (stored === undefined)
    await addJobs(queue, [job]); // the store has lost it
  else if (state === 'failed') {
    const wasLost = lost > mostLost;
    const message = wasLost ? 'its workers were lost too often, one after the other' : stored.failedReason;
    end(job, { status: 'failed', message }, following);
  } else if (state !== 'completed') {
    if (state !== 'active' && open.hasBegun(run)) open.end(run, { status: 'interrupted' }); // it waits for another worker
  } else if (!awaited.has(id)) awaited.set(id, performance.now());
  else if (performance.now() - (awaited.get(id) ?? 0) > 1000 * untilSeen) {
    const message = `A worker has trained it, and ${open.folder} has no result of it: give planner and workers the same --runs`;
    end(job, { status: 'failed', message }, following);
  }
}

/** Checks a worker's messages, which are not trusted. Each message includes the earlier ones. */
function hear({ id, run }: QueuedJob, sent: JobProgress, isActive: boolean, { open, said, on }: Following): void {
  const { step, resumedAt, notes = [] } = progressSchema.safeParse(sent).data ?? {};
  const once = (key: string, report: Report) => {
    if (!said.has(key)) on({ kind: 'report', run, report });
    said.add(key);
  };
  for (const { message, ofRun } of notes)
    if (ofRun) once(`${id} ${message}`, { kind: 'note', message, ofRun });
    else once(message, { kind: 'note', message }); // a worker may refuse many runs
  if (!isActive) return;
  open.begin(run);
  if (resumedAt !== undefined) once(`${id} from ${resumedAt}`, { kind: 'start', resumedAt });
  if (step) on({ kind: 'report', run, report: { kind: 'step', ...step } });
}

function end({ id, run }: QueuedJob, outcome: Outcome, { open, left }: Following): void {
  left.delete(id);
  try {
    open.end(run, outcome);
  } catch (error) {
    if (!(error instanceof DataError)) throw error; // a damaged result
    open.end(run, { status: 'failed', message: error.message });
  }
}
