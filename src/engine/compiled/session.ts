import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HostArray, HostArrays } from '../../support/arrays.js';

/** Where ONNX Runtime runs a graph. Another device is another entry here. */
const executionProviders = { cpu: ['cpu'] } as const satisfies Record<string, readonly string[]>;

type CompiledDevice = keyof typeof executionProviders;

export interface SessionOptions {
  readonly device: CompiledDevice;
  readonly threads: number;
  /** False lets waiting threads sleep: for several processes on one machine. */
  readonly spinning?: boolean | undefined;
}

export interface Session {
  run(feeds: HostArrays, fetches: readonly string[]): Promise<HostArrays>;
  release(): Promise<void>;
}

export async function openSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
  const runtime = await onnxRuntime();
  const session = await runtime.InferenceSession.create(model, sessionOptions(options));
  return {
    async run(feeds, fetches) {
      const given: Record<string, Tensor> = {};
      for (const [name, { dtype, data, shape }] of Object.entries(feeds)) {
        given[name] = new runtime.Tensor(dtype, data, [...shape]);
      }
      const results = await session.run(given, [...fetches]);
      return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, hostArray(name, result)]));
    },
    release: () => session.release(),
  };
}

/** Loads ONNX Runtime at the first use, which takes a moment, with its telemetry (on by default on Linux) off. */
async function onnxRuntime() {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  return await import('onnxruntime-node');
}

function sessionOptions({ device, threads, spinning = true }: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders[device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(spinning ? {} : { extra: { session: { intra_op: { allow_spinning: '0' } } } }),
  };
}

function hostArray(name: string, { data, dims }: Tensor): HostArray {
  if (data instanceof Float32Array) return { dtype: 'float32', shape: dims, data };
  if (data instanceof Int32Array) return { dtype: 'int32', shape: dims, data };
  throw new Error(`output '${name}' is neither float32 nor int32`);
}
