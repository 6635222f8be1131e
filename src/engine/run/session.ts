import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HostArray, HostArrays } from '../../support/arrays.js';
import type { CompiledDevice } from '../engine.js';

export interface SessionOptions {
  readonly device: CompiledDevice;
  /** Which of several CUDA devices. */
  readonly deviceId?: number | undefined;
  readonly threads: number;
  /** False lets waiting threads sleep: for several processes on one machine. */
  readonly spinning?: boolean | undefined;
  /** Refuse a graph of which the device cannot run every node, rather than run those on the CPU: for tests. */
  readonly wholly?: boolean | undefined;
}

/** An array that lies on the device. It is a buffer that must be freed. */
export interface DeviceArray {
  readonly tensor: Tensor;
  free(): void;
}

interface Results {
  readonly host: HostArrays;
  readonly device: Readonly<Record<string, DeviceArray>>;
}

export interface Session {
  run(feeds: Readonly<Record<string, HostArray | DeviceArray>>, fetches: readonly string[]): Promise<Results>;
  release(): Promise<void>;
}

/** @param kept Results that stay on the device; only the WebGPU provider can do so in Node. */
export async function openSession(
  model: Uint8Array,
  options: SessionOptions,
  kept: readonly string[] = [],
): Promise<Session> {
  // ONNX Runtime lets CUDA multiply with 10 bits of a float32's 23 (TF32), and Node's binding has no option that says otherwise.
  if (options.device === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  const runtime = await onnxRuntime();
  const locations = Object.fromEntries(kept.map((name) => [name, 'gpu-buffer' as const]));
  const session = await runtime.InferenceSession.create(model, {
    ...sessionOptions(options),
    ...(kept.length > 0 ? { preferredOutputLocation: locations } : {}),
  });
  return {
    async run(feeds, fetches) {
      const given: Record<string, Tensor> = {};
      for (const [name, array] of Object.entries(feeds)) {
        given[name] = 'tensor' in array ? array.tensor : new runtime.Tensor(array.dtype, array.data, [...array.shape]);
      }
      const host: Record<string, HostArray> = {};
      const device: Record<string, DeviceArray> = {};
      for (const [name, result] of Object.entries(await session.run(given, [...fetches]))) {
        if (result.location === 'cpu') host[name] = hostArray(name, result);
        else device[name] = { tensor: result, free: () => result.dispose() };
      }
      return { host, device };
    },
    release: () => session.release(),
  };
}

/** Loads ONNX Runtime at the first use, which takes a moment, with its telemetry (on by default on Linux) off. */
async function onnxRuntime() {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  return await import('onnxruntime-node');
}

function sessionOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const { threads, spinning = true, wholly = false } = options;
  const entries = {
    // Two threads then start every loop with the same half of it, and seldom read what the other wrote, which is slow where cores have no
    // cache in common (a virtual machine's may have one or not). With more threads, how a loop is cut would depend on who is done
    // first, and the last bits of a few functions (softplus, log) depend on the cut.
    ...(threads === 2 ? { dynamic_block_base: '1' } : {}),
    ...(spinning ? {} : { intra_op: { allow_spinning: '0' } }),
    ...(wholly ? { disable_cpu_ep_fallback: '1' } : {}),
  };
  return {
    executionProviders: [provider(options)],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(Object.keys(entries).length > 0 ? { extra: { session: entries } } : {}),
  };
}

function provider({ device, deviceId = 0 }: SessionOptions): InferenceSession.ExecutionProviderConfig {
  return device === 'cuda' ? { name: device, deviceId } : device;
}

function hostArray(name: string, { data, dims }: Tensor): HostArray {
  if (data instanceof Float32Array) return { dtype: 'float32', shape: dims, data };
  if (data instanceof Int32Array) return { dtype: 'int32', shape: dims, data };
  throw new Error(`output '${name}' is neither float32 nor int32`);
}
