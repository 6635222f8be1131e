import { existsSync, readFileSync } from 'node:fs';
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

/** A GPU as `nvidia-smi` lists it. */
export interface NvidiaGpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly memoryBytes: number | null;
  readonly driver: string | null;
}

const driverFiles: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['/usr/lib/wsl/lib/libcuda.so.1'],
  win32: [join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll')],
};

/** The NVIDIA driver's version, or `version unknown` where only its library can be seen; null: there is no driver. */
function nvidiaDriver(platform: NodeJS.Platform): string | null {
  const version = '/proc/driver/nvidia/version';
  if (platform === 'linux' && existsSync(version)) return driverVersion(readFileSync(version, 'utf8'));
  return driverFiles[platform]?.some((file) => existsSync(file)) ? versionUnknown : null;
}

const versionUnknown = 'version unknown';

/** Of `/proc/driver/nvidia/version`: `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 …`. */
export function driverVersion(text: string): string {
  return /\b(\d{3,}\.\d+(\.\d+)?)\b/.exec(text)?.[1] ?? versionUnknown;
}

/** Null: `nvidia-smi` is not there or failed. */
async function nvidiaGpus(): Promise<readonly NvidiaGpu[] | null> {
  const query = '--query-gpu=index,uuid,memory.total,driver_version,name';
  const text = await run('nvidia-smi', [query, '--format=csv,noheader,nounits']);
  return text === null ? null : gpusOf(text);
}

/** Of `nvidia-smi --query-gpu=index,uuid,memory.total,driver_version,name --format=csv,noheader,nounits`; null: it is something else. */
export function gpusOf(text: string): readonly NvidiaGpu[] | null {
  const gpus = text.split('\n').flatMap((line) => {
    const [index = '', uuid = '', memory = '', driver = '', ...name] = line.split(',').map((cell) => cell.trim());
    if (!/^\d+$/.test(index)) return [];
    // in MiB
    const memoryBytes = /^\d+$/.test(memory) ? Number(memory) * 2 ** 20 : null;
    return { index: Number(index), uuid, name: name.join(', '), memoryBytes, driver: driver === '' ? null : driver };
  });
  return gpus.length === 0 && text.trim() !== '' ? null : gpus;
}

/**
 * The GPUs in the order of CUDA's device ids, which are counted among those that `CUDA_VISIBLE_DEVICES` leaves, in the order of the
 * bus (`engine-on.ts` asks for it).
 */
export function visibleGpus(gpus: readonly NvidiaGpu[], visible: string | undefined): readonly NvidiaGpu[] {
  if (visible === undefined) return gpus;
  const chosen: NvidiaGpu[] = [];
  for (const word of visible.split(',').map((part) => part.trim())) {
    const gpu = gpus.find(
      ({ index, uuid }) => word === String(index) || (word.startsWith('GPU-') && uuid.startsWith(word)),
    );
    if (!gpu) break; // as CUDA does: what follows an unknown id is not seen
    chosen.push(gpu);
  }
  return chosen;
}
