import { existsSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { type Experiment, parseExperiment, stringifyExperiment } from '../../../config/experiment.js';
import { exitCode, Interrupted, UserError } from '../../../support/errors.js';
import { openLog } from '../../../support/growing-file.js';
import { acquireLock, FolderInUse, type Lock, whyLocked } from '../../../support/lock.js';
import { makeFolder } from '../../../support/make-folder.js';
import { asUserError } from '../../../support/system-error.js';
import { writeWhole } from '../../../support/whole-file.js';
import { checkpointPlace } from '../../../training/checkpoint.js';
import { definitions } from '../../../training/definitions.js';
import { isRowsFile } from '../../../training/folder/run-manifest.js';
import { deviceFor, devicesOf, type SharedDevices } from '../shared-devices.js';
import { createWorkers } from '../workers.js';
import type { Address } from './address.js';
import { connect, refusalOf } from './connection.js';
import { fetchData, type PathMap, withLocalPaths } from './local-data.js';
import {
  jobIdOf,
  lowestPriority,
  type Payload,
  payloadSchema,
  plannedBy,
  plannedBySchema,
  prefix,
  queueName,
  type Returned,
  returnedSchema,
} from './messages.js';
import { download, filesOf, forget, keptSeconds, upload } from './pieces.js';
import { forgetCheckpoint, isNewer, storeCheckpoint, storedCheckpoint } from './stored-checkpoint.js';
import { createTeller, type Teller } from './telling.js';

export interface QueueWorkerOptions {
  readonly address: Address;
  /** Runs at a time. */
  readonly jobs: number;
  /** The worker's own folder. */
  readonly runs: string;
  /** The planner's folder of all runs, where this machine has it too: runs train in it. */
  readonly shared: string | undefined;
  readonly data: readonly PathMap[];
  /** The runs of a worker without a sign of life for so long go on elsewhere. */
  readonly lockSeconds: number;
  /** When it fires, running runs write a checkpoint and go back to the queue. */
  readonly signal: AbortSignal;
  say(line: string): void;
}

/** Seconds between two uploads of a run's checkpoints, until a refused run may be taken again, and for a former process to leave a folder. */
const [betweenCheckpoints, untilTaken, untilLeft] = [5, 1, 120];
/** Seconds for which a worker that has refused a run takes none. They double with each run that it refuses, up to the second number. */
const [shortestPause, longestPause] = [5, 60];
/** How often the workers of a run may be lost before it counts as failed. */
const mostStalled = 10;
const lastCheckpoint = 'checkpoints/last.safetensors';

/** Not for this worker, though perhaps for others. */
class Refused extends UserError {}
/** The worker drains. */
class GivenBack extends Error {}

/** One attempt at a run. */
interface Attempt {
  readonly id: string;
  readonly hash8: string;
  readonly folder: string;
  /** Id of the result that is sent, and whether it is there. */
  upload?: string;
  sent: boolean;
  /** The lock belongs to another worker, or to none. */
  lost: boolean;
  stop(): void;
}

/**
 * Trains runs of a queue until the signal.
 * @returns How many runs went back to the queue because of it.
 */
export async function serveQueue(options: QueueWorkerOptions): Promise<number> {
  const { address, jobs, runs, shared, lockSeconds, signal, say } = options;
  makeFolder(runs);
  const held = heldBy(runs);
  const { redis, open, close } = await connect(address, signal, say);
  const { log, close: closeLog } = openLog(join(runs, 'worker.jsonl'));
  const name = `${hostname()}/${process.pid}/${jobs}`;
  const workers = createWorkers();
  const free = Array.from({ length: jobs }, (_, place) => place);
  const attempts = new Map<string, Attempt>(); // by the token of its lock
  const devices = new Map<string, Promise<SharedDevices>>();
  const said = new Set<string>();
  let returned = 0;
  let pause = shortestPause;
  let resume: NodeJS.Timeout | undefined;

  const worker = new Worker<unknown, Returned>(queueName, execute, {
    ...{ connection: open(), prefix, name, concurrency: jobs, runRetryDelay: 1000 },
    ...{ lockDuration: 1000 * lockSeconds, stalledInterval: 1000 * lockSeconds, maxStalledCount: mostStalled },
    settings: { backoffStrategy: (made) => 1000 * 2 ** made },
    ...{ removeOnComplete: { age: keptSeconds }, removeOnFail: { age: keptSeconds } },
  });
  worker.on('completed', ({ token = '', returnvalue }) => void accepted(token, returnvalue).catch(() => undefined));
  worker.on('failed', (job, { message }) => {
    log.error({ job: job?.id, error: message }, 'failed');
    say(`${job?.id} failed: ${message}`);
    const { data: payload } = payloadSchema.safeParse(job?.data);
    if (job?.finishedOn !== undefined && payload && jobIdOf(payload) === job.id && shared === undefined)
      rmSync(join(runs, job.id), { recursive: true, force: true }); // it is not tried again
  });
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) void withoutLock(id).then((lost) => lost.forEach(lose), ignore);
  });
  worker.on('error', (error) => {
    const { message } = error;
    const refusal = refusalOf(error, address.shown);
    if (refusal) sayOnce(refusal.message);
    const id = /(?:Missing lock for|Lock mismatch for|Missing key for) job (run-[\w-]+)/.exec(message)?.[1];
    if (id !== undefined && /moveToFinished/.test(message)) void refused(id).catch(ignore);
  });
  log.info('ready');
  say(`Worker ${name} takes runs of the queue at ${address.shown}.`);

  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
  clearTimeout(resume);
  for (const { stop } of attempts.values()) stop();
  workers.stop();
  try {
    // While the queue is away, runs cannot be given back: after so long their locks have ended anyway.
    for (let away = 0; away < lockSeconds && redis.status !== 'ready'; away++) await wait(1000);
    await worker.close(redis.status !== 'ready');
    await workers.release();
  } finally {
    close();
    closeLog();
    held.release();
  }
  return returned;

  async function execute(job: Job<unknown, Returned>, token = ''): Promise<Returned> {
    const place = free.shift() ?? 0;
    const teller = createTeller(job, { worker: name, shared: shared !== undefined });
    try {
      if (signal.aborted) throw new GivenBack();
      const made = await attempt(job, token, place, teller);
      pause = shortestPause;
      return made;
    } catch (error) {
      attempts.delete(token);
      if (error instanceof GivenBack || (error instanceof Interrupted && signal.aborted)) {
        await job.moveToWait(token);
        returned += 1;
        log.info({ job: job.id }, 'returned');
        throw new WaitingError();
      }
      if (error instanceof Refused) {
        sayOnce(error.message);
        teller.note(`A worker (${name}) refuses runs: ${error.message}`);
        await teller.end();
        rest();
        await job.changePriority({ priority: lowestPriority }); // other runs of the queue may be for this worker
        await job.moveToDelayed(Date.now() + 1000 * untilTaken, token);
        throw new DelayedError();
      }
      const told = refusalOf(error, address.shown) ?? asUserError(error);
      if (told?.exitCode === exitCode.failed) throw told; // a condition of this machine: another attempt may succeed
      throw new UnrecoverableError(told?.message ?? `this is a bug: ${error instanceof Error ? error.stack : error}`);
    } finally {
      await teller.end();
      free.push(place);
    }
  }

  async function attempt(job: Job<unknown, Returned>, token: string, place: number, teller: Teller): Promise<Returned> {
    const id = job.id ?? '';
    const payload = payloadOf(job);
    const { hash8, checksum, predictions, until } = payload;
    const sent = await fetchData(redis, payload.files, join(runs, 'data'));
    const experiment = withLocalPaths(experimentOf(payload), [...sent, ...options.data], join(runs, 'cache'));
    const engine = deviceFor(await devicesFor(experiment), jobs, place);
    const folder = shared === undefined ? join(runs, id) : join(shared, payload.path);
    if (shared === undefined) await prepare(folder, payload);

    const stop = () => workers.at(place).signal({ kind: 'stop' });
    const own: Attempt = { id, hash8, folder, sent: false, lost: false, stop };
    attempts.set(token, own);
    const lock = lockOf(id);
    const save = async () => {
      try {
        if (!(await storeCheckpoint(redis, folder, hash8, { lock, token }))) lose(own);
      } catch (error) {
        const message = (refusalOf(error, address.shown) ?? asUserError(error))?.message ?? String(error);
        log.warn({ job: id, error: message }, 'checkpoint not stored');
        sayOnce(`A checkpoint cannot be stored: ${message}`);
      }
    };
    const saver = createSaver(save);
    let [epochs, begun] = [0, false];
    say(`${experiment.name} (${id}) begins.`);
    log.info({ job: id }, 'begun');
    const order = {
      kind: 'run',
      ...{ experiment, path: folder, engine, predictions },
      ...{ force: true, expected: { hash8, checksum } },
      ...(until === undefined ? {} : { until }),
    } as const;
    const answer = await workers.at(place).ask(order, (report) => {
      begun ||= report.kind === 'start';
      if (report.kind === 'start') log.info({ job: id, epoch: report.resumedAt ?? 1 }, 'started');
      if (report.kind === 'epoch') epochs += 1;
      if (report.kind === 'checkpoint' && shared === undefined) saver.due();
      teller.tell(report);
    });
    await saver.end();
    if (own.lost) throw new UserError(`The lock of ${id} has ended.`);
    if (answer.kind === 'failed') {
      if (answer.exitCode === null) await workers.at(place).release(); // a bug may have left the worker in an undefined state
      if (answer.exitCode === null) throw new Error(answer.message);
      // The planner has read these data: others are here.
      if (answer.exitCode === exitCode.data && !begun) {
        if (shared === undefined) rmSync(folder, { recursive: true, force: true });
        throw new Refused(answer.message);
      }
      throw new UserError(answer.message, answer.exitCode);
    }
    if (answer.kind === 'lost') throw new UserError(answer.message);
    if (shared === undefined && (answer.kind === 'interrupted' || !existsSync(join(folder, 'result.json'))))
      await save();
    if (answer.kind === 'interrupted') throw new GivenBack();
    log.info({ job: id, epochs }, 'trained');
    if (shared !== undefined) return { worker: name, upload: null };
    const isDone = existsSync(join(folder, 'result.json'));
    const names = filesOf(folder).filter((file) => !isDone || !(file === lastCheckpoint || isRowsFile(file)));
    own.upload = `${hash8}-${crypto.randomUUID()}`;
    const result = { worker: name, upload: await upload(redis, folder, names, own.upload) };
    own.sent = true;
    return result;
  }

  function sayOnce(line: string): void {
    if (!said.has(line)) say(line);
    said.add(line);
  }

  /** Leaves runs to other workers for a while. */
  function rest(): void {
    if (signal.aborted) return;
    void worker.pause(true).catch(ignore);
    clearTimeout(resume);
    resume = setTimeout(() => void worker.resume().catch(ignore), 1000 * pause);
    pause = Math.min(2 * pause, longestPause);
  }

  function lockOf(id: string): string {
    return `${worker.toKey(id)}:lock`;
  }

  /** The attempts at a run whose lock belongs to another worker, to a later attempt, or to none. */
  async function withoutLock(id: string): Promise<readonly Attempt[]> {
    const holder = await redis.get(lockOf(id));
    return [...attempts].flatMap(([token, own]) => (own.id === id && token !== holder ? [own] : []));
  }

  /** The result is the run's. What lies here of it is no longer needed. */
  async function accepted(token: string, { upload: sent }: Returned): Promise<void> {
    const own = attempts.get(token);
    attempts.delete(token);
    if (!own) return;
    log.info({ job: own.id }, 'accepted');
    say(`${own.id} is done.`);
    if (!sent) return;
    rmSync(own.folder, { recursive: true, force: true });
    if (sent.files.some(({ name }) => name === 'result.json')) await forgetCheckpoint(redis, own.hash8);
  }

  function lose(own: Attempt): void {
    if (own.lost) return;
    own.lost = true;
    if (own.upload !== undefined) return; // the queue decides
    log.warn({ job: own.id }, 'lost');
    say(
      `${own.id}: its lock has ended, since the queue did not hear of this worker. The run goes on from its stored checkpoint.`,
    );
    own.stop();
  }

  /** The queue does not take the result: another worker has the run, or the answer to its first delivery was lost. */
  async function refused(id: string): Promise<void> {
    const late = (await withoutLock(id)).filter(({ sent }) => sent); // others were lost before
    const text = await redis.hget(worker.toKey(id), 'returnvalue');
    const { success, data: taken } = returnedSchema.safeParse(text === null ? null : JSON.parse(text));
    for (const [token, own] of [...attempts].filter(([, own]) => late.includes(own))) {
      if (success && taken.upload?.id === own.upload) {
        await accepted(token, taken);
        continue;
      }
      attempts.delete(token);
      log.warn({ job: id }, 'refused');
      say(`The queue refuses the late result of ${id}: another worker has the run.`);
      if (own.upload !== undefined) await forget(redis, own.upload);
    }
  }

  function devicesFor({ engine }: Experiment): Promise<SharedDevices> {
    const key = JSON.stringify(engine);
    const known = devices.get(key) ?? devicesOf(engine);
    devices.set(key, known);
    return known.catch((error: unknown) => {
      throw error instanceof UserError ? new Refused(error.message) : error;
    });
  }

  /** Fills the folder from the stored checkpoint, unless its own is newer. */
  async function prepare(folder: string, { hash8, config }: Payload): Promise<void> {
    makeFolder(folder);
    for (let waited = 0; whyLocked(folder, true) !== null && waited < untilLeft; waited += 0.1) await wait(100);
    if (existsSync(join(folder, 'result.json'))) return;
    const own = await checkpointPlace(folder, hash8);
    for (;;) {
      const stored = await storedCheckpoint(redis, hash8);
      if (!stored || (own && isNewer(own, stored))) break;
      const isWhole = await download(redis, stored.upload, clearedFolder(folder));
      if (isWhole) break;
      clearedFolder(folder);
      const next = await storedCheckpoint(redis, hash8); // another job of the run may have replaced it
      if (next?.upload.id === stored.upload.id) break; // its pieces are lost: from the start
    }
    if (!existsSync(join(folder, 'config.yaml'))) await writeWhole(join(folder, 'config.yaml'), config);
  }
}

