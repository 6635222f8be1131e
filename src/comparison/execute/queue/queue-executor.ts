import { existsSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type JobProgress, Queue, QueueEvents } from 'bullmq';
import type { ComparisonConfig } from '../../../config/comparison.js';
import { stringifyExperiment } from '../../../config/experiment.js';
import { DataError, Interrupted, UserError } from '../../../support/errors.js';
import { whyLocked } from '../../../support/lock.js';
import { readEnvironment } from '../../../training/folder/environment.js';
import { type Run, unfinished } from '../../plan/run.js';
import { type ComparisonOptions, Detached, type Executor, type Outcome, type Stage } from '../executor.js';
import { scoresOf, shapeReader } from '../local-processes.js';
import { largestFirst } from '../measure.js';
import { createWorkers } from '../workers.js';
import type { Address } from './address.js';
import { connect, refusalOf } from './connection.js';
import { dataFiles } from './local-data.js';
import {
  backOff,
  jobIdOf,
  lowestPriority,
  type Payload,
  plannedBy,
  prefix,
  queueName,
  type Returned,
  returnedSchema,
  tellingSchema,
} from './messages.js';
import { download, forget, type StoredFile, storeFile } from './pieces.js';
import { holdFolder, type RemoteFolder } from './remote-folder.js';
import { storeCheckpoint } from './stored-checkpoint.js';

/** Attempts at a run whose process was killed, or whose machine failed it. */
const attempts = 4;
/** Seconds between two looks at jobs whose events were missed; for which a collected result stays, for other planners; for a shared file to appear. */
const [betweenLooks, afterCollection, untilSeen] = [5, 3600, 60];
/** Milliseconds after an interruption in which what is being written may end. */
const untilLeft = 2000;
/** Jobs in one command. */
const atOnce = 500;

/**
 * Trains runs on the workers of a queue, and fetches their files into the runs' folders.
 * @throws UserError, before `use`, for a queue that refuses the connection.
 */
