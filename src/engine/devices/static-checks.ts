import { cpus } from 'node:os';
import { type LibrarySet, libraries } from '../native/libraries.js';
import { type Adapter, type Candidate, type Unusable, unknownAdapter, unusable } from './device.js';
import { type CudaLibraries, type Facts, versionUnknown } from './facts.js';
import { preferred } from './graphics-adapters.js';

/** Finds, without trying a candidate, why it is unusable, or its hardware. */
export async function checkStatically(candidate: Candidate, facts: Facts): Promise<Unusable | Adapter> {
  const { engine, device, deviceId = 0 } = candidate;
  if (device === 'cpu') return { ...unknownAdapter, adapter: cpus()[0]?.model.trim() ?? null, software: false };
  if (device === 'cuda') return checkCuda(engine, deviceId, facts);
  if (engine === 'tfjs') return unusable('the tfjs engine has no WebGPU', 'say engine.name=compiled');
  const adapter = preferred((await facts.graphicsAdapters()) ?? []);
  if (!adapter) return unknownAdapter;
  const { name, driver, memoryBytes, software } = adapter;
  return { adapter: name, driver, memoryBytes, software };
}

async function checkCuda(engine: Candidate['engine'], deviceId: number, facts: Facts): Promise<Unusable | Adapter> {
  const { nvidiaDriver, nvidiaGpus, cudaLibraries } = facts;
  const [driver, state] = [nvidiaDriver(), cudaLibraries(engine)];
  if (driver === null) return withoutDriver(engine, state);
  const gpus = await nvidiaGpus();
  const gpu = gpus?.[deviceId];
  if (gpus && !gpu)
    return unusable(
      `CUDA sees ${gpus.length} GPU${gpus.length === 1 ? '' : 's'}, and none with the id ${deviceId}`,
      'see what nvidia-smi lists, and what CUDA_VISIBLE_DEVICES hides',
    );
  const refused =
    state === 'npm' ? undefined : checkSet(engine, state, { driver, capability: gpu?.capability ?? null });
  if (refused) return refused;
  if (!gpu) return { ...unknownAdapter, driver, software: false };
  return { adapter: gpu.name, driver: gpu.driver, memoryBytes: gpu.memoryBytes, software: false };
}

/** The set of `ple setup` for an engine on CUDA. */
export function setOf(engine: Candidate['engine']): LibrarySet {
  return sets[engine];
}

const sets = { compiled: libraries['onnxruntime-cuda'], tfjs: libraries['tensorflow-cuda'] } as const;

function withoutDriver(engine: Candidate['engine'], state: CudaLibraries): Unusable {
  const { title, command } = sets[engine];
  const [oldest] = driversOf(engine);
  const driver = `install the NVIDIA driver, ${oldest} or later`;
  if (state === 'here') return unusable(`only the NVIDIA driver is missing: ${title} is here`, driver);
  return unusable(
    'there is no NVIDIA driver',
    state === 'npm' ? 'install the NVIDIA driver' : `${driver}, then ${command}`,
  );
}

function driversOf(engine: Candidate['engine']): readonly string[] {
  return (sets[engine].cuda?.gpus ?? []).map(({ driver }) => driver).toSorted(compareVersions);
}

interface NvidiaHardware {
  readonly driver: string;
  /** Null: unknown. */
  readonly capability: number | null;
}

/** Why a set cannot compute with this driver on this GPU, and what can. */
function checkSet(
  engine: Candidate['engine'],
  state: Exclude<CudaLibraries, 'npm'>,
  hardware: NvidiaHardware,
): Unusable | undefined {
  const { title, command } = sets[engine];
  const reason = unfit(engine, hardware);
  if (reason === undefined) {
    if (state === 'here') return undefined;
    const why = state === 'other' ? 'are of another version of ple' : 'are not here';
    return unusable(`its CUDA libraries ${why}`, `run ${command}`);
  }
  const other = engine === 'compiled' ? 'tfjs' : 'compiled';
  const instead =
    unfit(other, hardware) === undefined
      ? `, or train with engine.name=${other}, which works with this driver and GPU: ${sets[other].command}`
      : '';
  const needed = driverFor(engine, hardware.capability);
  return unusable(
    `${title} ${reason}`,
    `${needed === undefined ? 'use another GPU' : `install driver ${needed} or later`}${instead}`,
  );
}

/** What keeps a set from this hardware. */
function unfit(engine: Candidate['engine'], { driver, capability }: NvidiaHardware): string | undefined {
  const needed = driverFor(engine, capability);
  if (needed === undefined) return `has no kernels for a GPU of compute capability ${capability?.toFixed(1)}`;
  if (driver === versionUnknown || compareVersions(driver, needed) >= 0) return undefined;
  return `needs driver ${needed} or later, and this one is ${driver}`;
}

/** The oldest driver that runs a set on a GPU. Undefined: the set has no kernels for it. */
function driverFor(engine: Candidate['engine'], capability: number | null): string | undefined {
  if (capability === null) return driversOf(engine)[0];
  return sets[engine].cuda?.gpus.find(({ from, to }) => capability >= from && capability <= to)?.driver;
}

/** Negative if `a` is older. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  const length = Math.max(left?.length ?? 0, right?.length ?? 0);
  const differences = Array.from({ length }, (_, place) => (left?.[place] ?? 0) - (right?.[place] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}

/**
 * Why `auto` skips WebGPU: it accepts only hardware. Without a GPU it starts no process, so that start-up stays fast.
 */
export async function checkHardware({ platform, gpuFiles, graphicsAdapters }: Facts): Promise<Unusable | undefined> {
  if (platform !== 'linux') return undefined;
  const byName = 'name it by engine.device=webgpu';
  if (gpuFiles().length === 0) return unusable('there is no GPU (/dev/dri/renderD128, /dev/nvidia0)', byName);
  const adapters = await graphicsAdapters();
  const adapter = preferred(adapters ?? []);
  if (!adapter)
    return adapters === null
      ? unusable('only vulkaninfo (Debian: vulkan-tools) shows whether its adapter is a GPU', byName)
      : unusable('there is no Vulkan driver for a GPU', 'install it (Debian: mesa-vulkan-drivers)');
  return adapter.software ? unusable(`${adapter.name} is a software adapter`, byName) : undefined;
}
