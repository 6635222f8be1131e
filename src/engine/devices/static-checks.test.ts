import { describe, expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { factsOf, gpuOf, hardware, software } from './facts.fixture.js';
import type { Facts } from './facts.js';
import { checkHardware, checkStatically } from './static-checks.js';

const compiledCuda: Candidate = { engine: 'compiled', device: 'cuda' };
const tfjsCuda: Candidate = { engine: 'tfjs', device: 'cuda' };
const tfjsCpu: Candidate = { engine: 'tfjs', device: 'cpu' };
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
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
      'an NVIDIA driver',
      compiledCuda,
      { nvidiaDriver: () => null },
      /^there is no NVIDIA driver$/,
      /install the NVIDIA driver/,
    ],
    ['the GPU of this id', { ...compiledCuda, deviceId: 1 }, {}, /sees one GPU.* id 1$/, /engine\.deviceId=0 or less/],
    [
      'the library of tfjs-node-gpu',
      tfjsCuda,
      tfjsIs({ native: false }),
      /only as JavaScript: its native library tfjs_binding\.node is missing$/,
      /^npm run setup:cuda -- --only tfjs$/,
    ],
    [
      'a Node for tfjs-node',
      tfjsCpu,
      { nodeMajor: 24 },
      /4\.22\.0 does not work with Node 23 or later \(this is 24\)/,
      /Node 20 or 22/,
    ],
    ['one copy of tfjs', tfjsCuda, tfjsIs({ sharesTfjs: false }), /another copy of @tensorflow\/tfjs/, /npm dedupe/],
    [
      'a Vulkan loader',
      webgpu,
      { hasVulkanLoader: async () => false },
      /no Vulkan loader \(libvulkan\.so\.1\)/,
      /libvulkan1/,
    ],
  ])('%s is told so', async (_, candidate, changes, reason, mend) => {
    if (Object.keys(changes).length > 0)
      expect(await checkStatically(candidate, factsOf())).not.toHaveProperty('usable');
    const found = await checkStatically(candidate, factsOf(changes));
    expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(mend) });
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

  test('of WebGPU is the hardware adapter before the software one', async () => {
    const facts = factsOf({ graphicsAdapters: async () => [software, hardware] });
    expect(await checkStatically(webgpu, facts)).toMatchObject({ adapter: hardware.name, software: false });
    const only = factsOf({ graphicsAdapters: async () => [software] });
    expect(await checkStatically(webgpu, only)).toMatchObject({ adapter: software.name, software: true });
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
