import { describe, expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { bare, factsOf, gpuOf, hardware, software } from './facts.fixture.js';
import type { Facts } from './facts.js';
import { checkHardware, checkStatically } from './static-checks.js';

const compiledCuda: Candidate = { engine: 'compiled', device: 'cuda' };
const tfjsCuda: Candidate = { engine: 'tfjs', device: 'cuda' };
const tfjsCpu: Candidate = { engine: 'tfjs', device: 'cpu' };
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
const cpu: Candidate = { engine: 'compiled', device: 'cpu' };
const withoutCudaLibrary: Partial<Facts> = { runtimeFiles: () => ['libonnxruntime.so.1'] };
const tfjsIs = (change: object): Partial<Facts> => ({
  tfjsPackage: () => ({ version: '4.22.0', native: true, sharesTfjs: true, ...change }),
});

describe('a machine that lacks', () => {
  test.each<[what: string, Candidate, Partial<Facts>, reason: RegExp, mend: RegExp]>([
    [
      'the CUDA library',
      compiledCuda,
      withoutCudaLibrary,
      /libonnxruntime_providers_cuda\.so is not installed$/,
      /^npm run setup:cuda -- --only onnxruntime$/,
    ],
    [
      'CUDA for its platform',
      compiledCuda,
      { platform: 'darwin', arch: 'arm64' },
      /no CUDA for darwin-arm64/,
      /webgpu/,
    ],
    [
      'an NVIDIA driver',
      compiledCuda,
      { nvidiaDriver: () => null },
      /^there is no NVIDIA driver$/,
      /install the NVIDIA driver/,
    ],
    [
      'a GPU beside its driver',
      compiledCuda,
      { gpuFiles: () => ['/dev/dri/renderD128'] },
      /driver, but no GPU/,
      /--gpus all/,
    ],
    ['the GPU of this id', { ...compiledCuda, deviceId: 1 }, {}, /sees one GPU.* id 1$/, /engine\.deviceId=0 or less/],
    ['a visible GPU', compiledCuda, { nvidiaGpus: async () => [] }, /CUDA_VISIBLE_DEVICES/, /CUDA_VISIBLE_DEVICES/],
    [
      'tfjs-node-gpu',
      tfjsCuda,
      { tfjsPackage: () => null },
      /tfjs-node-gpu is not installed$/,
      /^npm ci && npm run setup:cuda/,
    ],
    [
      'the library of tfjs-node-gpu',
      tfjsCuda,
      tfjsIs({ native: false }),
      /only as JavaScript: its native library tfjs_binding\.node is missing$/,
      /^npm run setup:cuda -- --only tfjs$/,
    ],
    [
      'the library of tfjs-node',
      tfjsCpu,
      tfjsIs({ native: false }),
      /tfjs-node is there only as JavaScript/,
      /npm rebuild @tensorflow\/tfjs-node /,
    ],
    [
      'a Node for tfjs-node',
      tfjsCpu,
      { nodeMajor: 24 },
      /4\.22\.0 does not work with Node 23 or later \(this is 24\)/,
      /Node 20 or 22/,
    ],
    ['a Node for tfjs-node-gpu', tfjsCuda, { nodeMajor: 23 }, /this is 23/, /Node 20 or 22/],
    ['one copy of tfjs', tfjsCuda, tfjsIs({ sharesTfjs: false }), /another copy of @tensorflow\/tfjs/, /npm dedupe/],
    [
      'a Vulkan loader',
      webgpu,
      { hasVulkanLoader: async () => false },
      /no Vulkan loader \(libvulkan\.so\.1\)/,
      /libvulkan1/,
    ],
    ['a Vulkan driver', webgpu, { graphicsAdapters: async () => [] }, /no Vulkan driver/, /mesa-vulkan-drivers/],
    ['WebGPU in tfjs', { engine: 'tfjs', device: 'webgpu' }, {}, /no WebGPU/, /engine\.name=compiled/],
    [
      'ONNX Runtime for its platform',
      cpu,
      { runtimeFiles: () => [], platform: 'freebsd' },
      /no library for freebsd-x64/,
      /engine\.name=tfjs/,
    ],
  ])('%s is told so', async (_, candidate, changes, reason, mend) => {
    if (Object.keys(changes).length > 0)
      expect(await checkStatically(candidate, factsOf())).not.toHaveProperty('usable');
    const found = await checkStatically(candidate, factsOf(changes));
    expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(mend) });
  });

  test('library and driver is told both, and to begin with the library', async () => {
    const found = await checkStatically(compiledCuda, bare);
    expect(found).toMatchObject({
      reason: expect.stringMatching(
        /libonnxruntime_providers_cuda\.so is not installed, and there is no NVIDIA driver/,
      ),
      mend: 'npm run setup:cuda -- --only onnxruntime',
    });
  });
});

