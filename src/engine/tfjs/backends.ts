import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { tf } from '../../support/tf.js';

/** A registered tfjs backend, by tfjs's name for it. */
export interface TfjsBackend {
  readonly name: string;
  /** What it runs on, in the form of `Engine.device`. */
  readonly device: string;
  readonly deviceId?: number;
  readonly threads: number;
}

/** The pure-JS backend, registered by tfjs itself. It is slow, and the reference for all others. */
export const pureJs: TfjsBackend = { name: 'cpu', device: 'cpu', threads: 1 };

/** The backend name that both packages use, so a process can have only one of them. */
const nativeName = 'tensorflow';

const packages = { cpu: '@tensorflow/tfjs-node', cuda: '@tensorflow/tfjs-node-gpu' } as const;

let loaded:
  | { readonly device: keyof typeof packages; readonly deviceId: number | undefined; readonly threads: number }
  | undefined;

/**
 * TensorFlow's library. It registers itself with tfjs when it is first loaded, and then reads its settings from the
 * environment.
 * @throws if its package or library is missing, or if it found no GPU: it would then silently compute on the CPU.
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
    void tf.setBackend(before); // it had made itself the active one
    loaded = { device, deviceId, threads: Number(process.env[threadsSetting]) || availableParallelism() };
  }
  const backend: unknown = tf.findBackend(nativeName);
  if (device === 'cuda' && !usesGpu(backend)) throw new Error(`${packages.cuda} found no GPU that it can use`);
  return {
    name: nativeName,
    device,
    ...(deviceId === undefined ? {} : { deviceId }),
    threads: loaded.threads, // fixed when the library was loaded
  };
}

const threadsSetting = 'TF_NUM_INTRAOP_THREADS';

function settings(deviceId: number | undefined, threads: number | undefined): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // errors only
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // otherwise the first process takes all GPU memory
  process.env.NVIDIA_TF32_OVERRIDE ??= '0'; // by default, TensorFlow multiplies with 10 bits of a float32's 23 (TF32)
  if (threads !== undefined) process.env[threadsSetting] ??= String(threads);
  if (deviceId === undefined) return;
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',');
  const chosen = visible ? (visible[deviceId] ?? '-1') : String(deviceId); // -1: no GPU, instead of a hidden one
  process.env.CUDA_VISIBLE_DEVICES = chosen; // it always uses the first visible GPU
}

/** Whether tfjs-node's `NodeJSKernelBackend` uses a GPU. */
export function usesGpu(backend: unknown): boolean {
  return (
    typeof backend === 'object' &&
    backend !== null &&
    'isUsingGpuDevice' in backend &&
    Boolean(backend.isUsingGpuDevice)
  );
}
