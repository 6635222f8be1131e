import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../support/files.js';
import { jsonOrNull } from '../support/json.js';
import type { TrackedRun, TrackedStep, Tracker } from './tracker.js';

const statuses = { finished: 'FINISHED', failed: 'FAILED', interrupted: 'KILLED' } as const;

/** A file in a run's folder that names its run on the server. */
const file = 'mlflow.json';

/** Limits of the server for a request, and for texts; older servers take 500 characters of a parameter. */
const limits = { metrics: 1000, params: 100, key: 250, value: 500 };

const [secondsOfRequest, secondsAtEnd] = [5, 8];

/**
 * Sends a run's values to an MLflow tracking server by its REST API 2.0, in the background, one request after the other.
 * A run that starts or resumes is a run of its own there, with all epochs of the journal. If a folder above is that of an
 * MLflow run (of a comparison), the run is its child. A request that fails is left out and costs a note, one for each
 * reason; of a run that the server does not create nothing more is sent.
 */
export function mlflowTracker(
  url: string,
  experiment: string,
  run: TrackedRun,
  note: (message: string) => void,
): Tracker {
  const stop = new AbortController();
  const server = serverAt(url, stop.signal);
  const journal = run.follow();
  const noted = new Set<string>();
  const opened = attempt(create);
  let last: Promise<unknown> = opened;

  /** Does what may fail. A failure costs a note, one for each reason. */
  async function attempt<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await work();
    } catch (error) {
      const reason = stop.signal.aborted ? 'the last numbers and files were not sent' : failure(error);
      if (!noted.has(reason)) note(`MLflow at ${url}: ${reason}. The run does not depend on it.`);
      noted.add(reason);
      return undefined;
    }
  }

  async function create(): Promise<ServerRun> {
    const created = await createRun(server, await experimentId(server, experiment), run);
    await log(created, 'params', paramsIn(run.parameters));
    return created;
  }

  async function log({ run_id }: ServerRun, kind: 'params' | 'metrics', items: readonly object[]): Promise<void> {
    for (let first = 0; first < items.length; first += limits[kind])
      await attempt(() => server.post('runs/log-batch', { run_id, [kind]: items.slice(first, first + limits[kind]) }));
  }

  const logNews = (created: ServerRun) => log(created, 'metrics', metricsIn(journal()));

  /** Works after what is in progress. Does nothing if the server has created no run. */
  function next(work: (created: ServerRun) => Promise<void>): Promise<unknown> {
    last = last.then(async () => {
      const created = await opened;
      if (created) await attempt(() => work(created)); // also if the journal cannot be read
    });
    return last;
  }

  return {
    async ready() {
      await opened;
    },
    update: () => void next(logNews),
    async end(status, artifacts) {
      const timer = setTimeout(() => stop.abort(), 1000 * secondsAtEnd);
      await next(async (created) => {
        await logNews(created);
        const { run_id, artifact_uri } = created;
        await attempt(() => server.post('runs/update', { run_id, status: statuses[status], end_time: Date.now() }));
        for (const artifact of artifacts) await attempt(() => putArtifact(server, artifact_uri, artifact));
      });
      clearTimeout(timer);
      stop.abort();
    },
  };
}

function paramsIn(parameters: TrackedRun['parameters']): readonly object[] {
  return Object.entries(parameters).map(([key, value]) => ({
    key: mlflowName(key),
    value: [...String(value)].slice(0, limits.value).join(''),
  }));
}

function metricsIn(steps: readonly TrackedStep[]): readonly object[] {
  const timestamp = Date.now();
  return steps.flatMap(({ step, scalars }) =>
    Object.entries(scalars).map(([key, value]) => ({ key: mlflowName(key), value, timestamp, step })),
  );
}

/** Creates the run on the server, and writes its id into the run's folder. */
async function createRun(server: Server, experiment_id: string, { name, folder }: TrackedRun): Promise<ServerRun> {
  const parent = [dirname(folder), dirname(dirname(folder))].map((above) => runIn(above, server.url)).find(Boolean);
  const answer = await server.post('runs/create', {
    experiment_id,
    run_name: name,
    start_time: Date.now(),
    tags: [
      { key: 'mlflow.source.name', value: 'ple' },
      { key: 'ple.folder', value: basename(folder) },
      ...(parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: parent }]),
    ],
  });
  const created = understood(z.object({ run: z.object({ info: runShape }) }), answer).run.info;
  await writeWhole(join(folder, file), `${JSON.stringify({ url: server.url, runId: created.run_id })}\n`);
  return created;
}

