import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { tf } from '../../support/tf.js';
import { addonFile, installed, libraries, tfjsPackage } from '../native/libraries.js';
import { registerKernels } from './kernels.js';

/** A registered tfjs backend, by tfjs's name for it. */
export interface TfjsBackend {
  readonly name: string;
  /** What it runs on, in the form of `Engine.device`. */
  readonly device: string;
  readonly deviceId?: number | undefined;
  readonly threads: number;
  /** TensorFlow's version. Absent: plain JavaScript. */
  readonly tensorflow?: string | undefined;
}

/** The pure-JS backend, registered by tfjs itself. It is slow, and the reference for all others. */
export const pureJs: TfjsBackend = { name: 'cpu', device: 'cpu', threads: 1 };

/** The backend name of TensorFlow for the CPU and for GPUs, so a process can have only one of them. */
const nativeName = 'tensorflow';

type NativeDevice = 'cpu' | 'cuda';

let loaded:
  | { readonly device: NativeDevice; readonly deviceId: number | undefined; readonly threads: number }
  | undefined;

/**
 * TensorFlow's library. It registers itself with tfjs when it is first loaded, and then reads its settings from the
 * environment.
 * @throws if it is missing, or if it found no GPU: it would then silently compute on the CPU.
 */
export function nativeBackend(
  device: NativeDevice,
  { deviceId, threads }: { readonly deviceId?: number | undefined; readonly threads?: number | undefined },
  load: (device: NativeDevice) => void = loadTensorFlow,
): TfjsBackend {
  if (loaded && (loaded.device !== device || loaded.deviceId !== deviceId)) {
    throw new Error('a process can load TensorFlow for the CPU or for GPUs, and for one GPU');
  }
  if (!loaded) {
    settings(device, deviceId, threads);
    const before = tf.getBackend() || pureJs.name;
    load(device);
    void tf.setBackend(before); // it had made itself the active one
    loaded = { device, deviceId, threads: Number(process.env[threadsSetting]) || availableParallelism() };
  }
  const { data: backend } = nodeBackend.safeParse(tf.findBackend(nativeName));
  if (device === 'cuda' && !backend?.isUsingGpuDevice) throw new Error('TensorFlow found no GPU that it can use');
  const version = backend?.binding?.TF_Version;
  return {
    name: nativeName,
    device,
    deviceId,
    threads: loaded.threads, // fixed when the library was loaded
    tensorflow: version === undefined ? version : String(version),
  };
}

const require = createRequire(import.meta.url);

/** npm's packages, whose install scripts bring a library. They are for platforms without a set of `ple setup`. */
const packages = { cpu: '@tensorflow/tfjs-node', cuda: tfjsPackage } as const;

/** Loads what `ple setup` brought, else npm's package. */
function loadTensorFlow(device: NativeDevice): void {
  const set = device === 'cpu' ? 'tensorflow' : 'tensorflow-cuda';
  const folder = installed(set);
  if (folder === undefined) {
    try {
      require(packages[device]);
    } catch (error) {
      const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
      throw new Error(`TensorFlow is not here: ${line}; run ${libraries[set].command}`);
    }
  } else {
    const binding: unknown = require(join(folder, addonFile));
    restoreUtil();
    const { NodeJSKernelBackend } = require(`${tfjsPackage}/dist/nodejs_kernel_backend`);
    tf.registerBackend(nativeName, () => new NodeJSKernelBackend(binding, packages[device]), 3);
    require(`${tfjsPackage}/dist/register_all_kernels`);
  }
  registerKernels(nativeName);
}

/** Puts back what Node 23 removed and tfjs-node calls: https://github.com/tensorflow/tfjs/issues/8609. */
function restoreUtil(): void {
  const util: Record<string, unknown> = require('node:util');
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}

const threadsSetting = 'TF_NUM_INTRAOP_THREADS';

function settings(device: NativeDevice, deviceId: number | undefined, threads: number | undefined): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // errors only
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // otherwise the first process takes all GPU memory
  process.env.NVIDIA_TF32_OVERRIDE ??= '0'; // by default, TensorFlow multiplies with 10 bits of a float32's 23 (TF32)
  if (threads !== undefined) process.env[threadsSetting] ??= String(threads);
  if (device === 'cpu') return;
  // The addon keeps its tensors on the last GPU that it sees. So it sees one.
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',');
  const index = deviceId ?? 0;
  process.env.CUDA_VISIBLE_DEVICES = visible ? (visible[index] ?? '-1') : String(index); // -1: none, not a hidden one
}

/** What is read of tfjs-node's `NodeJSKernelBackend`. */
const nodeBackend = z.object({
  isUsingGpuDevice: z.unknown(),
  binding: z.object({ TF_Version: z.unknown() }).optional(),
});
