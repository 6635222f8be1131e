import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
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
const key = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[\p{L}\p{N}_.\- /]+$/u)
  .refine((key) => key.split('/').every((part) => !/^\.{0,2}$/.test(part)), 'the name does not stand for a path');
const time = z.int().min(1_600_000_000_000);
const entries = (length: number, most: number) =>
  z
    .array(z.strictObject({ key, value: z.string().max(length) }))
    .max(most)
    .default([]);
const metric = z.strictObject({ key, value: z.number(), timestamp: time, step: z.int() });
const id = z.string().min(1);

class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
const missing = (what: string) => new Refused(404, 'RESOURCE_DOES_NOT_EXIST', `no ${what}`);
const invalid = (message: string) => new Refused(400, 'INVALID_PARAMETER_VALUE', message);

/** A call whose body has a shape. */
const call =
  <Shape extends z.ZodType>(shape: Shape, answer: (body: z.infer<Shape>) => object) =>
  (body: unknown) => {
    const { data, error } = shape.safeParse(body);
    if (error) throw invalid(JSON.stringify([body, error.issues]).slice(0, 2000));
    return answer(data);
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
  const find = (id: string): KeptRun => {
    const run = runs.get(id);
    if (run) return run;
    throw missing(`run ${id}`);
  };
  const calls = new Map([
    [
      'GET experiments/get-by-name',
      call(z.strictObject({ experiment_name: z.string() }), ({ experiment_name }) => {
        const experiment_id = experiments.get(experiment_name);
        if (experiment_id === undefined) throw missing('such experiment');
        return { experiment: { experiment_id, name: experiment_name, lifecycle_stage: 'active' } };
      }),
    ],
    [
      'POST experiments/create',
      call(z.strictObject({ name: z.string().min(1).max(500) }), ({ name }) => {
        if (experiments.has(name)) throw new Refused(400, 'RESOURCE_ALREADY_EXISTS', `experiment ${name} exists`);
        experiments.set(name, String(experiments.size + 1));
        return { experiment_id: experiments.get(name) };
      }),
    ],
    [
      'POST runs/create',
      call(
        z.strictObject({ experiment_id: id, run_name: id, start_time: time, tags: entries(5000, 100) }),
        ({ experiment_id, run_name, tags }) => {
          if (![...experiments.values()].includes(experiment_id)) throw missing('such experiment');
          const run_id = `${runs.size}f00d`;
          runs.set(run_id, {
            ...{ experiment: experiment_id, name: run_name, tags: new Map(tags.map(({ key, value }) => [key, value])) },
            ...{ params: new Map(), metrics: [], artifacts: new Map(), statuses: ['RUNNING'] },
          });
          const artifact_uri = artifacts && `${artifacts}/${experiment_id}/${run_id}/artifacts`;
          return { run: { info: { run_id, run_name, artifact_uri }, data: {} } };
        },
      ),
    ],
    [
      'POST runs/update',
      call(
        z.strictObject({ run_id: id, status: z.enum(['FINISHED', 'FAILED', 'KILLED']), end_time: time }),
        ({ run_id, status }) => {
          find(run_id).statuses.push(status);
          return { run_info: { run_id } };
        },
      ),
    ],
    [
      'POST runs/log-batch',
      call(
        z
          .strictObject({ run_id: id, metrics: z.array(metric).max(1000).default([]), params: entries(500, 100) })
          .refine(({ metrics, params }) => metrics.length + params.length <= 1000),
        ({ run_id, metrics, params }) => {
          const run = find(run_id);
          for (const { key, value } of params) {
            if (run.params.has(key)) throw invalid(`param ${key} is there already`);
            run.params.set(key, value);
          }
          for (const { key, step, value } of metrics) run.metrics.push([key, step, value]);
          return {};
        },
      ),
    ],
  ]);

  function answer(method: string, url: URL, body: Buffer): object {
    const path = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/([^/]+)\/([^/]+)\/artifacts\/([^/]+)$/.exec(url.pathname);
    if (path && method === 'PUT') {
      const [, experiment, id = '', file = ''] = path;
      if (find(id).experiment !== experiment) throw missing('such experiment');
      find(id).artifacts.set(decodeURIComponent(file), body);
      return {};
    }
    const name = `${method} ${url.pathname.replace('/api/2.0/mlflow/', '')}`;
    const known = calls.get(name);
    if (!known || body.length > 1_000_000) throw invalid(`${name}, ${body.length} bytes`);
    return known(method === 'GET' ? Object.fromEntries(url.searchParams) : JSON.parse(body.toString()));
  }

  const server = createServer(async (request, response) => {
    received += 1;
    const body = await buffer(request);
    const send = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.headers.authorization !== authorization)
      return send(401, { error_code: 'UNAUTHENTICATED', message: 'who are you?' });
    if (failures-- > 0) return send(500, { error_code: 'INTERNAL_ERROR', message: 'the database is locked' });
    try {
      send(200, answer(request.method ?? '', new URL(request.url ?? '', 'http://server'), body));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code === 'INVALID_PARAMETER_VALUE') mistakes.push(error.message);
      send(error.status, { error_code: error.code, message: error.message });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
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
