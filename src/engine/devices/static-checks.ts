import { type LibrarySet, libraries } from '../native/libraries.js';
import { type Adapter, type Candidate, type Unusable, unknownAdapter, unusable } from './device.js';
import type { Facts } from './facts.js';
import { preferred } from './graphics-adapters.js';

/** Finds, without trying a candidate, why it is unusable, or its hardware. */
export async function checkStatically(candidate: Candidate, facts: Facts): Promise<Unusable | Adapter> {
  const { engine, device, deviceId = 0 } = candidate;
  if (device === 'cpu') return { ...unknownAdapter, adapter: facts.processor(), software: false };
  if (device === 'cuda') return checkCuda(engine, deviceId, facts);
  if (engine === 'tfjs') return unusable('the tfjs engine has no WebGPU', 'say engine.name=compiled');
  const adapter = preferred((await facts.graphicsAdapters()) ?? []);
  if (!adapter) return unknownAdapter;
  const { name, driver, memoryBytes, software } = adapter;
  return { adapter: name, driver, memoryBytes, software };
}

async function checkCuda(engine: Candidate['engine'], deviceId: number, facts: Facts): Promise<Unusable | Adapter> {
  const { title, command } = librarySet(engine);
  const [driver, state] = [facts.nvidiaDriver(), facts.cudaLibraries(engine)];
  const isHere = state === 'here' || state === 'npm';
  const install = 'install the NVIDIA driver (docs/gpu.md has the version)';
  if (driver === null && state === 'here')
    return unusable(`only the NVIDIA driver is missing: ${title} is here`, install);
  if (driver === null) return unusable('there is no NVIDIA driver', isHere ? install : `${install}, then ${command}`);
  const gpus = await facts.nvidiaGpus();
  const gpu = gpus?.[deviceId];
  if (gpus && !gpu)
    return unusable(
      `CUDA sees ${gpus.length} GPU${gpus.length === 1 ? '' : 's'}, and none with the id ${deviceId}`,
      'see what nvidia-smi lists, and what CUDA_VISIBLE_DEVICES hides',
    );
  if (!isHere) {
    const why = state === 'other' ? 'are of another version of ple' : 'are not here';
    return unusable(`its CUDA libraries ${why}`, `run ${command}`);
  }
  if (!gpu) return { ...unknownAdapter, driver, software: false };
  return { adapter: gpu.name, driver: gpu.driver, memoryBytes: gpu.memoryBytes, software: false };
}

/** The set of `ple setup` for an engine on CUDA. */
export function librarySet(engine: Candidate['engine']): LibrarySet {
  return libraries[engine === 'tfjs' ? 'tensorflow-cuda' : 'onnxruntime-cuda'];
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
