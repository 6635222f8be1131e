import { expect, test } from 'vitest';
import { driverVersion, parseGpus, visibleGpus } from './facts.js';

const text = `0, GPU-aaaa, 24564, 550.54.14, NVIDIA GeForce RTX 4090
1, GPU-bbbb, 81559, 550.54.14, NVIDIA H100 80GB HBM3
2, GPU-cccc, [N/A], 550.54.14, NVIDIA Thing, with a comma
`;

test('GPUs of nvidia-smi, with memory in bytes', () => {
  expect(parseGpus(text)).toEqual([
    {
      index: 0,
      uuid: 'GPU-aaaa',
      name: 'NVIDIA GeForce RTX 4090',
      memoryBytes: 24564 * 1024 * 1024,
      driver: '550.54.14',
    },
    expect.objectContaining({ index: 1, name: 'NVIDIA H100 80GB HBM3' }),
    expect.objectContaining({ index: 2, name: 'NVIDIA Thing, with a comma', memoryBytes: null }),
  ]);
  expect(parseGpus('\n')).toEqual([]);
  expect(parseGpus('NVIDIA-SMI has failed because …\n')).toBeNull(); // not a list: nothing is known
});

test.each([
  [undefined, [0, 1, 2]],
  ['GPU-bb', [1]],
  ['1,7,0', [1]],
])('CUDA_VISIBLE_DEVICES=%s leaves the GPUs %j, in the order of CUDA’s ids', (visible, indices) => {
  expect(visibleGpus(parseGpus(text) ?? [], visible).map(({ index }) => index)).toEqual(indices);
});

test('the driver’s version, of both kinds of module', () => {
  const closed =
    'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\nGCC version:  gcc 12.3.0';
  const open = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build  (dvs-builder@U16)';
  expect(driverVersion(closed)).toBe('535.183.01');
  expect(driverVersion(open)).toBe('550.54.14');
  expect(driverVersion('')).toBe('version unknown');
});