/** The experiment with this name, created if there is none; another process may create it meanwhile. */
async function experimentId(server: Server, name: string): Promise<string> {
  const shape = z.object({ experiment_id: z.string() });
  try {
    return understood(shape, await server.post('experiments/create', { name })).experiment_id;
  } catch (error) {
    if (!/RESOURCE_ALREADY_EXISTS/.test(String(error))) throw error;
    const query = new URLSearchParams({ experiment_name: name });
    const answer = await server.request('GET', `mlflow/experiments/get-by-name?${query}`);
    return understood(z.object({ experiment: shape }), answer).experiment.experiment_id;
  }
}

/** Sends a file through the server's proxy of artifacts. */
async function putArtifact({ url, request }: Server, artifactUri: string, path: string): Promise<void> {
  const target = URL.canParse(artifactUri) ? new URL(artifactUri) : undefined; // a server without a proxy names a folder
  if (target?.protocol !== 'mlflow-artifacts:' || (target.host !== '' && target.host !== new URL(url).host))
    throw new Error(`it keeps artifacts elsewhere (${target?.protocol ?? 'a folder'}), where ple does not send them`);
  const bytes = Uint8Array.from(await readFile(path));
  await request('PUT', `mlflow-artifacts/artifacts${target.pathname}/${encodeURIComponent(basename(path))}`, bytes);
}

const runShape = z.object({ run_id: z.string(), artifact_uri: z.string().default('') });
type ServerRun = z.infer<typeof runShape>;

/** The server's run of a folder; undefined if there is none, or it is another server's. */
function runIn(folder: string, url: string): string | undefined {
  const path = join(folder, file);
  const shape = z.object({ url: z.string(), runId: z.string() });
  const { data } = shape.safeParse(existsSync(path) ? jsonOrNull(readFileSync(path, 'utf8')) : undefined);
  return data?.url === url ? data.runId : undefined;
}

/**
 * A name for the server: letters, digits, `_`, `-`, `.`, spaces, and `/` between parts. Other characters become their
 * hex code.
 */
function mlflowName(name: string): string {
  const code = (character: string) => `_${character.codePointAt(0)?.toString(16)}`;
  const parts = name
    .split('/')
    .map((text) => text.replaceAll(/^\.{0,2}$/g, '_').replaceAll(/[^\p{L}\p{N}_.\- ]/gu, code));
  return [...parts.join('/')].slice(0, limits.key).join('');
}

type Server = ReturnType<typeof serverAt>;

/** @param signal Ends the request in flight. */
function serverAt(url: string, signal: AbortSignal) {
  const {
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password,
    MLFLOW_TRACKING_TOKEN: token,
  } = process.env;
  const basic = user && password && `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const authorization = basic || (token && `Bearer ${token}`); // as in MLflow's own clients
  const request = async (method: string, path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<unknown> => {
    const response = await fetch(`${url.replace(/\/+$/, '')}/api/2.0/${path}`, {
      method,
      redirect: 'error', // nothing goes to a server that the config does not name
      signal: AbortSignal.any([signal, AbortSignal.timeout(1000 * secondsOfRequest)]),
      headers: {
        ...(authorization && { authorization }),
        ...(body && { 'content-type': typeof body === 'string' ? 'application/json' : 'application/octet-stream' }),
      },
      ...(body && { body }),
    });
    const answer = jsonOrNull(await response.text());
    if (response.ok) return answer;
    const { data } = z.object({ error_code: z.string(), message: z.string().default('') }).safeParse(answer);
    const reason = data
      ? `${data.error_code}: ${data.message.replace(/\s+/g, ' ').slice(0, 200)}`
      : response.statusText;
    throw new Error(`it answers ${`${response.status} ${reason}`.trim()}`);
  };
  const post = (path: string, body: object) => request('POST', `mlflow/${path}`, JSON.stringify(body));
  return { url, request, post };
}

function understood<Value>(shape: z.ZodType<Value>, answer: unknown): Value {
  const read = shape.safeParse(answer);
  if (read.success) return read.data;
  throw new Error('it does not answer as an MLflow server does');
}

/** The reason of a failed request, for the user. */
function failure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `it has not answered within ${secondsOfRequest} s`;
  const { cause } = error; // fetch gives the reason only in the cause
  if (!(cause instanceof Error)) return error.message;
  return `it cannot be reached (${'code' in cause ? cause.code : cause.message})`;
}
