import { expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { explain } from './failures.js';

const cuda: Candidate = { engine: 'compiled', device: 'cuda' };
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
const generic = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';

test.each<[what: string, Candidate, message: string, stderr: string, reason: RegExp, fix: RegExp]>([
  [
    'cuDNN',
    cuda,
    generic,
    'chatter\nFailed to load library: libcudnn.so.9: cannot open shared object file: No such file or directory',
    /libcudnn\.so\.9: cannot open/,
    /LD_LIBRARY_PATH$/,
  ],
  [
    'the CUDA library of ONNX Runtime',
    cuda,
    generic,
    'Failed to load library libonnxruntime_providers_cuda.so with error: libonnxruntime_providers_cuda.so: cannot open',
    /libonnxruntime_providers_cuda\.so/,
    /setup:cuda/,
  ],
  [
    'TensorFlow’s CUDA',
    { engine: 'tfjs', device: 'cuda' },
    '@tensorflow/tfjs-node-gpu found no GPU that it can use',
    "Could not load dynamic library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open shared object file",
    /libcudart\.so\.11\.0/,
    /LD_LIBRARY_PATH$/,
  ],
  ['a new driver', cuda, 'CUDA failure 35: CUDA driver version is insufficient', '', /insufficient/, /newer NVIDIA/],
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
