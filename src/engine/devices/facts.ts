import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { driverLibrary, type Installed, installed, libraries, tfjsPackage } from '../native/libraries.js';
import type { Candidate } from './device.js';
import { type GraphicsAdapter, graphicsAdapters } from './graphics-adapters.js';
import { run } from './system-command.js';

/** Facts about the machine for device detection. Functions that start no process take about a millisecond or less. */
export interface Facts {
  readonly platform: NodeJS.Platform;
  /** The processor's name. Null: unknown. */
  processor(): string | null;
  /** Version of the NVIDIA driver. Null: no driver. */
  nvidiaDriver(): string | null;
  /** Linux: device files of GPUs. */
  gpuFiles(): readonly string[];
  /** The GPUs that CUDA sees, by its ids. Null: unknown. */
  nvidiaGpus(): Promise<readonly NvidiaGpu[] | null>;
  /** Null: unknown. */
  graphicsAdapters(): Promise<readonly GraphicsAdapter[] | null>;
  /** The libraries that an engine would compute with on CUDA. */
  cudaLibraries(engine: Candidate['engine']): CudaLibraries;
}

/** A set of `ple setup` in its state; or what npm's own install scripts brought (`npm`). */
export type CudaLibraries = Installed['state'] | 'npm';

/** The facts of this machine. Each is looked up once, on first use. */
export function machineFacts(): Facts {
  const { platform } = process;
  return {
    platform,
    processor: once(() => cpus()[0]?.model.trim() ?? null),
    nvidiaDriver: once(() => nvidiaDriver(platform)),
    gpuFiles: once(gpuFiles),
    nvidiaGpus: once(async () => {
      const gpus = await nvidiaGpus();
      return gpus && visibleGpus(gpus, process.env.CUDA_VISIBLE_DEVICES);
    }),
    graphicsAdapters: once(graphicsAdapters),
    cudaLibraries: (engine) => cudaLibraries(platform, engine),
  };
}

/** The file that an install script of npm's package brings. */
const npmFiles = {
  compiled: ['onnxruntime-node', 'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so'],
  tfjs: [tfjsPackage, 'lib/napi-v8/tfjs_binding.node'],
} as const;

function cudaLibraries(platform: NodeJS.Platform, engine: Candidate['engine']): CudaLibraries {
  const { state } = installed(libraries[engine === 'tfjs' ? 'tensorflow-cuda' : 'onnxruntime-cuda']);
  if (state !== 'absent') return state;
  if (platform !== 'linux') return 'npm'; // where its files lie is not known here: a step tells
  const [name, file] = npmFiles[engine];
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return existsSync(join(folder, file)) ? 'npm' : 'absent';
  } catch {
    return 'absent';
  }
}

function once<Value>(look: () => Value): () => Value {
  let found: { readonly value: Value } | undefined;
  return () => {
    found ??= { value: look() };
    return found.value;
  };
}

/** `/dev/nvidia0`, `/dev/dri/renderD128`, and `/dev/dxg` for Linux under Windows. */
function gpuFiles(): readonly string[] {
  const named = (folder: string, pattern: RegExp) =>
    (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => pattern.test(name))
      .map((name) => join(folder, name));
  return [...named('/dev', /^(nvidia\d+|dxg)$/), ...named('/dev/dri', /^renderD\d+$/)];
}

/** A GPU in the list of `nvidia-smi`. */
export interface NvidiaGpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly memoryBytes: number | null;
  readonly driver: string | null;
}

/** Where the loader looks for the driver's library. */
function driverFiles(platform: NodeJS.Platform): readonly string[] {
  if (platform === 'win32') return [join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll')];
  if (platform !== 'linux') return [];
  const named = (process.env['LD_LIBRARY_PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const usual = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/lib/wsl/lib', '/usr/local/nvidia/lib64'];
  return [...named, ...usual].map((folder) => join(folder, driverLibrary));
}

/** The NVIDIA driver's version, or `version unknown` if only its library is visible. Null: no driver. */
function nvidiaDriver(platform: NodeJS.Platform): string | null {
  const version = '/proc/driver/nvidia/version';
  if (platform === 'linux' && existsSync(version)) return driverVersion(readFileSync(version, 'utf8'));
  return driverFiles(platform).some((file) => existsSync(file)) ? versionUnknown : null;
}

const versionUnknown = 'version unknown';

/** Parses `/proc/driver/nvidia/version`: `NVRM version: NVIDIA UNIX x86_64 Kernel Module 535.183.01 Sun May 12 …`. */
export function driverVersion(text: string): string {
  return /\b(\d{3,}\.\d+(\.\d+)?)\b/.exec(text)?.[1] ?? versionUnknown;
}

/** Null: `nvidia-smi` is missing or failed. */
async function nvidiaGpus(): Promise<readonly NvidiaGpu[] | null> {
  const query = '--query-gpu=index,uuid,memory.total,driver_version,name';
  const text = await run('nvidia-smi', [query, '--format=csv,noheader,nounits']);
  return text === null ? null : parseGpus(text);
}

/**
 * Parses `nvidia-smi --query-gpu=index,uuid,memory.total,driver_version,name --format=csv,noheader,nounits`.
 * Null: another format.
 */
export function parseGpus(text: string): readonly NvidiaGpu[] | null {
  const gpus = text.split('\n').flatMap((line) => {
    const [index = '', uuid = '', memory = '', driver = '', ...name] = line.split(',').map((cell) => cell.trim());
    if (!/^\d+$/.test(index)) return [];
    // in MiB
    const memoryBytes = /^\d+$/.test(memory) ? Number(memory) * 2 ** 20 : null;
    return {
      index: Number(index),
      uuid,
      name: name.join(', '),
      memoryBytes,
      driver: driver === '' ? null : driver,
    };
  });
  return gpus.length === 0 && text.trim() !== '' ? null : gpus;
}

/**
 * The GPUs in the order of CUDA's device ids. CUDA counts only the GPUs in `CUDA_VISIBLE_DEVICES`, in bus order
 * (requested in `engine-on.ts`).
 */
export function visibleGpus(gpus: readonly NvidiaGpu[], visible: string | undefined): readonly NvidiaGpu[] {
  if (visible === undefined) return gpus;
  const chosen: NvidiaGpu[] = [];
  for (const word of visible.split(',').map((part) => part.trim())) {
    const gpu = gpus.find(
      ({ index, uuid }) => word === String(index) || (word.startsWith('GPU-') && uuid.startsWith(word)),
    );
    if (!gpu) break; // like CUDA: an unknown id hides itself and everything after it
    chosen.push(gpu);
  }
  return chosen;
}
