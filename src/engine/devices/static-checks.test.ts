import { expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { fakeFacts, fakeGpu } from './facts.fixture.js';
import type { CudaLibraries, Facts } from './facts.js';
import { checkHardware, checkStatically } from './static-checks.js';

const cuda: Candidate = { engine: 'compiled', device: 'cuda' };

test.each<[what: string, Candidate, Partial<Facts>, reason: RegExp]>([
  ['the GPU of this id', { ...cuda, deviceId: 1 }, {}, /sees 1 GPU, and none with the id 1$/],
  ['an engine for WebGPU', { engine: 'tfjs', device: 'webgpu' }, {}, /no WebGPU/],
])('a machine without %s', async (_, candidate, changes, reason) => {
  const found = await checkStatically(candidate, fakeFacts(changes));
  expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(/./) });
});

test('of CUDA, the GPU of the id, with driver and memory', async () => {
  const facts = fakeFacts({ nvidiaGpus: async () => [fakeGpu(0), fakeGpu(1)] });
  expect(await checkStatically({ ...cuda, deviceId: 1 }, facts)).toEqual({
    adapter: 'NVIDIA L4 no. 1',
    driver: '580.95.05',
    memoryBytes: 24 * 2 ** 30,
    software: false,
  });
});

const tfjs = { ...cuda, engine: 'tfjs' } as const;

test.each<[Candidate['engine'], CudaLibraries, RegExp | null]>([
  ['compiled', 'here', null],
  ['compiled', 'npm', null],
  ['compiled', 'absent', /^run ple setup cuda --only onnxruntime$/],
  ['tfjs', 'other', /^run ple setup cuda --only tfjs$/],
])('%s on CUDA, its libraries %s', async (engine, state, mend) => {
  const found = await checkStatically({ ...cuda, engine }, fakeFacts({ cudaLibraries: () => state }));
  if (mend === null) expect(found).not.toHaveProperty('usable');
  else expect(found).toMatchObject({ usable: false, mend: expect.stringMatching(mend) });
});

test('where only the driver is missing, it says so', async () => {
  const facts = fakeFacts({ nvidiaDriver: () => null });
  expect(await checkStatically(tfjs, facts)).toMatchObject({
    reason: expect.stringMatching(/^only the NVIDIA driver is missing: TensorFlow/),
    mend: 'install the NVIDIA driver (docs/gpu.md has the version)',
  });
});

test.each<[what: string, Partial<Facts>, RegExp | undefined]>([
  ['on a system without vulkaninfo', { platform: 'darwin', gpuFiles: () => [] }, undefined],
  ['not where no tool tells', { graphicsAdapters: async () => null }, /vulkaninfo/],
  [
    'not without a GPU, for which no process is started',
    {
      gpuFiles: () => [],
      graphicsAdapters: () => {
        throw new Error('a process was started');
      },
    },
    /no GPU/,
  ],
])('auto takes WebGPU %s', async (_, changes, reason) => {
  const found = await checkHardware(fakeFacts(changes));
  if (reason) expect(found?.reason).toMatch(reason);
  else expect(found).toBeUndefined();
});
