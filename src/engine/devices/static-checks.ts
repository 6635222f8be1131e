import { cpus } from 'node:os';
import { type Adapter, type Candidate, type Unusable, unknownAdapter, unusable } from './device.js';
import type { Facts } from './facts.js';
import { preferred } from './graphics-adapters.js';

/** Finds, without trying a candidate, why it is unusable, or its hardware. */
export async function checkStatically(candidate: Candidate, facts: Facts): Promise<Unusable | Adapter> {
  const { engine, device, deviceId = 0 } = candidate;
  if (device === 'cpu') return { ...unknownAdapter, adapter: cpus()[0]?.model.trim() ?? null, software: false };
  if (device === 'cuda') return checkCuda(deviceId, facts);
  if (engine === 'tfjs') return unusable('the tfjs engine has no WebGPU', 'say engine.name=compiled');
  const adapter = preferred((await facts.graphicsAdapters()) ?? []);
  if (!adapter) return unknownAdapter;
  const { name, driver, memoryBytes, software } = adapter;
  return { adapter: name, driver, memoryBytes, software };
}

async function checkCuda(deviceId: number, { nvidiaDriver, nvidiaGpus }: Facts): Promise<Unusable | Adapter> {
  const driver = nvidiaDriver();
  if (driver === null) return unusable('there is no NVIDIA driver', 'install the NVIDIA driver');
  const gpus = await nvidiaGpus();
  if (gpus === null) return { ...unknownAdapter, driver, software: false };
  const gpu = gpus[deviceId];
  if (gpu) return { adapter: gpu.name, driver: gpu.driver, memoryBytes: gpu.memoryBytes, software: false };
  return unusable(
    `CUDA sees ${gpus.length} GPU${gpus.length === 1 ? '' : 's'}, and none with the id ${deviceId}`,
    'see what nvidia-smi lists, and what CUDA_VISIBLE_DEVICES hides',
  );
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
