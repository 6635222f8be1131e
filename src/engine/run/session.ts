import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HostArray, HostArrays } from '../../support/arrays.js';
import { mapValues, recordOf } from '../../support/records.js';
import type { CompiledDevice } from '../engine.js';

export interface SessionOptions {
  readonly device: CompiledDevice;
  /** CUDA device index. */
  readonly deviceId?: number | undefined;
  readonly threads: number;
  /** False lets waiting threads sleep. Use it for several processes on one machine. */
  readonly spinning?: boolean | undefined;
  /** Gives intermediate arrays memory that others have just left, which the cache still has, instead of a place of their own. */
  readonly reuse?: boolean | undefined;
  /** For tests: refuses a graph if the device cannot run every node, instead of running some on the CPU. */
  readonly wholly?: boolean | undefined;
}

/** An array on the device. Its buffer must be freed. */
export interface DeviceArray {
  readonly tensor: Tensor;
  free(): void;
}

interface Results {
  readonly host: HostArrays;
  readonly device: Readonly<Record<string, DeviceArray>>;
}

export interface Session {
  /** @param into Arrays of the host that results are written to, by their names. Absent: new ones. */
  run(
    feeds: Readonly<Record<string, HostArray | DeviceArray>>,
    fetches: readonly string[],
    into?: HostArrays,
  ): Promise<Results>;
  release(): Promise<void>;
}

/** @param kept Results that stay on the device. In Node, only the WebGPU provider supports this. */
export async function openSession(
  model: Uint8Array,
  options: SessionOptions,
  kept: readonly string[] = [],
): Promise<Session> {
  // By default, ONNX Runtime's CUDA multiplies with 10 bits of a float32's 23 (TF32). Node's binding has no option for
  // this.
  if (options.device === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  const runtime = await onnxRuntime();
  const locations = recordOf(kept, () => 'gpu-buffer' as const);
  const session = await runtime.InferenceSession.create(model, {
    ...sessionOptions(options),
    ...(kept.length > 0 ? { preferredOutputLocation: locations } : {}),
  });
  return {
    async run(feeds, fetches, into = {}) {
      const toTensor = ({ dtype, data, shape }: HostArray) => new runtime.Tensor(dtype, data, [...shape]);
      const inputs = mapValues(feeds, (array) => ('tensor' in array ? array.tensor : toTensor(array)));
      const outputs = recordOf(fetches, (name) => (into[name] ? toTensor(into[name]) : null));
      const host: Record<string, HostArray> = {};
      const device: Record<string, DeviceArray> = {};
      for (const [name, result] of Object.entries(await session.run(inputs, outputs))) {
        if (result.location === 'cpu') host[name] = hostArray(name, result);
        else device[name] = { tensor: result, free: () => result.dispose() };
      }
      return { host, device };
    },
    release: () => session.release(),
  };
}

/** Loads ONNX Runtime at first use, which takes a moment. Turns its telemetry (on by default on Linux) off. */
async function onnxRuntime() {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  return await import('onnxruntime-node');
}

function sessionOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const { threads, spinning = true, reuse = false, wholly = false } = options;
  const entries = {
    // With two threads, each always starts a loop with the same half. So they seldom read what the other wrote, which
    // is slow between cores without a common cache (as in some virtual machines). With more threads, the partition
    // would depend on which thread finishes first, and the last bits of a few functions (softplus, log) depend on the
    // partition.
    ...(threads === 2 ? { dynamic_block_base: '1' } : {}),
    ...(spinning ? {} : { intra_op: { allow_spinning: '0' } }),
    ...(wholly ? { disable_cpu_ep_fallback: '1' } : {}),
  };
  return {
    executionProviders: [provider(options)],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableMemPattern: !reuse,
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
