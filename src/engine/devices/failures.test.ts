import { expect, test } from 'vitest';
import type { Candidate } from './device.js';
import { explain } from './failures.js';

const compiled: Candidate = { engine: 'compiled', device: 'cuda' };
const tfjs: Candidate = { engine: 'tfjs', device: 'cuda' };
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };

/** As ONNX Runtime 1.30 prints it, in red, when its CUDA library lacks one that it is linked with. */
const notLoaded = (library: string) =>
  '\u001b[1;31m2026-01-01 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] [ONNXRuntimeError] : 1 : FAIL : ' +
  `Failed to load library /p/bin/libonnxruntime_providers_cuda.so with error: ${library}: cannot open shared object file: ` +
  'No such file or directory\n\u001b[m';
const generic = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';
const tensorflow = (library: string) =>
  `2026-01-01: W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library '${library}'; ` +
  `dlerror: ${library}: cannot open shared object file: No such file or directory`;

test.each<[what: string, Candidate, message: string, stderr: string, reason: RegExp, mend: RegExp]>([
  [
    'cuDNN',
    compiled,
    generic,
    notLoaded('libcudnn.so.9'),
    /^the library libcudnn\.so\.9 was not found, which is part of cuDNN 9$/,
    /^install cuDNN 9 .*LD_LIBRARY_PATH$/,
  ],
  ['CUDA', compiled, generic, notLoaded('libcublasLt.so.12'), /libcublasLt\.so\.12 .* CUDA 12$/, /install CUDA 12/],
  ['the driver’s library', compiled, generic, notLoaded('libcuda.so.1'), /driver's libcuda\.so\.1/, /NVIDIA driver/],
  [
    'a half installation',
    compiled,
    generic,
    notLoaded('/p/bin/libonnxruntime_providers_shared.so'),
    /libonnxruntime_providers_shared\.so was not found$/,
    /setup:cuda -- --only onnxruntime/,
  ],
  [
    'TensorFlow’s CUDA',
    tfjs,
    'it found no GPU',
    tensorflow('libcudart.so.11.0'),
    /libcudart\.so\.11\.0 .* CUDA 11\.2$/,
    /install CUDA 11\.2/,
  ],
  [
    'TensorFlow’s cuDNN',
    tfjs,
    'it found no GPU',
    tensorflow('libcudnn.so.8'),
    /libcudnn\.so\.8 .* cuDNN 8\.1$/,
    /install cuDNN 8\.1/,
  ],
  [
    'TensorFlow itself',
    tfjs,
    'libtensorflow.so.2: cannot open shared object file: No such file',
    '',
    /libtensorflow\.so\.2 was not found$/,
    /setup:cuda -- --only tfjs/,
  ],
  [
    'a GPU that TensorFlow can use',
    tfjs,
    '@tensorflow/tfjs-node-gpu found no GPU that it can use',
    '',
    /no GPU that it can use/,
    /CUDA 11\.2 and cuDNN 8\.1/,
  ],
  [
    'a new driver',
    compiled,
    'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version',
    '',
    /too old for CUDA 12/,
    /newer/,
  ],
  [
    'a GPU',
    compiled,
    'CUDA failure 100: no CUDA-capable device is detected',
    '',
    /sees no GPU/,
    /CUDA_VISIBLE_DEVICES/,
  ],
  [
    'a GPU of the id',
    compiled,
    'CUDA failure 101: invalid device ordinal ; GPU=3',
    '',
    /with this id/,
    /engine\.deviceId/,
  ],
  [
    'code for the GPU',
    tfjs,
    'CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image is available for execution',
    '',
    /no code for this GPU/,
    /engine\.name=compiled/,
  ],
  ['memory', compiled, 'CUDA failure 2: out of memory ; GPU=0', '', /memory is taken/, /nvidia-smi/],
  [
    'a Vulkan driver',
    webgpu,
    'Failed to get a WebGPU adapter: No supported adapters',
    'Warning: vkCreateInstance: Found no drivers!',
    /no Vulkan driver/,
    /mesa/,
  ],
  [
    'an adapter',
    webgpu,
    'Failed to get a WebGPU adapter: No supported adapters',
    '',
    /no adapter that it can use/,
    /update/,
  ],
  [
    'a whole library of ONNX Runtime',
    compiled,
    generic,
    'Failed to load library /p/bin/libonnxruntime_providers_shared.so with error: /p/bin/libonnxruntime_providers_shared.so: file too short',
    /^its library libonnxruntime_providers_shared\.so cannot be loaded \(file too short\)$/,
    /^npm ci && npm run setup:cuda -- --only onnxruntime$/,
  ],
  [
    'a library of this version',
    compiled,
    generic,
    'error: /p/bin/libonnxruntime_providers_shared.so: undefined symbol: Provider_SetHost',
    /cannot be loaded \(undefined symbol: Provider_SetHost\)$/,
    /--only onnxruntime/,
  ],
  [
    'a whole library of tfjs',
    tfjs,
    '/p/lib/napi-v8/tfjs_binding.node: invalid ELF header',
    '',
    /^its library tfjs_binding\.node cannot be loaded \(invalid ELF header\)$/,
    /^npm ci && .* --only tfjs$/,
  ],
  [
    'a module of Node',
    { engine: 'tfjs', device: 'cpu' },
    "Module did not self-register: '/p/lib/napi-v8/tfjs_binding.node'.",
    '',
    /^its library cannot be loaded \(Module did not self-register\)$/,
    /npm ci/,
  ],
])('without %s', (_, candidate, message, stderr, reason, mend) => {
  const found = explain(candidate, { kind: 'failed', message, stderr }, { platform: 'linux' });
  expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(mend) });
});

test('of Windows, whose loader does not name what it misses, says so much', () => {
  const failure = {
    kind: 'failed',
    message: 'LoadLibrary failed with error 126 "" when trying to load …',
    stderr: '',
  } as const;
  expect(explain(compiled, failure, { platform: 'win32' }).reason).toBe(
    'a library of CUDA 12 or cuDNN 9 was not found',
  );
});

test('what is not known is passed on in one line', () => {
  const failure = {
    kind: 'failed',
    message: 'something else\n    at somewhere (file.js:1)',
    stderr: 'chatter',
  } as const;
  expect(explain(compiled, failure, { platform: 'linux' }).reason).toBe('a training step failed: something else');
  for (const [ended, reason] of [
    [{ signal: 'SIGSEGV', stderr: 'first\nlast' }, 'a training step failed: its process was ended by SIGSEGV'],
    [{ signal: null, stderr: 'first\nlast\n' }, 'a training step failed: its process ended: last'],
  ] as const) {
    expect(explain(webgpu, { kind: 'ended', ...ended }, { platform: 'linux' }).reason).toBe(reason);
  }
  expect(explain(webgpu, { kind: 'late', seconds: 7 }, { platform: 'linux' }).reason).toContain('within 7 s');
});

test.each<['SIGKILL' | 'SIGABRT', stderr: string, reason: RegExp, mend: RegExp]>([
  ['SIGKILL', '', /process was killed/, /^free memory/],
  [
    'SIGABRT',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    /memory/,
    /NODE_OPTIONS/,
  ],
])('memory that is short, by %s: no driver is to blame', (signal, stderr, reason, mend) => {
  const found = explain(
    { engine: 'compiled', device: 'cpu' },
    { kind: 'ended', signal, stderr },
    { platform: 'linux' },
  );
  expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(mend) });
});
