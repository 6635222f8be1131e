import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

interface KeptRun {
  readonly experiment: string;
  readonly name: string;
  readonly tags: Map<string, string>;
  readonly params: Map<string, string>;
  /** Key, step, value, in the order of their arrival. */
  readonly metrics: [string, number, number][];
  readonly artifacts: Map<string, Buffer>;
  readonly statuses: string[];
}

// The published contract of the REST API (version 2.0), written apart from the client: names, types, limits.
const name = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[\p{L}\p{N}_.\- /]+$/u)
  .refine((key) => key.split('/').every((part) => !/^\.{0,2}$/.test(part)), 'the name does not stand for a path');
const count = z.int().nonnegative();
const tag = z.strictObject({ key: name, value: z.string().max(5000) });
const requests = {
  'POST experiments/create': z.strictObject({ name: z.string().min(1).max(500) }),
  'POST runs/create': z.strictObject({
    experiment_id: z.string().min(1),
    run_name: z.string().min(1),
    start_time: count.min(1_600_000_000_000),
    tags: z.array(tag).max(100),
  }),
  'POST runs/update': z.strictObject({
    run_id: z.string(),
    status: z.enum(['FINISHED', 'FAILED', 'KILLED']),
    end_time: count.min(1_600_000_000_000),
  }),
  'POST runs/log-batch': z
    .strictObject({
      run_id: z.string(),
      metrics: z
        .array(z.strictObject({ key: name, value: z.number(), timestamp: count.min(1_600_000_000_000), step: z.int() }))
        .max(1000)
        .default([]),
      params: z
        .array(z.strictObject({ key: name, value: z.string().max(500) }))
        .max(100)
        .default([]),
      tags: z.array(tag).max(100).default([]),
    })
    .refine(({ metrics, params, tags }) => metrics.length + params.length + tags.length <= 1000),
  'GET experiments/get-by-name': z.strictObject({ experiment_name: z.string() }),
};

/**
 * A server in the test's process that checks every request by the contract, and records it.
 * @param authorization the header that every request must have; undefined: none may have one
 * @param artifacts where it keeps the files of runs; empty: it does not say
 */
export async function mlflowServer(authorization?: string, artifacts = 'mlflow-artifacts:') {
  const experiments = new Map<string, string>();
  const runs = new Map<string, KeptRun>();
  const mistakes: string[] = [];
  let [received, failures] = [0, 0];

  class Wrong extends Error {
    readonly status: number;
    readonly code: string;
    constructor(status: number, code: string, message: string) {
      super(message);
      this.status = status;
      this.code = code;
      if (status === 400) mistakes.push(message);
    }
  }
  const missing = (what: string) => new Wrong(404, 'RESOURCE_DOES_NOT_EXIST', `no ${what}`);
  const find = (id: string): KeptRun => {
    const run = runs.get(id);
    if (!run) throw missing(`run ${id}`);
    return run;
  };
  const runInfo = (id: string) => ({
    run_id: id,
    run_name: find(id).name,
    status: find(id).statuses.at(-1),
    artifact_uri: artifacts && `${artifacts}/${find(id).experiment}/${id}/artifacts`,
  });
  const read = <Shape extends z.ZodType>(shape: Shape, given: unknown): z.infer<Shape> => {
    const { data, error } = shape.safeParse(given);
    if (error) throw new Wrong(400, 'INVALID_PARAMETER_VALUE', JSON.stringify([given, error.issues]).slice(0, 2000));
    return data;
  };

  function answer(method: string, url: URL, body: Buffer): object {
    const artifact = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/([^/]+)\/([^/]+)\/artifacts\/([^/]+)$/.exec(
      url.pathname,
    );
    if (artifact && method === 'PUT') {
      const [, experiment, id = '', file = ''] = artifact;
      if (find(id).experiment !== experiment) throw missing('such experiment');
      find(id).artifacts.set(decodeURIComponent(file), body);
      return {};
    }
    const call = `${method} ${url.pathname.replace('/api/2.0/mlflow/', '')}`;
    const given: unknown = method === 'GET' ? Object.fromEntries(url.searchParams) : JSON.parse(body.toString());
    if (body.length > 1_000_000) throw new Wrong(400, 'INVALID_PARAMETER_VALUE', 'over 1 MB');
    switch (call) {
      case 'GET experiments/get-by-name': {
        const { experiment_name } = read(requests[call], given);
        const id = experiments.get(experiment_name);
        if (id === undefined) throw missing('such experiment');
        return { experiment: { experiment_id: id, name: experiment_name, lifecycle_stage: 'active' } };
      }
      case 'POST experiments/create': {
        const { name } = read(requests[call], given);
        if (experiments.has(name)) throw new Wrong(400, 'RESOURCE_ALREADY_EXISTS', `experiment ${name} exists`);
        experiments.set(name, String(experiments.size + 1));
        return { experiment_id: experiments.get(name) };
      }
      case 'POST runs/create': {
        const { experiment_id, run_name, tags } = read(requests[call], given);
        if (![...experiments.values()].includes(experiment_id)) throw missing('such experiment');
        const id = `${runs.size}f00d`;
        runs.set(id, {
          experiment: experiment_id,
          name: run_name,
          tags: new Map(tags.map(({ key, value }) => [key, value])),
          params: new Map(),
          metrics: [],
          artifacts: new Map(),
          statuses: ['RUNNING'],
        });
        return { run: { info: runInfo(id), data: {} } };
      }
      case 'POST runs/update': {
        const { run_id, status } = read(requests[call], given);
        find(run_id).statuses.push(status);
        return { run_info: runInfo(run_id) };
      }
      case 'POST runs/log-batch': {
        const { run_id, metrics, params } = read(requests[call], given);
        const run = find(run_id);
        for (const { key, value } of params) {
          const before = run.params.get(key);
          if (before !== undefined && before !== value)
            throw new Wrong(400, 'INVALID_PARAMETER_VALUE', `param ${key} is ${before} already`);
          run.params.set(key, value);
        }
        for (const { key, step, value } of metrics) run.metrics.push([key, step, value]);
        return {};
      }
      default:
        throw new Wrong(400, 'ENDPOINT_NOT_FOUND', call);
    }
  }

  const server = createServer(async (request, response) => {
    received += 1;
    const body = await readBody(request);
    const send = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.headers.authorization !== authorization)
      return send(401, { error_code: 'UNAUTHENTICATED', message: 'who are you?' });
    if (failures > 0) {
      failures -= 1;
      return send(500, { error_code: 'INTERNAL_ERROR', message: 'the database is locked' });
    }
    try {
      send(200, answer(request.method ?? '', new URL(request.url ?? '', 'http://server'), body));
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      send(error.status, { error_code: error.code, message: error.message });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    experiments,
    runs,
    /** Requests that break the contract. */
    mistakes,
    received: () => received,
    /** The next requests are answered with 500. */
    failNext(count: number) {
      failures = count;
    },
    close,
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
