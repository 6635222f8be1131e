import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../support/whole-file.js';
import { type MlflowRun, mlflowApi, Refused, requestFailure } from './mlflow-api.js';
import type { TrackedRun, Tracker } from './tracker.js';

const statuses = { finished: 'FINISHED', failed: 'FAILED', interrupted: 'KILLED' } as const;

/** A file in a run's folder that names its run on the server. */
const file = 'mlflow.json';
const fileShape = z.looseObject({ url: z.string(), runId: z.string() });

/** Limits of the server for a request, and for texts; older servers take 500 characters of a parameter. */
const limits = { metrics: 1000, params: 100, key: 250, value: 500 };

const secondsAtEnd = 8;

/**
 * Sends a run's values to an MLflow tracking server, in the background, one request after the other. A request that
 * the server does not answer is sent again at the next update; one that it refuses is left out. A resumed run continues
 * its MLflow run, and sends the parameters and epochs that this lacks. If a folder above is that of an MLflow run (of a
 * comparison), the run is its child. If the server is away, slow or refuses, the run only gets a note.
 */
export function mlflowTracker(
  { url, experiment }: { readonly url: string; readonly experiment: string },
  { name, folder, parameters, follow, everyEpoch }: TrackedRun,
  note: (message: string) => void,
): Tracker {
  const stop = new AbortController();
  const api = mlflowApi(url, stop.signal);
  const journal = follow();
  const noted = new Set<string>();
  let run: MlflowRun | undefined;
  let known: ReadonlySet<number> = new Set(); // epochs that a continued run has
  let batches: Parameters<typeof api.logBatch>[1][] = []; // read, and not taken by the server yet
  let attempt: Promise<unknown> | undefined;
  let isRefused = false;

  async function send(): Promise<MlflowRun> {
    run ??= await opened();
    for (;;) {
      if (batches.length === 0) batches = unsent();
      const [batch] = batches;
      if (!batch) return run;
      await unlessRefused(api.logBatch(run.id, batch));
      batches.shift();
    }
  }

  async function opened(): Promise<MlflowRun> {
    const [found, has] = (await continued()) ?? [await created(), new Set()];
    const params = Object.entries(parameters).map(([key, value]) => ({
      key: mlflowName(key),
      value: shortened(value),
    }));
    const missing = params.filter(({ key }) => !has.has(key));
    batches = chunks(missing, limits.params).map((some) => ({ params: some }));
    await writeWhole(join(folder, file), `${JSON.stringify({ url, runId: found.id })}\n`);
    return found;
  }

  /** The MLflow run of this folder, open again, and the names of its parameters; undefined if there is none. */
  async function continued(): Promise<readonly [MlflowRun, ReadonlySet<string>] | undefined> {
    const kept = runIn(folder, url);
    if (kept === undefined) return undefined;
    try {
      const found = await api.updateRun(kept, 'RUNNING');
      known = await api.readSteps(kept, mlflowName(everyEpoch));
      return [found, await api.readParams(kept)];
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

  function unsent(): typeof batches {
    const timestamp = Date.now();
    const metrics = journal()
      .filter(({ step, scalars }) => !(everyEpoch in scalars && known.has(step)))
      .flatMap(({ step, scalars }) =>
        Object.entries(scalars).map(([key, value]) => ({ key: mlflowName(key), value, timestamp, step })),
      );
    return chunks(metrics, limits.metrics).map((some) => ({ metrics: some }));
  }

  async function unlessRefused(request: Promise<unknown>): Promise<void> {
    try {
      await request;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      tell(requestFailure(error));
    }
  }

  function tell(reason: string): void {
    if (!noted.has(reason)) note(`MLflow at ${url}: ${reason}. The run does not depend on it.`);
    noted.add(reason);
  }

  /** @returns false if something is left to send. A server that refuses to open the run is sent nothing more. */
  async function tried(work: () => Promise<unknown>): Promise<boolean> {
    if (isRefused) return true;
    try {
      await work();
      return true;
    } catch (error) {
      if (!stop.signal.aborted) tell(requestFailure(error));
      isRefused = error instanceof Refused;
      return isRefused;
    }
  }

  function update(): Promise<unknown> {
    attempt ??= tried(send).finally(() => {
      attempt = undefined;
    });
    return attempt;
  }

  update();
  return {
    async ready() {
      await update();
    },
    update,
    async end(status, artifacts) {
      const timer = setTimeout(() => stop.abort(), 1000 * secondsAtEnd);
      await attempt;
      const isWhole = await tried(async () => {
        const { id, artifactUri } = await send();
        await unlessRefused(api.updateRun(id, statuses[status]));
        for (const artifact of artifacts) await unlessRefused(api.putArtifact(artifactUri, artifact));
      });
      clearTimeout(timer);
      stop.abort();
      if (!isWhole) tell('the last numbers and files were not sent');
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
