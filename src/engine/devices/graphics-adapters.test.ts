import { expect, test } from 'vitest';
import { adaptersOfVulkan, preferred } from './graphics-adapters.js';

test('adapters of vulkaninfo', () => {
  const text = `==========
VULKANINFO
==========

Instance Layers: count = 1
--------------------------
VK_LAYER_MESA_device_select Linux device selection layer 1.4.303  version 1

Devices:
========
GPU0:
\tapiVersion         = 1.4.305
\tdeviceType         = PHYSICAL_DEVICE_TYPE_CPU
\tdeviceName         = llvmpipe (LLVM 19.1.7, 256 bits)
\tdriverName         = llvmpipe
\tdriverInfo         = Mesa 25.0.7 (LLVM 19.1.7)
GPU1:
\tapiVersion         = 1.3.277
\tdeviceType         = PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU
\tdeviceName         = Intel(R) UHD Graphics 770
\tdriverName         = Intel open-source Mesa driver
\tdriverInfo         = Mesa 25.0.7
GPU2:
\tdeviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
\tdeviceName         = NVIDIA GeForce RTX 3090
`;
  const [first, second, third] = adaptersOfVulkan(text) ?? [];
  expect(first).toEqual({
    name: 'llvmpipe (LLVM 19.1.7, 256 bits)',
    driver: 'llvmpipe Mesa 25.0.7 (LLVM 19.1.7)',
    memoryBytes: null,
    software: true,
    integrated: false,
  });
  expect(second).toMatchObject({ name: 'Intel(R) UHD Graphics 770', software: false, integrated: true });
  expect(third).toMatchObject({ name: 'NVIDIA GeForce RTX 3090', driver: null, software: false, integrated: false });
  expect(preferred([first, second, third].flatMap((one) => one ?? []))).toBe(third);
  expect(adaptersOfVulkan('Cannot create Vulkan instance.')).toBeNull(); // not a list: nothing is known
});
