import { type Candidate, type Unusable, unusable } from './device.js';
import type { Facts } from './facts.js';
import { noVulkanDriver } from './static-checks.js';

/** How a failed smoke step ended. */
export type Failure =
  | { readonly kind: 'failed'; readonly message: string; readonly stderr: string }
  | { readonly kind: 'late'; readonly seconds: number }
  | { readonly kind: 'ended'; readonly signal: NodeJS.Signals | null; readonly stderr: string };

/** The CUDA and cuDNN versions that an engine's library is built for. */
export const cudaNeeds = {
  compiled: { cuda: 'CUDA 12', cudnn: 'cuDNN 9' },
  tfjs: { cuda: 'CUDA 11.2', cudnn: 'cuDNN 8.1' },
} as const;

/** Explains a failed smoke step in one line, from the messages of the library and of the loader on stderr. */
export function explain(candidate: Candidate, failure: Failure, facts: Pick<Facts, 'platform'>): Unusable {
  if (failure.kind === 'late') {
    return unusable(`a training step was not done within ${failure.seconds} s`, 'try again when the machine is idle');
  }
  const said = failure.kind === 'failed' ? `${failure.message}\n${failure.stderr}` : failure.stderr;
  const known =
    explainMemory(failure) ??
    (candidate.device === 'cuda' ? explainCuda(candidate, said, facts) : explainWebgpu(candidate, said)) ??
    explainDamage(candidate, said);
  if (known) return known;
  const how =
    failure.kind === 'failed'
      ? firstLine(failure.message)
      : failure.signal
        ? `its process was ended by ${failure.signal}`
        : `its process ended${lastLine(said)}`;
  const mend = candidate.device === 'cpu' ? 'npm ci reinstalls its library' : 'see whether its driver is new enough';
  return unusable(`a training step failed: ${how}`, mend);
}

function explainMemory(failure: Failure): Unusable | undefined {
  if (failure.kind !== 'ended') return undefined;
  if (/JavaScript heap out of memory/.test(failure.stderr)) {
    const mend = 'allow Node more (--max-old-space-size in NODE_OPTIONS says how many MB)';
    return unusable("a training step's process had no memory left in JavaScript", mend);
  }
  if (failure.signal !== 'SIGKILL') return undefined;
  return unusable(
    "a training step's process was killed, as the system does when memory is short",
    'free memory, or ask whoever killed it',
  );
}

/** A broken download, or a library of another version or machine. */
function explainDamage({ engine, device }: Candidate, said: string): Unusable | undefined {
  const damage =
    /([\w.+-]+\.(?:so[.\d]*|node)): (file too short|invalid ELF header|undefined symbol: \w+)/.exec(said) ??
    /()(Module did not self-register|Failed to load shared library|native addon module .* can not be found)/.exec(said);
  if (!damage) return undefined;
  const [, file = '', what = ''] = damage;
  const only = engine === 'compiled' ? 'onnxruntime' : 'tfjs';
  return unusable(
    `its library ${file === '' ? '' : `${file} `}cannot be loaded (${what})`,
    device === 'cuda' ? `npm ci && npm run setup:cuda -- --only ${only}` : 'reinstall its package (npm ci)',
  );
}

function explainCuda({ engine }: Candidate, said: string, { platform }: Pick<Facts, 'platform'>): Unusable | undefined {
  const { cuda, cudnn } = cudaNeeds[engine];
  const missing = missingLibrary(said);
  if (missing !== undefined) {
    const needed = /cudnn/i.test(missing) ? cudnn : cuda;
    const where = 'and put its folder into LD_LIBRARY_PATH';
    if (/^libcuda\.so/.test(missing))
      return unusable(`the driver's ${missing} was not found`, 'install the NVIDIA driver');
    if (/providers|tensorflow/.test(missing)) {
      const only = engine === 'compiled' ? 'onnxruntime' : 'tfjs';
      return unusable(`the library ${missing} was not found`, `npm run setup:cuda -- --only ${only}`);
    }
    return unusable(`the library ${missing} was not found, which is part of ${needed}`, `install ${needed} ${where}`);
  }
  if (/error (code )?126\b/.test(said) && platform === 'win32') {
    return unusable(`a library of ${cuda} or ${cudnn} was not found`, 'install both, and put their folders into PATH');
  }
  if (/driver version is insufficient|CUDA failure 35\b/i.test(said)) {
    return unusable(`the NVIDIA driver is too old for ${cuda}`, 'install a newer NVIDIA driver');
  }
  if (/no CUDA-capable device|CUDA failure 100\b/i.test(said)) {
    return unusable('CUDA sees no GPU', 'see what nvidia-smi and CUDA_VISIBLE_DEVICES say');
  }
  if (/invalid device ordinal|CUDA failure 101\b/i.test(said)) {
    return unusable('there is no GPU with this id', 'say engine.deviceId as nvidia-smi counts');
  }
  if (/no kernel image|CUDA failure 209\b/i.test(said)) {
    const other = engine === 'tfjs' ? 'say engine.name=compiled, whose libraries are newer' : 'train on another device';
    return unusable('its library has no code for this GPU', other);
  }
  if (/out of memory|CUDA failure 2\b/i.test(said)) {
    return unusable("the GPU's memory is taken", 'end what uses it (nvidia-smi lists it)');
  }
  if (/found no GPU that it can use/.test(said)) {
    return unusable(
      'TensorFlow found no GPU that it can use',
      `it needs ${cuda} and ${cudnn}; see what nvidia-smi says`,
    );
  }
  return undefined;
}

function explainWebgpu({ device }: Candidate, said: string): Unusable | undefined {
  if (device !== 'webgpu') return undefined;
  if (/Found no drivers|VK_ERROR_INCOMPATIBLE_DRIVER/.test(said)) return noVulkanDriver;
  if (/No supported adapters|Failed to get a WebGPU adapter/.test(said)) {
    return unusable('WebGPU found no adapter that it can use', "update the GPU's driver");
  }
  return undefined;
}

/** The first library that a loader did not find. The message may also name the library that needs it. */
function missingLibrary(said: string): string | undefined {
  const patterns = [
    /Could not load dynamic library '([^']+)'/, // TensorFlow
    /([\w.+-]+\.so[.\d]*): cannot open shared object file/, // Linux loader
    /Library not loaded: (?:\S*\/)?([\w.+-]+)/, // macOS loader
  ];
  for (const pattern of patterns) {
    const name = pattern.exec(said)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 300) ?? '';
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return line === '' ? '' : `: ${line}`;
}