function clearedFolder(folder: string): string {
  for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true });
  return folder;
}

/** @throws FolderInUse, with what to do. A process of another container counts as gone after a minute without a sign of life. */
function heldBy(runs: string): Lock {
  try {
    return acquireLock(runs, true);
  } catch (error) {
    if (!(error instanceof FolderInUse)) throw error;
    const [, why = ''] = /^(.*?)[.;]( |$)/.exec(error.message) ?? [];
    throw new FolderInUse(
      `${why}. Each worker needs a folder of its own: --runs DIR. That of a worker of another container that has ended is free after a minute.`,
    );
  }
}

function ignore(): void {}

/** Nothing of a job is used before it is checked here. */
function payloadOf({ id, data }: Job<unknown>): Payload {
  const by = plannedBySchema.safeParse(data);
  if (!by.success) throw new UserError('The job is no run of ple.', exitCode.usage);
  const { protocol, version } = by.data;
  if (protocol !== plannedBy.protocol || version !== plannedBy.version)
    throw new Refused(
      `The queue has runs of ple ${version} (protocol ${protocol}), and this is ple ${plannedBy.version} (protocol ${plannedBy.protocol}): install the same version.`,
    );
  const parsed = payloadSchema.safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(
      `The job is not as ple writes it: ${issue?.path.join('.')}: ${issue?.message}.`,
      exitCode.usage,
    );
  }
  if (jobIdOf(parsed.data) !== id)
    throw new UserError(`The job ${id} has the run ${parsed.data.hash8}.`, exitCode.usage);
  return parsed.data;
}

