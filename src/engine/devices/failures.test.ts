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
  [
    'TensorFlow’s CUDA',
    tfjs,
    'it found no GPU',
    tensorflow('libcudart.so.11.0'),
    /libcudart\.so\.11\.0 .* CUDA 11\.2$/,
    /install CUDA 11\.2/,
  ],
  [
    'a new driver',
    compiled,
    'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version',
    '',
    /too old for CUDA 12/,
    /newer/,
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
    'a whole library of ONNX Runtime',
    compiled,
    generic,
    'Failed to load library /p/bin/libonnxruntime_providers_shared.so with error: /p/bin/libonnxruntime_providers_shared.so: file too short',
    /^its library libonnxruntime_providers_shared\.so cannot be loaded \(file too short\)$/,
    /^npm ci && npm run setup:cuda -- --only onnxruntime$/,
  ],
])('without %s', (_, candidate, message, stderr, reason, mend) => {
  const found = explain(candidate, { kind: 'failed', message, stderr }, { platform: 'linux' });
  expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(mend) });
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
])('memory that is short, by %s: no driver is to blame', (signal, stderr, reason, mend) => {
  const found = explain(
    { engine: 'compiled', device: 'cpu' },
    { kind: 'ended', signal, stderr },
    { platform: 'linux' },
  );
  expect(found).toEqual({ usable: false, reason: expect.stringMatching(reason), mend: expect.stringMatching(mend) });
});
