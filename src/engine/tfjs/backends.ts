import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { tf } from '../../support/tf.js';

/** A tfjs backend that is registered, by tfjs's name for it. */
export interface TfjsBackend {
  readonly name: string;
  /** What it runs on, as `Engine.device` says it. */
  readonly device: string;
  readonly deviceId?: number;
  readonly threads: number;
}

/** The pure-JS backend, registered by tfjs itself: slow, the reference of all others. */
export const pureJs: TfjsBackend = { name: 'cpu', device: 'cpu', threads: 1 };

/** What both packages call their backend: a process has one of them. */
const nativeName = 'tensorflow';

const packages = { cpu: '@tensorflow/tfjs-node', cuda: '@tensorflow/tfjs-node-gpu' } as const;

let loaded:
  | { readonly device: keyof typeof packages; readonly deviceId: number | undefined; readonly threads: number }
  | undefined;

/**
 * TensorFlow's library, which registers itself with tfjs at its first load. TensorFlow reads its settings from the environment then.
 * @throws if its package or library is not there, or if it found no GPU: it would then compute on the CPU without a word.
 */
export function nativeBackend(
  device: 'cpu' | 'cuda',
  { deviceId, threads }: { readonly deviceId?: number | undefined; readonly threads?: number | undefined },
  load: (name: string) => void = createRequire(import.meta.url),
): TfjsBackend {
  if (loaded && (loaded.device !== device || loaded.deviceId !== deviceId)) {
    throw new Error('a process can load one of tfjs-node and tfjs-node-gpu, for one GPU');
  }
  if (!loaded) {
    settings(deviceId, threads);
    const before = tf.getBackend() || pureJs.name;
    load(packages[device]);
    void tf.setBackend(before); // it made itself the active one
    loaded = { device, deviceId, threads: Number(process.env[threadsSetting]) || availableParallelism() };
  }
  const backend: unknown = tf.findBackend(nativeName);
  if (device === 'cuda' && !usesGpu(backend)) throw new Error(`${packages.cuda} found no GPU that it can use`);
  return {
    name: nativeName,
    device,
    ...(deviceId === undefined ? {} : { deviceId }),
    threads: loaded.threads, // whatever is asked for later
  };
}

const threadsSetting = 'TF_NUM_INTRAOP_THREADS';

function settings(deviceId: number | undefined, threads: number | undefined): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // errors only
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // otherwise the first process takes all of a GPU's memory
  process.env.NVIDIA_TF32_OVERRIDE ??= '0'; // TensorFlow lets it multiply with 10 bits of a float32's 23
  if (threads !== undefined) process.env[threadsSetting] ??= String(threads);
  if (deviceId === undefined) return;
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',');
  const chosen = visible ? (visible[deviceId] ?? '-1') : String(deviceId); // -1: none, rather than one that is hidden
  process.env.CUDA_VISIBLE_DEVICES = chosen; // it always takes the first that it sees
}

/** Of tfjs-node's `NodeJSKernelBackend`. */
export function usesGpu(backend: unknown): boolean {
  return (
    typeof backend === 'object' &&
    backend !== null &&
    'isUsingGpuDevice' in backend &&
    Boolean(backend.isUsingGpuDevice)
  );
}
