import type { Experiment } from '../config/experiment.js';
import { Interrupted } from '../support/errors.js';
import type { Failed, Report, Signal } from './messages.js';
import { deviceFor, type SharedDevices } from './shared-devices.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

/** One run to be trained, in its own folder: new, or from its checkpoint. */
export interface Job {
  readonly experiment: Experiment;
  readonly path: string;
}

export type JobEvent =
  /** `place` counts the jobs that run at a time, from 0. */
  | { readonly kind: 'begun'; readonly job: Job; readonly place: number }
  | { readonly kind: 'started again'; readonly job: Job; readonly reason: string }
  | { readonly kind: 'report'; readonly job: Job; readonly report: Report }
  | { readonly kind: 'ended'; readonly job: Job; readonly outcome: JobOutcome; readonly seconds: number };

export type JobOutcome =
  | { readonly status: 'done' }
  | { readonly status: 'interrupted' }
  | { readonly status: 'failed'; readonly message: string };

/** Worker processes by their place. */
export interface Workers {
  /**
   * The worker at this place, started if there is none that lives.
   * @throws Interrupted after `stop`, `release` or `kill`: no further order is begun.
   */
  at(place: number): WorkerProcess;
  /** To all that live. */
  signal(signal: Signal): void;
  /** Has all end what they do, as `interrupted`. */
  stop(): void;
  /** Lets all end, and waits for that. */
  release(): Promise<void>;
  kill(): void;
}

export function createWorkers(): Workers {
  const workers: (WorkerProcess | undefined)[] = [];
  let ended = false;
  const signal = (sent: Signal) => {
    for (const worker of workers) worker?.signal(sent);
  };
  return {
    at(place) {
      if (ended) throw new Interrupted();
      const known = workers[place];
      if (known?.alive) return known;
      const started = startWorker();
      workers[place] = started;
      return started;
    },
    signal,
    stop: () => {
      ended = true;
      signal({ kind: 'stop' });
    },
    release: async () => {
      ended = true;
      await Promise.all(workers.map((worker) => worker?.release()));
    },
    kill: () => {
      ended = true;
      for (const worker of workers) worker?.kill();
    },
  };
}

export interface JobOptions {
  readonly workers: Workers;
  readonly devices: SharedDevices;
  /** How many jobs run at a time. */
  readonly count: number;
  readonly predictions: boolean;
  /** See `RunOptions`. */
  readonly force: boolean;
  /** When it fires no further run is started; the workers are told to stop by who fires it. */
  readonly signal: AbortSignal;
  on(event: JobEvent): void;
}

/** Runs jobs in worker processes, in their order. A worker that was killed is started again from its checkpoint, once for a job. */
export async function runJobs(jobs: readonly Job[], options: JobOptions): Promise<ReadonlyMap<Job, JobOutcome>> {
  const { count, signal } = options;
  const outcomes = new Map<Job, JobOutcome>();
  const waiting = [...jobs];
  const places = Array.from({ length: Math.min(count, jobs.length) }, async (_, place) => {
    for (;;) {
      const job = signal.aborted ? undefined : waiting.shift();
      if (!job) return;
      options.on({ kind: 'begun', job, place });
      const started = performance.now();
      const outcome = await runJob(job, place, options);
      outcomes.set(job, outcome);
      options.on({ kind: 'ended', job, outcome, seconds: (performance.now() - started) / 1000 });
    }
  });
  await Promise.all(places);
  return outcomes;
}

async function runJob(
  job: Job,
  place: number,
  { workers, devices, count, predictions, force, signal, on }: JobOptions,
): Promise<JobOutcome> {
  const order = { kind: 'run', ...job, engine: deviceFor(devices, count, place), predictions, force } as const;
  for (let attempt = 1; ; attempt++) {
    const answer = await workers.at(place).ask(order, (report) => on({ kind: 'report', job, report }));
    if (answer.kind === 'done') return { status: 'done' };
    if (answer.kind === 'interrupted') return { status: 'interrupted' };
    if (signal.aborted) return { status: 'interrupted' };
    if (answer.kind === 'failed') {
      if (answer.exitCode === null) await workers.at(place).release(); // who knows what a bug has left in it
      return { status: 'failed', message: messageOf(answer) };
    }
    if (answer.kind !== 'lost') throw new Error(`A worker answered a run with '${answer.kind}'.`);
    if (answer.signal === null || attempt === 2) return { status: 'failed', message: answer.message };
    on({ kind: 'started again', job, reason: answer.message });
  }
}

function messageOf({ message, exitCode }: Failed): string {
  return exitCode === null ? `this is a bug: ${message}` : message;
}
