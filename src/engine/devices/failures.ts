import { type Candidate, type Unusable, unusable } from './device.js';
import { setOf } from './static-checks.js';

/** How a failed smoke step ended. */
export type Failure =
  | { readonly kind: 'failed'; readonly message: string; readonly stderr: string }
  | { readonly kind: 'late'; readonly seconds: number }
  | { readonly kind: 'ended'; readonly signal: NodeJS.Signals | null; readonly stderr: string };

/** What a library or loader prints when something that is known is wrong. */
interface Known {
  readonly message: RegExp;
  /** What is wrong. Absent: the line that was printed says it. */
  readonly says?: string;
  readonly fix: string | ((candidate: Candidate) => string);
}

const setUp = ({ engine, device }: Candidate) =>
  device === 'cpu' ? 'run ple setup tensorflow' : `run ${setOf(engine).command}`;

/** The first that fits counts. docs/gpu.md has the versions that each way needs. */
const known: readonly Known[] = [
  {
    message: /CUDA_ERROR_NO_DEVICE|no CUDA-capable device|cuInit: UNKNOWN ERROR \(100\)/,
    says: 'the driver sees no GPU',
    fix: 'see whether nvidia-smi lists one; a container must be started with it (docker run --gpus all)',
  },
  {
    message: /driver version is insufficient|CUDA failure 35\b/,
    says: 'the NVIDIA driver is older than its CUDA',
    fix: 'install a newer NVIDIA driver: docs/gpu.md has the version',
  },
  {
    message:
      /unsupported display driver|does not match DSO version|Driver\/library version mismatch|CUDA failure 803\b|cuInit.*\(803\)/,
    says: "the NVIDIA driver's library and its kernel module are of different versions",
    fix: 'restart the machine: its driver was updated',
  },
  {
    message: /forward compatibility was attempted|cuInit.*\(804\)/,
    says: 'a library of cuda-compat is found instead of the NVIDIA driver',
    fix: 'take its folder out of LD_LIBRARY_PATH',
  },
  {
    message: /unsupported toolchain|UNSUPPORTED_PTX_VERSION|CUDA failure 222\b/,
    says: 'the NVIDIA driver is too old to compile its kernels for this GPU',
    fix: 'install a newer NVIDIA driver: docs/gpu.md has the version',
  },
  {
    message: /no kernel image|CUDA failure 209\b/i,
    fix: 'train with the other engine, or on another device: the library has no code for this GPU (docs/gpu.md)',
  },
  {
    message: /libcuda\.so|cuInit: UNKNOWN ERROR \(303\)|Could not find cuda drivers/i,
    says: "the NVIDIA driver's library, libcuda.so.1, is not found",
    fix: 'install the NVIDIA driver',
  },
  {
    message: /Cannot dlopen some GPU libraries[^\n]*/,
    says: 'TensorFlow does not find all of its CUDA libraries',
    fix: setUp,
  },
  { message: /lib(cu|nv)\w+\.so[.\d]*/, fix: setUp },
  { message: /[\w.]*(providers_cuda|libtensorflow|tfjs_binding)[^\n]*/, fix: setUp },
  { message: /Failed to load shared library/, fix: setUp },
  { message: /Cannot find (module|package) '@tensorflow[^\n]*/, says: 'TensorFlow is not here', fix: setUp },
  { message: /out of memory/i, fix: 'end what uses the memory (of a GPU, nvidia-smi lists it)' },
  {
    message: /no drivers|INCOMPATIBLE_DRIVER|WebGPU adapter/i,
    fix: "install the GPU's Vulkan driver (Debian: mesa-vulkan-drivers)",
  },
];

/** A failed smoke step in one line: what the library or the loader prints, and the fix. */
export function explain(candidate: Candidate, failure: Failure): Unusable {
  if (failure.kind === 'late')
    return unusable(`a training step was not done within ${failure.seconds} s`, 'try again when the machine is idle');
  const killed = failure.kind === 'ended' && failure.signal === 'SIGKILL';
  if (killed)
    return unusable("a training step's process was killed", 'free memory: the system kills what takes too much');
  const printed = failure.kind === 'failed' ? `${failure.message}\n${failure.stderr}` : failure.stderr;
  const found = known.find(({ message }) => message.test(printed));
  const lines = printed.split('\n').filter((line) => line.trim() !== '');
  const thrown = lines.find((line) => /Error\b/.test(line)); // what Node prints last is its version
  const usual = failure.kind === 'failed' ? lines[0] : (failure.signal ?? thrown ?? lines.at(-1));
  const telling = found?.says ?? lines.find((line) => found?.message.test(line)) ?? usual ?? 'its process ended';
  const fix = typeof found?.fix === 'function' ? found.fix(candidate) : found?.fix;
  return unusable(
    `a training step failed: ${shortened(telling, found?.message)}`,
    fix ??
      (candidate.device === 'cpu'
        ? 'npm ci reinstalls its library'
        : 'see docs/gpu.md, and whether its driver is new enough'),
  );
}

const longestLine = 300;

/** Of a long line, the part that tells: ONNX Runtime begins with the names of its own functions. */
function shortened(line: string, message: RegExp | undefined): string {
  const from = line.length > longestLine ? (message?.exec(line)?.index ?? 0) : 0;
  return line.slice(from).trim().slice(0, longestLine);
}