/** The run's config, with the plugins of this worker. */
function experimentOf({ config }: Payload): Experiment {
  const file = 'the config of the run';
  const experiment = parseExperiment(config, file, [], definitions);
  const { tracking, plugins = [], ...rest } = experiment;
  const own = plugins.map((plugin) => {
    const here = definitions.plugins.find(({ sha256 }) => sha256 === plugin.sha256);
    if (!here)
      throw new Refused(
        `Runs need the plugin ${plugin.file} (SHA-256 ${plugin.sha256}): start the worker with --plugin FILE.`,
      );
    return { ...plugin, file: here.file };
  });
  // Numbers go only to the server that this worker's environment names: a job must not send its password elsewhere.
  const isOwn = tracking?.mlflow !== undefined && tracking.mlflow === process.env.MLFLOW_TRACKING_URI;
  if (Array.isArray(experiment.dataset['extensions']) && experiment.dataset['extensions'].length > 0)
    throw new UserError(
      'dataset.extensions are not loaded on workers, since a job could name any: train such runs on one machine.',
      exitCode.usage,
    );
  const local = {
    ...rest,
    ...(tracking && { tracking: isOwn ? tracking : { tensorboard: tracking.tensorboard } }),
    ...(own.length > 0 ? { plugins: own } : {}),
  };
  return own.length > 0 ? parseExperiment(stringifyExperiment(local), file, [], definitions) : local;
}

/** Saves one at a time, not too often, and at last the newest. */
function createSaver(save: () => Promise<void>): { due(): void; end(): Promise<void> } {
  let last = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let saving: Promise<void> = Promise.resolve();
  const now = () => {
    timer = undefined;
    saving = saving.then(save).finally(() => {
      last = performance.now();
    });
    saving.catch(() => undefined); // `end` throws it
  };
  return {
    due() {
      timer ??= setTimeout(now, Math.max(0, last + 1000 * betweenCheckpoints - performance.now()));
    },
    end() {
      clearTimeout(timer);
      return saving;
    },
  };
}
