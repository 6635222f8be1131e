import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../support/whole-file.js';
import type { TrackedRun, Tracker } from './tracker.js';

const statuses = { finished: 'FINISHED', failed: 'FAILED', interrupted: 'KILLED' } as const;

/** A file in a run's folder that names its run on the server. */
const file = 'mlflow.json';
const fileShape = z.looseObject({ url: z.string(), runId: z.string() });

/** Limits of the server for a request, and for texts; older servers take 500 characters of a parameter. */
const limits = { metrics: 1000, params: 100, key: 250, value: 500 };

const secondsAtEnd = 8;

/**
 * Sends a run's values to an MLflow tracking server, in the background, one request after the other. A run that starts
 * or resumes is a run of its own there, with all epochs of the journal. If a folder above is that of an MLflow run (of a
 * comparison), the run is its child. A request that fails is left out and costs a note, one for each reason; of a run
 * that the server does not create nothing more is sent.
 */
export function mlflowTracker(
  { url, experiment }: { readonly url: string; readonly experiment: string },
  { name, folder, parameters, follow }: TrackedRun,
  note: (message: string) => void,
): Tracker {
  const stop = new AbortController();
  const api = mlflowApi(url, stop.signal);
  const journal = follow();
  const noted = new Set<string>();
  const opened = tried(created);
  let last: Promise<unknown> = opened;

  async function created(): Promise<MlflowRun> {
    const parent = [dirname(folder), dirname(dirname(folder))].map((above) => runIn(above, url)).find(Boolean);
    const run = await api.createRun(await api.experiment(experiment), name, [
      { key: 'mlflow.source.name', value: 'ple' },
      { key: 'ple.folder', value: basename(folder) },
      ...(parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: parent }]),
    ]);
    await writeWhole(join(folder, file), `${JSON.stringify({ url, runId: run.id })}\n`);
    const params = Object.entries(parameters).map(([key, value]) => ({
      key: mlflowName(key),
      value: shortened(value),
    }));
    for (const some of chunks(params, limits.params)) await tried(() => api.logBatch(run.id, { params: some }));
    return run;
  }

  async function log(run: MlflowRun): Promise<void> {
    const timestamp = Date.now();
    const metrics = journal().flatMap(({ step, scalars }) =>
      Object.entries(scalars).map(([key, value]) => ({ key: mlflowName(key), value, timestamp, step })),
    );
    for (const some of chunks(metrics, limits.metrics)) await tried(() => api.logBatch(run.id, { metrics: some }));
  }

  async function tried<Value>(request: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await request();
    } catch (error) {
      const reason = stop.signal.aborted ? 'the last numbers and files were not sent' : requestFailure(error);
      if (!noted.has(reason)) note(`MLflow at ${url}: ${reason}. The run does not depend on it.`);
      noted.add(reason);
      return undefined;
    }
  }

  function next(work: (run: MlflowRun) => Promise<void>): Promise<unknown> {
    last = last.then(async () => {
      const run = await opened;
      if (run) await tried(() => work(run)); // also if the journal cannot be read
    });
    return last;
  }

  return {
    async ready() {
      await opened;
    },
    update: () => void next(log),
    async end(status, artifacts) {
      const timer = setTimeout(() => stop.abort(), 1000 * secondsAtEnd);
      await next(async (run) => {
        await log(run);
        await tried(() => api.updateRun(run.id, statuses[status]));
        for (const artifact of artifacts) await tried(() => api.putArtifact(run.artifactUri, artifact));
      });
      clearTimeout(timer);
      stop.abort();
    },
  };
}

