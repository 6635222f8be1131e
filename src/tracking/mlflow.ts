import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../support/whole-file.js';
import { createDelivery } from './delivery.js';
import { type Metric, type MlflowRun, mlflowApi, Refused } from './mlflow-api.js';
import type { TrackedRun, TrackedStep, Tracker } from './tracker.js';

const statuses = { finished: 'FINISHED', failed: 'FAILED', interrupted: 'KILLED' } as const;

/** A file in a run's folder that names its run on the server. */
const file = 'mlflow.json';
const fileShape = z.looseObject({ url: z.string(), runId: z.string() });

/** Limits of the server for a request, and for texts; older servers take 500 characters of a parameter. */
const limits = { metrics: 1000, params: 100, key: 250, value: 500 };

/** Most metrics that wait for a server that does not answer. */
const mostWaiting = 20_000;

/**
 * Sends a run's values to an MLflow tracking server. A resumed run continues its MLflow run, and sends the parameters
 * and epochs that this lacks. If a folder above is that of an MLflow run (of a comparison), the run is its child. If
 * the server is away, slow or refuses, the run only gets a note.
 */
export function mlflowTracker(
  { url, experiment }: { readonly url: string; readonly experiment: string },
  { name, folder, parameters, earlier, everyEpoch }: TrackedRun,
  note: (message: string) => void,
): Tracker {
  const stop = new AbortController();
  const api = mlflowApi(url, stop.signal);
  const tell = (reason: string) => note(`MLflow at ${url}: ${reason}. The run does not depend on it.`);
  const delivery = createDelivery(tell, stop);
  let run: MlflowRun = { id: '', artifactUri: '' };
  let known: { readonly params: ReadonlySet<string>; readonly steps: ReadonlySet<number> } = {
    params: new Set(),
    steps: new Set(),
  };
  let opened: () => void = () => undefined;
  const hasOpened = new Promise<void>((resolve) => {
    opened = resolve;
  });

  /** Safe to retry after any of its requests: a run is created once. */
  async function open(): Promise<void> {
    if (run.id === '') run = (await continued()) ?? (await created());
    await writeWhole(join(folder, file), `${JSON.stringify({ url, runId: run.id })}\n`);
    const params = Object.entries(parameters).map(([key, value]) => ({ key: keyOf(key), value: textOf(value) }));
    const missing = params.filter(({ key }) => !known.params.has(key));
    for (const some of chunks(missing, limits.params)) {
      delivery.add({ send: () => api.logBatch(run.id, { params: some }) });
    }
  }

  /** The MLflow run of this folder, open again; undefined if there is none. */
  async function continued(): Promise<MlflowRun | undefined> {
    const kept = runIn(folder, url);
    if (kept === undefined) return undefined;
    try {
      const found = await api.updateRun(kept, 'RUNNING');
      known = { params: await api.paramsOf(kept), steps: await api.stepsOf(kept, keyOf(everyEpoch)) };
      return found;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined; // it was deleted there
      throw error;
    }
  }

  async function created(): Promise<MlflowRun> {
    const parent = [dirname(folder), dirname(dirname(folder))].map((above) => runIn(above, url)).find(Boolean);
    return api.createRun(await api.experiment(experiment), name, [
      { key: 'mlflow.source.name', value: 'ple' },
      { key: 'ple.folder', value: basename(folder) },
      ...(parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: parent }]),
    ]);
  }

  const metrics = metricsFor(delivery, tell, async (some) => {
    const unknown = some.filter(({ ofEpoch, step }) => !(ofEpoch && known.steps.has(step)));
    const own = unknown.map(({ ofEpoch: _, ...metric }) => metric);
    if (own.length > 0) await api.logBatch(run.id, { metrics: own });
  });

  function log({ step, scalars }: TrackedStep): void {
    const [timestamp, ofEpoch] = [Date.now(), everyEpoch in scalars];
    metrics.add(Object.entries(scalars).map(([key, value]) => ({ key: keyOf(key), value, timestamp, step, ofEpoch })));
  }

  delivery.add({ send: () => open().then(opened), isFirst: true });
  for (const step of earlier) log(step);
  return {
    ready: () => Promise.race([hasOpened, delivery.attempt()]),
    log,
    async end(status, artifacts) {
      delivery.add({ send: async () => void (await api.updateRun(run.id, statuses[status])) });
      for (const artifact of artifacts) delivery.add({ send: () => api.putArtifact(run.artifactUri, artifact) });
      await delivery.end();
    },
  };
}

type Waiting = Metric & { readonly ofEpoch: boolean };

/** Metrics that wait to be sent, as many at once as the server takes. */
function metricsFor(
  delivery: ReturnType<typeof createDelivery>,
  tell: (reason: string) => void,
  sendSome: (some: readonly Waiting[]) => Promise<void>,
) {
  const waiting: Waiting[] = [];
  let [isQueued, hasDropped] = [false, false];
  return {
    add(more: readonly Waiting[]): void {
      waiting.push(...more);
      const excess = waiting.length - mostWaiting;
      if (excess > 0) {
        waiting.splice(0, excess);
        if (!hasDropped) tell('over 20,000 metrics waited, so the oldest are not sent');
        hasDropped = true;
      }
      const wasQueued = isQueued;
      isQueued = true; // first: what is added may be done at once
      if (wasQueued) void delivery.attempt();
      else delivery.add({ send });
    },
  };

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const some = waiting.splice(0, limits.metrics);
      try {
        await sendSome(some);
      } catch (error) {
        const isRefused = error instanceof Refused;
        if (!isRefused) waiting.unshift(...some);
        isQueued = waiting.length > 0;
        if (isRefused && isQueued) delivery.add({ send }); // this one ends
        throw error;
      }
    }
    isQueued = false;
  }
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
function keyOf(name: string): string {
  const code = (character: string) => `_${character.codePointAt(0)?.toString(16)}`;
  const parts = name
    .split('/')
    .map((part) => part.replaceAll(/^\.{0,2}$/g, '_').replaceAll(/[^\p{L}\p{N}_.\- ]/gu, code));
  return [...parts.join('/')].slice(0, limits.key).join('');
}

function textOf(value: string | number | boolean): string {
  return [...String(value)].slice(0, limits.value).join('');
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
