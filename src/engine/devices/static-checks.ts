import { cpus } from 'node:os';
import { type Adapter, type Candidate, type Unusable, unknownAdapter, unusable } from './device.js';
import type { Facts } from './facts.js';
import { preferred } from './graphics-adapters.js';
import type { TfjsPackageName } from './native-packages.js';

/** What is known about a candidate without trying it: why it is unusable, or its hardware. Takes milliseconds. */
export async function checkStatically(candidate: Candidate, facts: Facts): Promise<Unusable | Adapter> {
  if (candidate.engine === 'compiled' && facts.runtimeFiles().length === 0) {
    const reason = `onnxruntime-node has no library for ${facts.platform}-${facts.arch}`;
    return unusable(reason, 'say engine.name=tfjs, or train on another machine');
  }
  if (candidate.device === 'cpu') return candidate.engine === 'compiled' ? processor() : checkTfjsCpu(candidate, facts);
  if (candidate.device === 'webgpu') return checkWebgpu(candidate, facts);
  return checkCuda(candidate, facts);
}

function processor(): Adapter {
  return { ...unknownAdapter, adapter: cpus()[0]?.model.trim() ?? null, software: false };
}

function checkTfjsCpu({ pureJs }: Candidate, facts: Facts): Unusable | Adapter {
  if (pureJs) return processor();
  return checkTfjsPackage('@tensorflow/tfjs-node', facts) ?? processor();
}

/** How to install the native library of an npm package whose own install script downloads it. */
const installers: Readonly<Record<TfjsPackageName, string>> = {
  '@tensorflow/tfjs-node':
    'npm install --no-save @tensorflow/tfjs-node && npm rebuild @tensorflow/tfjs-node --ignore-scripts=false',
  '@tensorflow/tfjs-node-gpu': 'npm run setup:cuda -- --only tfjs',
};

/** The first Node version that cannot load tfjs-node 4.22. */
export const firstNodeWithoutTfjs = 23;

function checkTfjsPackage(name: TfjsPackageName, { nodeMajor, tfjsPackage }: Facts): Unusable | undefined {
  const found = tfjsPackage(name);
  if (!found) {
    const install = name === '@tensorflow/tfjs-node-gpu' ? `npm ci && ${installers[name]}` : installers[name];
    return unusable(`${name} is not installed`, install);
  }
  if (nodeMajor >= firstNodeWithoutTfjs) {
    const reason = `${name} ${found.version} does not work with Node ${firstNodeWithoutTfjs} or later (this is ${nodeMajor})`;
    return unusable(reason, 'use Node 20 or 22');
  }
  if (!found.native) {
    const reason = `${name} is there only as JavaScript: its native library tfjs_binding.node is missing`;
    return unusable(reason, installers[name]);
  }
  if (!found.sharesTfjs) return unusable(`${name} brings another copy of @tensorflow/tfjs with it`, 'npm dedupe');
  return undefined;
}

async function checkCuda(candidate: Candidate, facts: Facts): Promise<Unusable | Adapter> {
  const noLibrary =
    candidate.engine === 'compiled' ? checkCudaProvider(facts) : checkTfjsPackage('@tensorflow/tfjs-node-gpu', facts);
  const noDriver = checkNvidia(facts);
  if (noLibrary && noDriver) return { ...noLibrary, reason: `${noLibrary.reason}, and ${noDriver.reason}` };
  if (noLibrary ?? noDriver) return noLibrary ?? noDriver ?? unknownAdapter;
  return cudaAdapter(candidate.deviceId ?? 0, facts);
}

const providers: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'libonnxruntime_providers_cuda.so',
  win32: 'onnxruntime_providers_cuda.dll',
};

function checkCudaProvider({ platform, arch, runtimeFiles }: Facts): Unusable | undefined {
  const provider = providers[platform];
  if (provider !== undefined && runtimeFiles().includes(provider)) return undefined;
  // onnxruntime-node's installer supports no other platform.
  if (platform !== 'linux' || arch !== 'x64') {
    return unusable(`onnxruntime-node has no CUDA for ${platform}-${arch}`, 'say engine.device=webgpu');
  }
  return unusable(
    `ONNX Runtime's CUDA library ${provider} is not installed`,
    'npm run setup:cuda -- --only onnxruntime',
  );
}

