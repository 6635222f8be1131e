import { join, relative, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Job, JobProgress, Queue } from 'bullmq';
import { DataError } from '../../../support/errors.js';
import { hasTrained, type Run } from '../../plan/run.js';
import type { Event, OpenStage, Outcome } from '../executor.js';
import { lowestPriority, mostLost, type Payload, progressSchema } from './messages.js';

/** The runs of a stage as jobs of a queue. */
export interface StageJobs {
  /** Adds the runs that the queue does not have. Those that have ended there are tried again. */
  add(): Promise<void>;
  /**
   * Looks at the folder and the queue until each run has ended, or the signal.
   * @param isReady Whether the queue answers. @returns How many have not ended.
   */
  follow(isReady: () => boolean): Promise<number>;
}

interface Staged {
  readonly open: OpenStage;
  /** The path of the plan of the runs that are to be trained. */
  readonly plan: string;
  /** The folder of all runs. */
  readonly runs: string;
  readonly signal: AbortSignal;
  readonly on: (event: Event) => void;
}

/** Attempts at a run whose process was killed, or whose machine failed it. */
const attempts = 4;
/** Seconds between two looks at the jobs, for a file of another machine to appear, and for which a job that is done stays. */
const [betweenLooks, untilSeen, doneStays] = [1, 60, 3600];
/** Jobs in one command. */
const atOnce = 500;

export function stageJobs(queue: Queue<Payload>, { open, plan, runs, signal, on }: Staged): StageJobs {
  const { todo } = open;
  const indices = new Map(todo.map((run, index) => [run, index]));
  const inRuns = (path: string) => relative(runs, path).replaceAll(sep, '/');
  const said = new Set<string>(); // by workers
  const losses = new Map<Run, number>(); // of its workers
  const awaited = new Map<Run, number>(); // when it was done whose files are not here yet
  return {
    async add() {
      // Of those that are there, jobs that a worker trains stay. The others get the plan that is there now, and all attempts.
      await inParts(todo, (some) => Promise.all(some.map((run) => queue.remove(idOf(run)))));
      await inParts(todo, addAll);
    },
    async follow(isReady) {
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
      });
      const left = new Set(todo);
      const look = async (run: Run) => {
        const outcome = await outcomeOf(run);
        if (outcome && left.delete(run)) end(run, outcome);
      };
      while (left.size > 0 && !signal.aborted) {
        const looking = isReady() ? inParts([...left], (some) => Promise.all(some.map(look))) : undefined;
        await Promise.race([looking, aborted]); // the queue may go away meanwhile
        await wait(1000 * betweenLooks, undefined, { signal }).catch(() => undefined);
      }
      return left.size;
    },
  };

  /** A run's job has the path of its folder as its id, so that no run is in the queue twice. */
  function idOf({ folder, until }: Run): string {
    return `${inRuns(join(open.folder, folder))}${until === undefined ? '' : `@${until}`}`;
  }

  /** Jobs that the queue has already stay as they are. */
  async function addAll(some: readonly Run[]): Promise<void> {
    const retry = { attempts, backoff: { type: 'doubling' }, stackTraceLimit: 0, removeOnComplete: { age: doneStays } };
    const jobs = some.map((run) => {
      const index = indices.get(run) ?? 0;
      const data = { plan: inRuns(plan), index, hash8: run.hash8 };
      const priority = Math.min(index + 1, lowestPriority);
      return { name: run.folder, data, opts: { jobId: idOf(run), priority, ...retry } };
    });
    await queue.addBulk(jobs);
  }

  /** A job, if the queue has it. One that cannot be read is removed, as if it had been lost: another program wrote it. */
  async function jobOf(run: Run): Promise<Job<Payload> | undefined> {
    try {
      return await queue.getJob(idOf(run));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      await queue.remove(idOf(run)); // unless a worker has it: it loses it soon
      return undefined;
    }
  }

  /** What the folder and the queue have of a run now. @returns Undefined: it has not ended. */
  async function outcomeOf(run: Run): Promise<Outcome | undefined> {
    const job = await jobOf(run);
    const state = job?.processedOn === undefined ? 'waiting' : await job.getState();
    if (job) hear(run, job.progress, state === 'active');
    const lost = job?.stalledCounter ?? 0;
    if (lost > (losses.get(run) ?? 0)) on({ kind: 'started again', run, reason: 'its worker was lost' });
    losses.set(run, lost);
    if ((!job || state === 'completed') && hasTrained(run, open.folder)) return { status: 'done' };
    if (!job)
      await addAll([run]); // the store has lost it
    else if (state === 'failed') {
      const wasLost = lost > mostLost;
      const message = wasLost ? 'its workers were lost too often, one after the other' : job.failedReason;
      return { status: 'failed', message };
    } else if (state === 'completed') {
      const since = awaited.get(run) ?? performance.now();
      awaited.set(run, since);
      if (performance.now() - since > 1000 * untilSeen)
        return {
          status: 'failed',
          message: `A worker has trained it, and ${open.folder} has no result of it: give planner and workers the same --runs`,
        };
    } else if (state !== 'active' && open.hasBegun(run)) open.end(run, { status: 'interrupted' }); // it waits for another worker
    return undefined;
  }

  /** Checks a worker's reports, which are not trusted. Those of an earlier look come again. */
  function hear(run: Run, sent: JobProgress, isActive: boolean): void {
    if (isActive) open.begin(run);
    for (const report of progressSchema.safeParse(sent).data ?? []) {
      const isOfAll = report.kind === 'note' && !report.ofRun; // a worker may refuse many runs
      const key = JSON.stringify([isOfAll ? '' : idOf(run), report]);
      if (said.has(key) || (report.kind !== 'note' && !isActive)) continue;
      said.add(key);
      on({ kind: 'report', run, report });
    }
  }

  function end(run: Run, outcome: Outcome): void {
    try {
      open.end(run, outcome);
    } catch (error) {
      if (!(error instanceof DataError)) throw error; // a damaged result
      open.end(run, { status: 'failed', message: error.message });
    }
  }
}

async function inParts<Item>(items: readonly Item[], work: (some: readonly Item[]) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < items.length; first += atOnce) await work(items.slice(first, first + atOnce));
}
