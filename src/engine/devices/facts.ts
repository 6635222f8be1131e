import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type GraphicsAdapter, graphicsAdapters } from './graphics-adapters.js';
import {
  filesIn,
  packageFolder,
  readTfjsPackage,
  runtimeFolder,
  type TfjsPackage,
  type TfjsPackageName,
} from './native-packages.js';
import { type NvidiaGpu, nvidiaDriver, nvidiaGpus, visibleGpus } from './nvidia.js';
import { run } from './system-command.js';

/** What is looked at to tell devices apart. The functions that start no process take under a millisecond or so. */
export interface Facts {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly nodeMajor: number;
  /** Names of ONNX Runtime's native libraries for this platform; none: it does not run here. */
  runtimeFiles(): readonly string[];
  /** Null: not installed. */
  tfjsPackage(name: TfjsPackageName): TfjsPackage | null;
  /** Version of the NVIDIA driver; null: there is none. */
  nvidiaDriver(): string | null;
  /** Linux: device files of GPUs. */
  gpuFiles(): readonly string[];
  /** Linux: the Vulkan loader is installed. */
  hasVulkanLoader(): Promise<boolean>;
  /** The GPUs that CUDA sees, by its ids; null: not known. */
  nvidiaGpus(): Promise<readonly NvidiaGpu[] | null>;
  /** Null: not known. */
  graphicsAdapters(): Promise<readonly GraphicsAdapter[] | null>;
}

/** The facts of this machine, each looked up when it is asked for, once. */
export function machineFacts(): Facts {
  const { platform, arch } = process;
  return {
    platform,
    arch,
    nodeMajor: Number(process.versions.node.split('.', 1)[0]),
    runtimeFiles: once(() => {
      const folder = packageFolder('onnxruntime-node');
      return folder === null ? [] : filesIn(runtimeFolder(folder, platform, arch));
    }),
    tfjsPackage: readTfjsPackage,
    nvidiaDriver: once(() => nvidiaDriver(platform)),
    gpuFiles: once(gpuFiles),
    hasVulkanLoader: once(hasVulkanLoader),
    nvidiaGpus: once(async () => {
      const gpus = await nvidiaGpus();
      return gpus && visibleGpus(gpus, process.env.CUDA_VISIBLE_DEVICES);
    }),
    graphicsAdapters: once(() => graphicsAdapters(platform)),
  };
}

function once<Value>(look: () => Value): () => Value {
  let found: { readonly value: Value } | undefined;
  return () => {
    found ??= { value: look() };
    return found.value;
  };
}

/** `/dev/nvidia0`, `/dev/dri/renderD128`, and `/dev/dxg` of Linux under Windows. */
function gpuFiles(): readonly string[] {
  const named = (folder: string, pattern: RegExp) =>
    filesIn(folder)
      .filter((name) => pattern.test(name))
      .map((name) => join(folder, name));
  return [...named('/dev', /^(nvidia\d+|dxg)$/), ...named('/dev/dri', /^renderD\d+$/)];
}

const loader = 'libvulkan.so.1';

async function hasVulkanLoader(): Promise<boolean> {
  const folders = [
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':'),
    ...['/lib', '/usr/lib', '/usr/local/lib', '/lib64', '/usr/lib64'],
    ...['x86_64', 'aarch64'].flatMap((cpu) => [`/lib/${cpu}-linux-gnu`, `/usr/lib/${cpu}-linux-gnu`]),
  ];
  if (folders.some((folder) => folder !== '' && existsSync(join(folder, loader)))) return true;
  return (await run('/sbin/ldconfig', ['-p']))?.includes(loader) ?? false;
}
