import { type Candidate, type Unusable, unusable } from './device.js';

/** How a failed smoke step ended. */
export type Failure =
  | { readonly kind: 'failed'; readonly message: string; readonly stderr: string }
  | { readonly kind: 'late'; readonly seconds: number }
  | { readonly kind: 'ended'; readonly signal: NodeJS.Signals | null; readonly stderr: string };

const setup = 'npm run setup:cuda downloads its CUDA libraries';

/** Fixes for messages of libraries and loaders. docs/gpu.md has the versions that each needs. */
const fixes: readonly (readonly [message: RegExp, fix: string])[] = [
  [/libcuda\.so|driver version is insufficient/i, 'install a newer NVIDIA driver'],
  [/[\w.]*(providers_cuda|libtensorflow|tfjs_binding)[^\n]*/, setup],
  [/lib(cu|nv)\w+\.so[.\d]*/, 'install the CUDA and cuDNN of docs/gpu.md, and put their folders into LD_LIBRARY_PATH'],
  [/Failed to load shared library/, setup],
  [/Cannot find (module|package) '@tensorflow[^\n]*/, 'install it as docs/gpu.md says'],
  [/no kernel image/i, 'train on another device: the library has no code for this GPU'],
  [/out of memory/i, 'end what uses the memory (of a GPU, nvidia-smi lists it)'],
  [/no drivers|INCOMPATIBLE_DRIVER|WebGPU adapter/i, "install the GPU's Vulkan driver (Debian: mesa-vulkan-drivers)"],
];

/** A failed smoke step in one line: what the library or the loader prints, and the fix. */
export function explain({ device }: Candidate, failure: Failure): Unusable {
  if (failure.kind === 'late')
    return unusable(`a training step was not done within ${failure.seconds} s`, 'try again when the machine is idle');
  const killed = failure.kind === 'ended' && failure.signal === 'SIGKILL';
  if (killed)
    return unusable("a training step's process was killed", 'free memory: the system kills what takes too much');
  const printed = failure.kind === 'failed' ? `${failure.message}\n${failure.stderr}` : failure.stderr;
  const known = fixes.find(([message]) => message.test(printed));
  const lines = printed.split('\n').filter((line) => line.trim() !== '');
  const thrown = lines.find((line) => /Error\b/.test(line)); // what Node prints last is its version
  const usual = failure.kind === 'failed' ? lines[0] : (failure.signal ?? thrown ?? lines.at(-1));
  const telling = (known && lines.find((line) => known[0].test(line))) ?? usual ?? 'its process ended';
  return unusable(
    `a training step failed: ${telling.trim().slice(0, 300)}`,
    known?.[1] ??
      (device === 'cpu' ? 'npm ci reinstalls its library' : 'see docs/gpu.md, and whether its driver is new enough'),
  );
}
