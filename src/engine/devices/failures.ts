import { type Candidate, type Unusable, unusable } from './device.js';
import { librarySet } from './static-checks.js';

/** How a failed smoke step ended. */
export type Failure =
  | { readonly kind: 'failed'; readonly message: string; readonly stderr: string }
  | { readonly kind: 'late'; readonly seconds: number }
  | { readonly kind: 'ended'; readonly signal: NodeJS.Signals | null; readonly stderr: string };

/** What tells among the many lines of a library, the most telling first. docs/gpu.md has the cause and the fix of each. */
const telling: readonly RegExp[] = [
  /CUDA_ERROR_\w+.*/,
  /CUDA failure \d+.*/,
  /cuInit: .*/,
  /kernel version .* does not match DSO version.*/,
  /libcuda\.so.*/,
  /out of memory.*/i,
  /Cannot dlopen some GPU libraries.*/,
  /lib(cu|nv)\w+\.so.*/,
  /[\w.]*(providers_cuda|libtensorflow|tfjs_binding).*/,
  /Cannot find (module|package) '@tensorflow.*/,
  /[\w ]*WebGPU adapter.*/,
];

/** A library of `ple setup` is missing. */
const isSetUp = /Cannot dlopen|lib(cu|nv)(?!da\.so)\w+\.so|providers_cuda|libtensorflow|tfjs_binding|@tensorflow/;

/** A failed smoke step in one line: what the library or the loader prints, and where the fix stands. */
export function explain({ engine, device }: Candidate, failure: Failure): Unusable {
  if (failure.kind === 'late')
    return unusable(`a training step was not done within ${failure.seconds} s`, 'try again when the machine is idle');
  if (failure.kind === 'ended' && failure.signal === 'SIGKILL')
    return unusable("a training step's process was killed", 'free memory: the system kills what takes too much');
  const printed = failure.kind === 'failed' ? `${failure.message}\n${failure.stderr}` : failure.stderr;
  const lines = printed.split('\n').filter((line) => line.trim() !== '');
  const thrown = lines.find((line) => /Error\b/.test(line)); // what Node prints last is its version
  const usual = failure.kind === 'failed' ? lines[0] : (failure.signal ?? thrown ?? lines.at(-1));
  const found = telling.map((message) => message.exec(printed)?.[0]).find((text) => text !== undefined);
  const reason = (found ?? usual ?? 'its process ended').trim().slice(0, longestReason);
  const setUp = device === 'cpu' ? 'ple setup tensorflow' : librarySet(engine).command;
  const isMissing = found !== undefined && isSetUp.test(found);
  const fix = isMissing ? `run ${setUp}` : 'look it up in docs/gpu.md (When a device fails)';
  return unusable(
    `a training step failed: ${reason}`,
    device === 'cpu' && !isMissing ? 'npm ci reinstalls its library' : fix,
  );
}

const longestReason = 300;
