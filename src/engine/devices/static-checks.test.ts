import { expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { factsOf, gpuOf } from './facts.fixture.js';
import type { CudaLibraries, Facts } from './facts.js';
import { checkHardware, checkStatically } from './static-checks.js';

const cuda: Candidate = { engine: 'compiled', device: 'cuda' };

test.each<[what: string, Candidate, Partial<Facts>, reason: RegExp]>([
  ['the GPU of this id', { ...cuda, deviceId: 1 }, {}, /sees 1 GPU, and none with the id 1$/],
  ['an engine for WebGPU', { engine: 'tfjs', device: 'webgpu' }, {}, /no WebGPU/],
])('a machine without %s', async (_, candidate, changes, reason) => {
  const found = await checkStatically(candidate, factsOf(changes));
  expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(/./) });
});

test('of CUDA, the GPU of the id, with driver and memory', async () => {
  const facts = factsOf({ nvidiaGpus: async () => [gpuOf(0), gpuOf(1)] });
  expect(await checkStatically({ ...cuda, deviceId: 1 }, facts)).toEqual({
    adapter: 'NVIDIA L4 no. 1',
    driver: '580.95.05',
    memoryBytes: 24 * 2 ** 30,
    software: false,
  });
});

const [old, recent] = ['550.54.14', '580.95.05'];
const tfjs = { ...cuda, engine: 'tfjs' } as const;

test.each<
  [Candidate['engine'], driver: string, capability: number | null, state: CudaLibraries, RegExp | null, RegExp]
>([
  ['compiled', recent, 9, 'here', null, /./],
  ['compiled', recent, null, 'here', null, /./],
  ['compiled', 'version unknown', 9, 'here', null, /./],
  // CUDA 13 wants a newer driver than CUDA 12.5, which works on this one.
  [
    'compiled',
    old,
    8.9,
    'here',
    /needs driver 580\.65\.06 or later, and this one is 550\.54\.14$/,
    /580\.65\.06 or later, or train with engine\.name=tfjs.*: ple setup cuda --only tfjs$/,
  ],
  ['compiled', old, 8.9, 'absent', /needs driver 580/, /engine\.name=tfjs/],
  ['compiled', old, 8.9, 'npm', null, /./],
  ['compiled', recent, 8.9, 'absent', /are not here$/, /^run ple setup cuda --only onnxruntime$/],
  ['compiled', recent, 8.9, 'other', /another version of ple$/, /^run ple setup cuda --only onnxruntime$/],
  [
    'compiled',
    recent,
    7,
    'here',
    /no kernels for a GPU of compute capability 7\.0$/,
    /^use another GPU, or train with engine\.name=tfjs/,
  ],
  ['tfjs', old, 8.9, 'here', null, /./],
  // Its kernels for Hopper are compiled by the driver, which must be that of CUDA 12.5.
  ['tfjs', old, 9, 'here', /needs driver 555\.42\.02/, /^install driver 555\.42\.02 or later$/],
  ['tfjs', '535.183.01', 12, 'here', /needs driver 555/, /^install driver 555\.42\.02 or later$/],
  ['tfjs', '470.1', null, 'here', /needs driver 525\.60\.13/, /^install driver 525\.60\.13 or later$/],
])(
  '%s with driver %s on a GPU of capability %s, its libraries %s',
  async (engine, driver, capability, state, reason, mend) => {
    const gpus = capability === null ? null : [{ ...gpuOf(0), capability }];
    const facts = factsOf({ nvidiaDriver: () => driver, nvidiaGpus: async () => gpus, cudaLibraries: () => state });
    const found = await checkStatically({ ...cuda, engine }, facts);
    if (reason === null) expect(found).not.toHaveProperty('usable');
    else
      expect(found).toEqual({
        usable: false,
        reason: expect.stringMatching(reason),
        mend: expect.stringMatching(mend),
      });
  },
);

test('where only the driver is missing, it says so', async () => {
  const facts = factsOf({ nvidiaDriver: () => null });
  expect(await checkStatically(tfjs, facts)).toMatchObject({
    reason: expect.stringMatching(/^only the NVIDIA driver is missing: TensorFlow/),
    mend: 'install the NVIDIA driver, 525.60.13 or later',
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
  const found = await checkHardware(factsOf(changes));
  if (reason) expect(found?.reason).toMatch(reason);
  else expect(found).toBeUndefined();
});