/** The server's run of a folder; undefined if there is none, or it is another server's. */
function runIn(folder: string, url: string): string | undefined {
  const path = join(folder, file);
  if (!existsSync(path)) return undefined;
  const { data } = z.string().transform(parsed).pipe(fileShape).safeParse(readFileSync(path, 'utf8'));
  return data?.url === url ? data.runId : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A name for the server: letters, digits, `_`, `-`, `.`, spaces, and `/` between parts. Other characters become their
 * hex code.
 */
function mlflowName(name: string): string {
  const code = (character: string) => `_${character.codePointAt(0)?.toString(16)}`;
  const parts = name
    .split('/')
    .map((part) => part.replaceAll(/^\.{0,2}$/g, '_').replaceAll(/[^\p{L}\p{N}_.\- ]/gu, code));
  return [...parts.join('/')].slice(0, limits.key).join('');
}

function shortened(value: string | number | boolean): string {
  return [...String(value)].slice(0, limits.value).join('');
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** The calls of MLflow's REST API 2.0 that a tracked run needs. Each throws the reason of a failure. */
interface MlflowApi {
  /** The experiment with this name, created if there is none. */
  experiment(name: string): Promise<string>;
  createRun(experimentId: string, name: string, tags: readonly Entry[]): Promise<MlflowRun>;
  /** Ends a run. */
  updateRun(runId: string, status: 'FINISHED' | 'FAILED' | 'KILLED'): Promise<void>;
  /** At most 1000 metrics and 100 parameters. */
  logBatch(
    runId: string,
    batch: { readonly metrics?: readonly Metric[]; readonly params?: readonly Entry[] },
  ): Promise<void>;
  /** Through the server's proxy of artifacts. */
  putArtifact(artifactUri: string, file: string): Promise<void>;
}

interface MlflowRun {
  readonly id: string;
  readonly artifactUri: string;
}

interface Entry {
  readonly key: string;
  readonly value: string;
}

interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** The server refuses the request. */
class Refused extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const requestSeconds = 5;

const runShape = z.object({ run_id: z.string(), artifact_uri: z.string().default('') });
const experimentShape = z.object({ experiment: z.object({ experiment_id: z.string() }) });

/** @param signal Ends the request in flight. */
function mlflowApi(url: string, signal: AbortSignal): MlflowApi {
  const server = url.replace(/\/+$/, '');
  const request = requestsTo(server, signal);
  const post = (path: string, body: object) => request('POST', `mlflow/${path}`, body);

  async function known(name: string): Promise<string> {
    const query = new URLSearchParams({ experiment_name: name });
    const answer = await request('GET', `mlflow/experiments/get-by-name?${query}`);
    return understood(experimentShape, answer).experiment.experiment_id;
  }

  return {
    async experiment(name) {
      try {
        return await known(name);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 404) throw error;
      }
      try {
        const answer = await post('experiments/create', { name });
        return understood(z.object({ experiment_id: z.string() }), answer).experiment_id;
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 400) throw error;
        return await known(name).catch(() => Promise.reject(error)); // another process may have created it meanwhile
      }
    },
    async createRun(experimentId, name, tags) {
      const body = { experiment_id: experimentId, run_name: name, start_time: Date.now(), tags };
      const answer = await post('runs/create', body);
      const { run_id, artifact_uri } = understood(z.object({ run: z.object({ info: runShape }) }), answer).run.info;
      return { id: run_id, artifactUri: artifact_uri };
    },
    async updateRun(runId, status) {
      await post('runs/update', { run_id: runId, status, end_time: Date.now() });
    },
    async logBatch(runId, batch) {
      await post('runs/log-batch', { run_id: runId, ...batch });
    },
    async putArtifact(artifactUri, file) {
      const place = URL.canParse(artifactUri) ? new URL(artifactUri) : undefined; // a server without a proxy names a folder
      if (place?.protocol !== 'mlflow-artifacts:' || (place.host !== '' && place.host !== new URL(server).host)) {
        const where = place?.protocol ?? (artifactUri === '' ? 'no address' : 'a folder');
        throw new Error(`it keeps artifacts elsewhere (${where}), where ple does not send them`);
      }
      const bytes = Uint8Array.from(await readFile(file));
      await request('PUT', `mlflow-artifacts/artifacts${place.pathname}/${encodeURIComponent(basename(file))}`, bytes);
    },
  };
}

function requestsTo(server: string, signal: AbortSignal) {
  const authorization = authorizationHeader(process.env);
  return async (method: string, path: string, body?: object | Uint8Array<ArrayBuffer>): Promise<unknown> => {
    const isFile = body instanceof Uint8Array;
    const response = await fetch(`${server}/api/2.0/${path}`, {
      method,
      redirect: 'error', // nothing goes to a server that the config does not name
      signal: AbortSignal.any([signal, AbortSignal.timeout(1000 * requestSeconds)]),
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body && { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body && { body: isFile ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return isFile ? undefined : parsed(text);
    const reason = `${response.status} ${messageIn(text) ?? response.statusText}`.trim();
    if (response.status >= 500 || response.status === 429) throw new Error(`it answers ${reason}`);
    throw new Refused(`it refuses (${reason})`, response.status);
  };
}

/** As in MLflow's own clients, a user takes precedence over a token. */
function authorizationHeader(environment: NodeJS.ProcessEnv): string | undefined {
  const {
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password,
    MLFLOW_TRACKING_TOKEN: token,
  } = environment;
  if (user && password) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return token ? `Bearer ${token}` : undefined;
}

function understood<Value>(shape: z.ZodType<Value>, answer: unknown): Value {
  const read = shape.safeParse(answer);
  if (read.success) return read.data;
  throw new Error('it does not answer as an MLflow server does');
}

/** The message in an error's body, as one line. */
function messageIn(text: string): string | undefined {
  const { data } = z.object({ error_code: z.string(), message: z.string().default('') }).safeParse(parsed(text));
  return data && `${data.error_code}: ${data.message.replace(/\s+/g, ' ').slice(0, 200)}`;
}

/** The reason of a failed request, for the user. */
function requestFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `it has not answered within ${requestSeconds} s`;
  const { cause } = error; // fetch gives the reason only in the cause
  if (!(cause instanceof Error)) return error.message;
  return `it cannot be reached (${'code' in cause ? cause.code : cause.message})`;
}