function checkNvidia({ platform, nvidiaDriver, gpuFiles }: Facts): Unusable | undefined {
  if (nvidiaDriver() === null) return unusable('there is no NVIDIA driver', 'install the NVIDIA driver');
  if (platform === 'linux' && !gpuFiles().some((file) => /nvidia\d+$|dxg$/.test(file))) {
    return unusable(
      'there is an NVIDIA driver, but no GPU of it (/dev/nvidia0)',
      'give the container the GPU (docker run --gpus all), or see what nvidia-smi says',
    );
  }
  return undefined;
}

async function cudaAdapter(deviceId: number, { nvidiaDriver, nvidiaGpus }: Facts): Promise<Unusable | Adapter> {
  const gpus = await nvidiaGpus();
  if (gpus === null) return { ...unknownAdapter, driver: nvidiaDriver(), software: false };
  const gpu = gpus[deviceId];
  if (!gpu) {
    const reason =
      gpus.length === 0
        ? 'CUDA sees no GPU (CUDA_VISIBLE_DEVICES hides them)'
        : `CUDA sees ${gpus.length === 1 ? 'one GPU' : `${gpus.length} GPUs`}, and there is none with the id ${deviceId}`;
    return unusable(
      reason,
      gpus.length === 0
        ? 'set CUDA_VISIBLE_DEVICES to what nvidia-smi lists'
        : `say engine.deviceId=${gpus.length - 1} or less`,
    );
  }
  return { adapter: gpu.name, driver: gpu.driver, memoryBytes: gpu.memoryBytes, software: false };
}

async function checkWebgpu({ engine }: Candidate, facts: Facts): Promise<Unusable | Adapter> {
  if (engine === 'tfjs') return unusable('the tfjs engine has no WebGPU', 'say engine.name=compiled');
  if (facts.platform === 'linux' && !(await facts.hasVulkanLoader())) {
    const install = "install it with the GPU's Vulkan driver (Debian: apt-get install libvulkan1 mesa-vulkan-drivers)";
    return unusable('there is no Vulkan loader (libvulkan.so.1)', install);
  }
  const adapters = await facts.graphicsAdapters();
  if (adapters === null) return unknownAdapter;
  const adapter = preferred(adapters);
  if (!adapter) return noVulkanDriver;
  const { name, driver, memoryBytes, software } = adapter;
  return { adapter: name, driver, memoryBytes, software };
}

export const noVulkanDriver = unusable(
  'there is no Vulkan driver for a GPU',
  "install the GPU's (Debian: apt-get install mesa-vulkan-drivers, which has a software one too)",
);

/**
 * Why `auto` skips a WebGPU candidate that is not known to be unusable: it accepts only hardware. If there is no GPU at
 * all, it checks less than `checkStatically`, so that start-up stays fast.
 */
export async function checkHardware(facts: Facts): Promise<Unusable | undefined> {
  if (facts.platform === 'linux' && facts.gpuFiles().length === 0) {
    return unusable('there is no GPU (/dev/dri/renderD128, /dev/nvidia0)', 'ple doctor tells of software adapters');
  }
  const adapters = await facts.graphicsAdapters();
  if (adapters === null) {
    const tool =
      facts.platform === 'linux' ? 'vulkaninfo (Debian: apt-get install vulkan-tools)' : 'a list of adapters';
    return unusable(
      `whether its adapter is a GPU cannot be known without ${tool}`,
      'say engine.device=webgpu if you know that it is',
    );
  }
  const adapter = preferred(adapters);
  if (!adapter) return noVulkanDriver;
  if (adapter.software)
    return unusable(`${adapter.name} is a software adapter`, 'ask for it with engine.device=webgpu');
  return undefined;
}