describe('what is there', () => {
  test('of CUDA is the GPU of the id, with driver and memory', async () => {
    const facts = factsOf({ nvidiaGpus: async () => [gpuOf(0), gpuOf(1)] });
    expect(await checkStatically({ ...compiledCuda, deviceId: 1 }, facts)).toEqual({
      adapter: 'NVIDIA L4 no. 1',
      driver: '550.54.14',
      memoryBytes: 24 * 2 ** 30,
      software: false,
    });
  });

  test('of CUDA without nvidia-smi is its driver alone', async () => {
    const found = await checkStatically(tfjsCuda, factsOf({ nvidiaGpus: async () => null }));
    expect(found).toEqual({ adapter: null, driver: '550.54.14', memoryBytes: null, software: false });
  });

  test('of Linux under Windows needs no /dev/nvidia0', async () => {
    expect(await checkStatically(compiledCuda, factsOf({ gpuFiles: () => ['/dev/dxg'] }))).not.toHaveProperty('usable');
  });

  test('of WebGPU is the hardware adapter before the software one', async () => {
    const facts = factsOf({ graphicsAdapters: async () => [software, hardware] });
    expect(await checkStatically(webgpu, facts)).toMatchObject({ adapter: hardware.name, software: false });
    const only = factsOf({ graphicsAdapters: async () => [software] });
    expect(await checkStatically(webgpu, only)).toMatchObject({ adapter: software.name, software: true });
  });

  test('of WebGPU without vulkaninfo is not known, and no reason to refuse it', async () => {
    const found = await checkStatically(webgpu, factsOf({ graphicsAdapters: async () => null }));
    expect(found).toEqual({ adapter: null, driver: null, memoryBytes: null, software: null });
  });
});

describe('auto takes WebGPU', () => {
  test('on hardware', async () => expect(await checkHardware(factsOf())).toBeUndefined());

  test.each<[what: string, Partial<Facts>, RegExp]>([
    ['without a GPU', { gpuFiles: () => [] }, /no GPU/],
    [
      'on a software adapter',
      { graphicsAdapters: async () => [software] },
      /llvmpipe \(LLVM 19\) is a software adapter/,
    ],
    ['on what cannot be known', { graphicsAdapters: async () => null }, /cannot be known without vulkaninfo/],
    ['without a driver', { graphicsAdapters: async () => [] }, /no Vulkan driver/],
  ])('not %s', async (_, changes, reason) => {
    expect(await checkHardware(factsOf(changes))).toMatchObject({ reason: expect.stringMatching(reason) });
  });

  test('not without a GPU, which starts no process', async () => {
    const never = () => {
      throw new Error('a process was started');
    };
    const facts = factsOf({ gpuFiles: () => [], graphicsAdapters: never, hasVulkanLoader: never, nvidiaGpus: never });
    expect(await checkHardware(facts)).toBeDefined();
    expect(await checkStatically(compiledCuda, { ...facts, ...withoutCudaLibrary })).toHaveProperty('usable', false);
  });
});
