import { expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { explain } from './failures.js';

const cuda: Candidate = { engine: 'compiled', device: 'cuda' };
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
const generic = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';

const tfjs: Candidate = { engine: 'tfjs', device: 'cuda' };
const noGpu = 'TensorFlow found no GPU that it can use';
const cudaCall = `/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 ${'std::conditional_t '.repeat(20)}`;

const setUp = (only: string) => new RegExp(`^run ple setup cuda --only ${only}$`);
const table = /^look it up in docs\/gpu\.md/;

test.each<[what: string, Candidate, message: string, stderr: string, reason: RegExp, fix: RegExp]>([
  [
    'cuDNN',
    cuda,
    generic,
    'chatter\nFailed to load library: libcudnn.so.9: cannot open shared object file: No such file or directory',
    /failed: libcudnn\.so\.9: cannot open/,
    setUp('onnxruntime'),
  ],
  [
    'the CUDA library of ONNX Runtime',
    cuda,
    generic,
    'Failed to load library libonnxruntime_providers_cuda.so with error: cannot open',
    /libonnxruntime_providers_cuda\.so/,
    setUp('onnxruntime'),
  ],
  [
    'TensorFlow’s CUDA',
    tfjs,
    noGpu,
    'W0000 gpu_device.cc:2344] Cannot dlopen some GPU libraries. Please make sure\nSkipping registering GPU devices...',
    /failed: Cannot dlopen some GPU libraries/,
    setUp('tfjs'),
  ],
  [
    'TensorFlow',
    { engine: 'tfjs', device: 'cpu' },
    "Cannot find module '@tensorflow/tfjs-node'",
    '',
    /@tensorflow/,
    /^run ple setup tensorflow$/,
  ],
  [
    'a driver',
    cuda,
    generic,
    'Failed to load library /native/libonnxruntime_providers_cuda.so with error: libcuda.so.1: cannot open shared object file',
    /failed: libcuda\.so\.1: cannot open/,
    table,
  ],
  [
    'a GPU',
    tfjs,
    noGpu,
    'E cuda_fft.cc:477] Unable to register cuFFT factory\nE cuda_driver.cc:152] failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected',
    /failed: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected$/,
    table,
  ],
  [
    'a new driver',
    cuda,
    `${cudaCall}CUDA failure 35: CUDA driver version is insufficient`,
    '',
    /failed: CUDA failure 35: CUDA driver/,
    table,
  ],
  [
    'a driver of one version',
    tfjs,
    noGpu,
    'kernel version 535.1 does not match DSO version 550.2',
    /does not match DSO version 550\.2$/,
    table,
  ],
  [
    'a Vulkan driver',
    webgpu,
    'Failed to get a WebGPU adapter: No supported adapters',
    'Warning: vkCreateInstance: Found no drivers!',
    /failed: Failed to get a WebGPU adapter/,
    table,
  ],
])('without %s, the library’s message and the fix', (_, candidate, message, stderr, reason, fix) => {
  const found = explain(candidate, { kind: 'failed', message, stderr });
  expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(fix) });
  expect(found.reason).not.toContain('\n');
});

test('what is not known is passed on in one line', () => {
  const failure = {
    kind: 'failed',
    message: 'something else\n    at somewhere (file.js:1)',
    stderr: 'chatter',
  } as const;
  expect(explain(cuda, failure).reason).toBe('a training step failed: something else');
  for (const [ended, reason] of [
    [{ signal: 'SIGSEGV', stderr: 'first\nlast' }, 'a training step failed: SIGSEGV'],
    [{ signal: 'SIGKILL', stderr: '' }, "a training step's process was killed"],
    [{ signal: null, stderr: 'first\nlast\n' }, 'a training step failed: last'],
  ] as const)
    expect(explain(webgpu, { kind: 'ended', ...ended }).reason).toBe(reason);
  expect(explain(webgpu, { kind: 'late', seconds: 7 }).reason).toContain('within 7 s');
});
