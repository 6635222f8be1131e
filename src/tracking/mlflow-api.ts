import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';

/** The calls of MLflow's REST API 2.0 that a tracked run needs. Each throws the reason of a failure. */
export interface MlflowApi {
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

export interface MlflowRun {
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
export function mlflowApi(url: string, signal: AbortSignal): MlflowApi {
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The message in an error's body, as one line. */
function messageIn(text: string): string | undefined {
  const { data } = z.object({ error_code: z.string(), message: z.string().default('') }).safeParse(parsed(text));
  return data && `${data.error_code}: ${data.message.replace(/\s+/g, ' ').slice(0, 200)}`;
}

/** The reason of a failed request, for the user. */
export function requestFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `it has not answered within ${requestSeconds} s`;
  const { cause } = error; // fetch gives the reason only in the cause
  if (!(cause instanceof Error)) return error.message;
  return `it cannot be reached (${'code' in cause ? cause.code : cause.message})`;
}