export async function withQueue<Made>(
  address: Address,
  config: ComparisonConfig,
  options: ComparisonOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { signal, halt, on } = options;
  const note = (message: string) => on({ kind: 'note', message });
  let onBack: () => void = () => undefined;
  const { redis, open, close } = await connect(address, signal, note, () => onBack());
  const queue = new Queue<unknown, Returned>(queueName, { connection: redis, prefix });
  queue.on('error', () => undefined); // the connection tells
  const reading = createWorkers(); // the first reads the data for the plan
  const stop = () => {
    reading.kill();
    if (redis.status !== 'ready') close(); // what waits for the server would keep this process
  };
  signal.addEventListener('abort', stop);
  halt.addEventListener('abort', close);
  try {
    const readShape = shapeReader(reading, (report) => {
      if (report.kind === 'note' || report.kind === 'reading') on(report);
    });
    return await use({ readShape, execute: (...given) => execute(...given, readShape) });
  } catch (error) {
    if (signal.aborted && !(error instanceof UserError)) throw new Interrupted();
    throw refusalOf(error, address.shown) ?? error;
  } finally {
    signal.removeEventListener('abort', stop);
    halt.removeEventListener('abort', close);
    await reading.release();
    close();
  }

  async function execute(
    stage: Stage,
    runs: readonly Run[],
    folder: string,
    readShape: Executor['readShape'],
  ): Promise<readonly Run[]> {
    if (signal.aborted) return runs;
    const todo = await largestFirst(unfinished(runs), readShape);
    await reading.rest(); // frees the data
    const predictions = stage === 'runs' && options.predictions;
    const jobs = new Map(todo.map((run) => [jobIdOf({ ...run, predictions }), run]));
    const left = new Set(jobs.keys());
    const priorities = new Map([...left].map((id, index) => [id, Math.min(index + 1, lowestPriority)]));
    const training = new Map<string, Training>(); // by job
    const outcomes = new Map<string, Outcome>(); // by folder
    const sent = new Map<string, readonly StoredFile[]>(); // by data options
    const told = new Set<string>(); // notes of workers
    const slots = await slotsOfWorkers();
    const distinct = new Set(runs.map((run) => run.folder)).size;
    const place = `the queue at ${address.shown} has ${slots === 1 ? '1 place' : `${slots} places`} at workers`;
    on({ kind: 'planned', stage, runs: distinct, unfinished: todo, jobs: Math.max(1, slots), threads: null, place });
    if (left.size === 0) return runs;
    if (slots === 0) note(`No worker is connected to the queue at ${address.shown}: ple worker --queue … starts one.`);

    const events = new QueueEvents(queueName, { connection: open(), prefix });
    events.on('error', () => undefined); // the connection tells
    let finish: (error?: unknown) => void = () => undefined;
    const finished = new Promise<void>((resolve, reject) => {
      finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    finished.catch(() => undefined);
    let working: Promise<void> = Promise.resolve();
    /** One thing at a time: files are written, and states change. */
    const then = (work: () => unknown) => {
      working = working.then(async () => void (await work())).catch(finish);
    };
    const known = ({ jobId }: { readonly jobId: string }, work: (id: string, run: Run) => unknown) => {
      const run = jobs.get(jobId);
      if (run) then(() => (left.has(jobId) && !signal.aborted ? work(jobId, run) : undefined));
    };
    const finishAtSignal = () => finish();
    signal.addEventListener('abort', finishAtSignal);
    events.on('active', (event) => known(event, begin));
    events.on('progress', (event) => known(event, (id, run) => hear(id, run, event.data)));
    events.on('completed', (event) => known(event, (id, run) => collect(id, run, event.returnvalue)));
    events.on('failed', (event) => known(event, (id, run) => fail(id, run, event.failedReason)));
    events.on('waiting', (event) => known(event, leave));
    events.on('delayed', (event) => known(event, leave));
    events.on('stalled', (event) =>
      known(event, (_, run) => on({ kind: 'started again', run, reason: 'its worker was lost' })),
    );
    const timer = setInterval(() => then(() => look()), 1000 * betweenLooks);
    onBack = () => then(async () => add([...left])); // those that the store has lost
    try {
      const begun = handOver();
      await Promise.race([begun.then(() => finished), finished]);
      if (signal.aborted && left.size > 0)
        note(`${count(left.size, 'run')} stay with the queue: its workers train on. The same command collects them.`);
    } finally {
      onBack = () => undefined;
      clearInterval(timer);
      signal.removeEventListener('abort', finishAtSignal);
      await ended(working);
      for (const { folder } of training.values()) folder?.release();
      await ended(events.close());
    }
    return runs.map((run) => ({ ...run, state: stateAfter(outcomes.get(run.folder)) ?? run.state }));

    async function handOver(): Promise<void> {
      await events.waitUntilReady();
      await look(true);
      if (options.sendData) await sendData();
      await add([...left]);
      if (options.detach && left.size > 0) throw new Detached(detachedMessage(left.size));
      for (const job of await queue.getActive()) if (job.id) known({ jobId: job.id }, begin);
      then(() => (left.size === 0 ? finish() : undefined));
    }

    /** Stores the files of the data, once for all runs that read them. Jobs that wait already are told of them. */
    async function sendData(): Promise<void> {
      for (const { experiment } of jobs.values()) {
        const key = dataKey(experiment);
        if (sent.has(key)) continue;
        const files = dataFiles(experiment);
        sent.set(key, files);
        for (const file of files) await storeFile(redis, file);
      }
      for (const id of left) {
        const [run, job] = [jobs.get(id), await queue.getJob(id)];
        if (run && job) await job.updateData(payloadOf(run));
      }
    }

    /** Adds jobs; those that the queue has already stay as they are. */
    async function add(ids: readonly string[]): Promise<void> {
      for (const id of ids) {
        const run = jobs.get(id);
        if (run && existsSync(join(folder, run.folder)))
          await storeCheckpoint(redis, join(folder, run.folder), run.hash8);
      }
      for (let first = 0; first < ids.length; first += atOnce)
        await queue.addBulk(
          ids.slice(first, first + atOnce).flatMap((id) => {
            const run = jobs.get(id);
            if (!run) return [];
            const retry = { attempts, backoff: { type: backOff }, stackTraceLimit: 0 };
            const opts = { jobId: id, priority: priorities.get(id) ?? lowestPriority, ...retry };
            return [{ name: run.experiment.name, data: payloadOf(run), opts }];
          }),
        );
    }

    function payloadOf({ experiment, hash8, checksum, folder: name, until }: Run): Payload {
      return {
        ...plannedBy,
        config: stringifyExperiment(experiment),
        ...{ hash8, checksum, files: [...(sent.get(dataKey(experiment)) ?? [])] },
        path: relative(options.runs, join(folder, name)).replaceAll(sep, '/'),
        predictions,
        ...(until === undefined ? {} : { until }),
      };
    }

    /**
     * Collects what has ended without an event. A job that had failed before this call is removed, to be tried again. One that
     * the store has lost is added again.
     */
    async function look(isFirst = false): Promise<void> {
      const ids = [...left];
      const lost: string[] = [];
      for (let first = 0; first < ids.length && !signal.aborted; first += atOnce) {
        const some = ids.slice(first, first + atOnce);
        const [done, failed] = await Promise.all(
          ['completed', 'failed'].map((state) => redis.zmscore(queue.toKey(state), ...some)),
        );
        const exist = await redis.pipeline(some.map((id) => ['exists', queue.toKey(id)])).exec();
        for (const [index, id] of some.entries()) {
          const run = jobs.get(id);
          if (!run || !left.has(id) || signal.aborted) continue;
          if (failed?.[index] != null) {
            const job = await queue.getJob(id);
            if (isFirst) await queue.remove(id);
            else fail(id, run, job?.failedReason ?? '');
          }
          if (done?.[index] != null) await collect(id, run, (await queue.getJob(id))?.returnvalue);
          else if (!isFirst && failed?.[index] == null && exist?.[index]?.[1] === 0) lost.push(id);
        }
      }
      await add(lost);
    }

    function begin(id: string, run: Run): Training {
      const known = training.get(id);
      if (known) return known;
      const taken = new Set([...training.values()].map(({ place }) => place));
      let place = 0;
      while (taken.has(place)) place += 1;
      const begun: Training = { place, started: performance.now(), folder: undefined };
      training.set(id, begun);
      on({ kind: 'begun', run, place });
      return begun;
    }

    /** Of a worker; nothing of it is trusted. */
    async function hear(id: string, run: Run, data: JobProgress): Promise<void> {
      const { success, data: telling } = tellingSchema.safeParse(data);
      if (!success) return;
      const { shared, resumedAt, step, epochs, notes } = telling;
      for (const { message, ofRun } of notes) {
        if (!ofRun && told.has(message)) continue; // a worker may refuse many runs
        if (!ofRun) told.add(message);
        on({ kind: 'report', run, report: { kind: 'note', message, ...(ofRun ? { ofRun } : {}) } });
      }
      if (resumedAt === undefined && step === undefined && epochs.length === 0) return;
      const begun = begin(id, run);
      if (resumedAt !== undefined) on({ kind: 'report', run, report: { kind: 'start', resumedAt } });
      if (step) on({ kind: 'report', run, report: { kind: 'step', ...step } });
      if (shared) return;
      begun.folder ??= await holdFolder(join(folder, run.folder), run.experiment, options.force);
      await begun.folder?.addEpochs(epochs);
    }

    /** The run is no longer trained: it waits for another worker. */
    function leave(id: string, run: Run): void {
      const begun = training.get(id);
      if (!begun) return;
      begun.folder?.release();
      training.delete(id);
      const seconds = (performance.now() - begun.started) / 1000;
      on({ kind: 'ended', run, outcome: { status: 'interrupted' }, seconds, scores: [] });
    }

    async function collect(id: string, run: Run, returned: unknown): Promise<void> {
      const path = join(folder, run.folder);
      let written: readonly string[] = [];
      try {
        const { upload } = parsedReturn(returned);
        if (upload === null) await seen(path, run, signal);
        else {
          const begun = begin(id, run);
          begun.folder ??= await holdFolder(path, run.experiment, options.force);
          if (!begun.folder)
            return end(id, run, {
              status: 'failed',
              message: `${path} ${whyLocked(path, options.force) ?? 'was in use'}`,
            });
          written = upload.files.map(({ name }) => join(path, name));
          if (!(await download(redis, upload, path))) {
            leave(id, run);
            await queue.remove(id);
            return await add([id]);
          }
          await forget(redis, upload.id, afterCollection);
        }
        const { hash8 } = readEnvironment(path) ?? {};
        if (hash8 !== run.hash8) throw new DataError(`The queue returned another run (${hash8}) for ${path}.`);
        end(id, run, { status: 'done' }, scoresOf(stage, run, path, config.metrics));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        for (const file of written) rmSync(file, { force: true }); // else they would be taken for the run's
        await queue.remove(id); // else the same command would find it again
        end(id, run, { status: 'failed', message: error.message });
      }
    }

    function fail(id: string, run: Run, reason: string): void {
      const message = /stalled more than/.test(reason)
        ? 'its workers were lost too often, one after the other'
        : reason;
      end(id, run, { status: 'failed', message });
    }

    function end(id: string, run: Run, outcome: Outcome, scores: ReturnType<typeof scoresOf> = []): void {
      const begun = begin(id, run);
      begun.folder?.release();
      training.delete(id);
      left.delete(id);
      outcomes.set(run.folder, outcome);
      const seconds = (performance.now() - begun.started) / 1000;
      on({ kind: 'ended', run, outcome, seconds, scores });
      if (left.size === 0) finish();
    }
  }

  /** Waits for work; after an interruption only for a short time, since the server may be away. */
  async function ended(work: Promise<void>): Promise<void> {
    if (!signal.aborted) return work;
    const timer = new AbortController();
    await Promise.race([work, wait(untilLeft, undefined, timer).catch(() => undefined)]);
    timer.abort();
  }

  /** A worker's name ends with the number of runs that it trains at a time. */
  async function slotsOfWorkers(): Promise<number> {
    const workers = await queue.getWorkers();
    return workers.reduce((sum, { rawname = '' }) => sum + Number(/\/(\d+)$/.exec(rawname)?.[1] ?? 0), 0);
  }

  function detachedMessage(runs: number): string {
    return `${count(runs, 'run')} are with the queue at ${address.shown}. The same command with --attach waits for them, and goes on.`;
  }
}

function dataKey({ dataset }: Run['experiment']): string {
  return JSON.stringify(dataset);
}

/** A run that a worker trains. */
interface Training {
  readonly place: number;
  /** Of `performance.now`. */
  readonly started: number;
  /** Held here while it trains elsewhere. Undefined: before its first epoch, in a shared folder, or if another process holds it. */
  folder: RemoteFolder | undefined;
}

/** A shared file may appear later here than where it was written. */
async function seen(path: string, { until }: Run, signal: AbortSignal): Promise<void> {
  const file = join(path, until === undefined ? 'result.json' : 'environment.json');
  for (let waited = 0; !existsSync(file); waited += 1) {
    if (waited >= untilSeen)
      throw new DataError(`A worker says that ${file} is there, and it is not: is its --shared this --runs?`);
    await wait(1000, undefined, { signal });
  }
}

/** @throws DataError for what no worker of this version returns. */
function parsedReturn(returned: unknown): Returned {
  try {
    return returnedSchema.parse(typeof returned === 'string' ? JSON.parse(returned) : returned);
  } catch {
    throw new DataError('A worker returned what ple does not write.');
  }
}

function stateAfter(outcome: Outcome | undefined): Run['state'] | undefined {
  if (outcome?.status === 'done') return 'finished';
  return outcome?.status === 'failed' ? 'failed' : undefined;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
