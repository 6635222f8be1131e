import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../support/whole-file.js';
import { type MlflowRun, mlflowApi, requestFailure } from './mlflow-api.js';
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
