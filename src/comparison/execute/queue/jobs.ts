import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ErrorCode, type Job, type JobProgress, type Queue, QueueEvents } from 'bullmq';
import { DataError } from '../../../support/errors.js';
import { hasTrained, type Run } from '../../plan/run.js';
import type { Event, OpenStage, Outcome } from '../executor.js';
import type { Report } from '../messages.js';
import type { Connection } from './connection.js';
import { mostLost, type Payload, prefix, progressSchema, queueName } from './messages.js';

/** A run, and its job in the queue. */
export interface QueuedJob {
  readonly id: string;
  readonly run: Run;
  readonly data: Payload;
  readonly priority: number;
}

/** Attempts at a run whose process was killed, or whose machine failed it. */
const attempts = 4;
/**
 * Seconds between two looks at jobs whose events were missed, for a file of another machine to appear, and for which a
 * job that is done stays.
 */
const [betweenLooks, untilSeen, doneStays] = [5, 60, 3600];
/** Milliseconds after an interruption in which what is being written may end. */
const untilLeft = 2000;
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
  readonly connection: Connection;
  readonly jobs: ReadonlyMap<string, QueuedJob>;
  readonly open: OpenStage;
  readonly signal: AbortSignal;
  readonly on: (event: Event) => void;
}

interface Following extends Followed {
  /** Jobs that have not ended. */
  readonly left: Set<string>;
  /** Notes of workers. */
  readonly said: Set<string>;
  /** When a job was done whose files are not here yet, by `performance.now`. */
  readonly awaited: Map<string, number>;
}

/** Follows jobs until each has ended, or the signal. @returns How many have not ended. */
export async function followJobs(followed: Followed): Promise<number> {
  const { connection, jobs, signal, on } = followed;
  const following: Following = { ...followed, left: new Set(jobs.keys()), said: new Set(), awaited: new Map() };
  const { left } = following;
  let finish: (error?: unknown) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => (error === undefined ? resolve() : reject(error));
  });
  let working: Promise<void> = Promise.resolve();
  /** One thing at a time. */
  const then = (work: () => Promise<unknown>) => {
    working = working
      .then(async () => {
        if (!signal.aborted) await work();
        if (left.size === 0) finish();
      })
      .catch(finish);
  };
  const see = ({ jobId }: { readonly jobId: string }) => {
    const job = jobs.get(jobId);
    if (job) then(() => update(job, following));
  };
  const all = [...jobs.values()];
  const seeAll = () =>
    then(() =>
      inParts(
        all.filter(({ id }) => left.has(id)),
        (some) => Promise.all(some.map((job) => update(job, following))),
      ),
    );
  const events = new QueueEvents(queueName, { connection: connection.open(), prefix });
  events.on('error', () => undefined); // the connection says so
  events.on('active', see).on('progress', see).on('waiting', see).on('delayed', see);
  events.on('completed', see).on('failed', see);
  events.on('stalled', ({ jobId }) => {
    const run = jobs.get(jobId)?.run;
    if (run) on({ kind: 'started again', run, reason: 'its worker was lost' });
  });
  const timer = setInterval(seeAll, 1000 * betweenLooks);
  const stop = () => finish();
  signal.addEventListener('abort', stop);
  connection.redis.on('ready', seeAll); // it may have lost jobs
  try {
    then(() => events.waitUntilReady());
    seeAll();
    await finished;
    return left.size;
  } finally {
    connection.redis.off('ready', seeAll);
    signal.removeEventListener('abort', stop);
    clearInterval(timer);
    await within(working, signal);
    await within(events.close(), signal);
  }
}

/** Waits for work; after an interruption only for a short time, since the server may be away. */
async function within(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) return work;
  await Promise.race([work, wait(untilLeft, undefined, { ref: false })]);
}

/** Learns what the queue has of a job now, whichever events were missed. */
async function update(job: QueuedJob, following: Following): Promise<void> {
  const { queue, open, left, awaited } = following;
  const { id, run } = job;
  const stored = left.has(id) ? await jobOf(queue, id) : undefined;
  const state = stored?.processedOn === undefined ? 'waiting' : await stored.getState();
  if (!left.has(id)) return;
  if (stored) hear(job, stored.progress, state === 'active', following);
  const isDone = stored === undefined || state === 'completed';
  if (isDone && hasTrained(run, open.folder)) end(job, { status: 'done' }, following);
  else if (stored === undefined)
    await addJobs(queue, [job]); // the store has lost it
  else if (state === 'failed') {
    const wasLost = stored.stalledCounter > mostLost;
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
