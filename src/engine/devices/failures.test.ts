import { expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { explain } from './failures.js';

const cuda: Candidate = { engine: 'compiled', device: 'cuda' };
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
const generic = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';

const tfjs: Candidate = { engine: 'tfjs', device: 'cuda' };
const noGpu = 'TensorFlow found no GPU that it can use';
const cudaCall = `/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 ${'std::conditional_t '.repeat(20)}`;

test.each<[what: string, Candidate, message: string, stderr: string, reason: RegExp, fix: RegExp]>([
  [
    'cuDNN',
    cuda,
    generic,
    'chatter\nFailed to load library: libcudnn.so.9: cannot open shared object file: No such file or directory',
    /libcudnn\.so\.9: cannot open/,
    /^run ple setup cuda --only onnxruntime$/,
  ],
  [
    'the CUDA library of ONNX Runtime',
    cuda,
    generic,
    'Failed to load library libonnxruntime_providers_cuda.so with error: libonnxruntime_providers_cuda.so: cannot open',
    /libonnxruntime_providers_cuda\.so/,
    /^run ple setup cuda --only onnxruntime$/,
  ],
  [
    'TensorFlow’s CUDA',
    tfjs,
    noGpu,
    'W0000 gpu_device.cc:2344] Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed properly if you would like to use GPU.\nSkipping registering GPU devices...',
    /TensorFlow does not find all of its CUDA libraries$/,
    /^run ple setup cuda --only tfjs$/,
  ],
  [
    'TensorFlow',
    { engine: 'tfjs', device: 'cpu' },
    "Cannot find module '@tensorflow/tfjs-node'",
    '',
    /not here$/,
    /^run ple setup tensorflow$/,
  ],
  [
    'a driver',
    cuda,
    generic,
    'Failed to load library /native/libonnxruntime_providers_cuda.so with error: libcuda.so.1: cannot open shared object file',
    /libcuda\.so\.1, is not found$/,
    /^install the NVIDIA driver$/,
  ],
  [
    'a driver',
    tfjs,
    noGpu,
    'failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)',
    /is not found$/,
    /^install the NVIDIA driver$/,
  ],
  [
    'a GPU',
    tfjs,
    noGpu,
    'E cuda_fft.cc:477] Unable to register cuFFT factory\nE cuda_driver.cc:152] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected',
    /the driver sees no GPU$/,
    /nvidia-smi/,
  ],
  [
    'a GPU',
    cuda,
    `${cudaCall}CUDA failure 100: no CUDA-capable device is detected ; GPU=-1`,
    '',
    /the driver sees no GPU$/,
    /--gpus all/,
  ],
  [
    'a new driver',
    cuda,
    `${cudaCall}CUDA failure 35: CUDA driver version is insufficient`,
    '',
    /driver is older/,
    /newer NVIDIA/,
  ],
  [
    'a driver for its PTX',
    tfjs,
    'CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX was compiled with an unsupported toolchain.',
    '',
    /too old to compile/,
    /newer NVIDIA/,
  ],
  [
    'a driver of one version',
    tfjs,
    noGpu,
    'kernel version 535.1 does not match DSO version 550.2',
    /different versions$/,
    /restart/,
  ],
  [
    'kernels for the GPU',
    cuda,
    `${cudaCall}CUDA failure 209: no kernel image is available for execution on the device`,
    '',
    /no kernel image/,
    /other engine/,
  ],
  ['memory', cuda, 'CUDA failure 2: out of memory ; GPU=0', '', /out of memory/, /nvidia-smi/],
  [
    'a Vulkan driver',
    webgpu,
    'Failed to get a WebGPU adapter: No supported adapters',
    'Warning: vkCreateInstance: Found no drivers!',
    /WebGPU adapter/,
    /mesa/,
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
