import { type ChildProcess, execFile, fork } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { DeviceName } from '../../config/device-names.js';
import { ConfigError, Interrupted } from '../../support/errors.js';
import type { Engine } from '../engine.js';
import { createCompiledEngine } from '../run/compiled-engine.js';
import { nativeBackend, pureJs } from '../tfjs/backends.js';
import { createTfjsEngine } from '../tfjs/tfjs-engine.js';

/** A way to train: an engine on a device. */
export interface Candidate {
  readonly engine: 'compiled' | 'tfjs';
  readonly device: 'cpu' | 'cuda' | 'webgpu';
  /** GPU index, if CUDA sees several; default 0. */
  readonly deviceId?: number | undefined;
  /** tfjs on the CPU: the backend in plain JavaScript, not TensorFlow's library. */
  readonly pureJs?: boolean | undefined;
}

export interface EngineResources {
  /** Default: all cores. */
  readonly threads?: number | undefined;
  /** False lets waiting threads sleep. Use it for several processes on one machine. */
  readonly spinning?: boolean | undefined;
}

/** The `engine` part of a config. */
export interface EngineChoice extends EngineResources {
  readonly name: Candidate['engine'];
  readonly device: DeviceName;
  /** GPU index, for device cuda. */
  readonly deviceId?: number | undefined;
  /** The library of the tfjs engine; default: TensorFlow. */
  readonly library?: 'tensorflow' | 'javascript' | undefined;
}

/** The result of a choice as plain data. Another process can open it without trying devices again. */
export interface ChosenDevice extends EngineResources {
  readonly candidate: Candidate;
  readonly adapter: Adapter;
  /** The reason, on one line. */
  readonly why: string;
}

export interface DeviceChoice {
  readonly chosen: ChosenDevice;
  /** Notes for the user: which device `auto` takes and which it leaves out, or that the device is slow. */
  readonly notes: readonly string[];
}

/** The hardware of a candidate. Null: unknown. */
export interface Adapter {
  /** Its name; of an NVIDIA GPU also memory and driver. */
  readonly adapter: string | null;
  /** A GPU emulated on the CPU. */
  readonly software: boolean | null;
}

/** What a few training steps came to. */
export type Attempt =
  | { readonly kind: 'trained'; readonly smoke: Smoke }
  | {
      readonly kind: 'failed';
      /** One line without a full stop: the library's error, or how the process ended. */
      readonly reason: string;
      /** The last lines that the library printed. */
      readonly printed: readonly string[];
    };

interface Smoke {
  readonly stepMilliseconds: number;
  /** Largest difference from the same steps in plain JavaScript, over losses and state. */
  readonly largestDifference: number;
}

/** What devices are found by. Tests replace it. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Linux: the device files of GPUs. Looking at them starts no process. */
  gpuFiles(): readonly string[];
  /** What a tool of the system prints. Null: it is not here, failed, or did not end. */
  ask(tool: string, ...words: readonly string[]): Promise<string | null>;
  /** Trains a few steps in a child process. */
  attempt(candidate: Candidate): Promise<Attempt>;
}

/**
 * Finds the device of a choice. `auto` takes the first of CUDA, WebGPU on a GPU, and the CPU that trains. A device that is
 * named must train: there is no fallback.
 * @throws ConfigError: one line with what the library says, and where the fix stands.
 */
export async function chooseDevice(choice: EngineChoice, machine: Machine = thisMachine()): Promise<DeviceChoice> {
  const { name, device, deviceId, library, threads, spinning } = choice;
  const most = 4 * availableParallelism();
  if (threads !== undefined && threads > most)
    throw new ConfigError(
      `engine.threads: ${threads} is more than four times this machine's cores; say ${most} or fewer.`,
    );
  const take = async (candidate: Candidate, why: string, ...notes: string[]): Promise<DeviceChoice> => {
    return { chosen: { candidate, adapter: await adapterOf(candidate, machine), why, threads, spinning }, notes };
  };
  if (library === 'javascript')
    return take(javascript, 'asked for', 'tfjs trains in plain JavaScript, which is for checks only');
  if (device === 'auto') return automatic(name, machine, take);
  if (device === 'cpu' && name === 'compiled') return take({ engine: name, device }, 'asked for');
  const candidate = { engine: name, device, deviceId };
  await mustTrain(candidate, machine);
  const { adapter, software } = await adapterOf(candidate, machine);
  const slow = software ? [`${device} runs on ${adapter}, a software adapter: the CPU computes it`] : [];
  return take(candidate, 'asked for', ...slow);
}

const javascript: Candidate = { engine: 'tfjs', device: 'cpu', pureJs: true };

async function automatic(
  engine: Candidate['engine'],
  machine: Machine,
  take: (candidate: Candidate, why: string, ...notes: string[]) => Promise<DeviceChoice>,
): Promise<DeviceChoice> {
  const left: string[] = [];
  const why = (taken: string) => `auto takes ${taken}${left.map((reason) => `; not ${reason}`).join('')}`;
  for (const device of engine === 'tfjs' ? (['cuda'] as const) : (['cuda', 'webgpu'] as const)) {
    const candidate: Candidate = { engine, device };
    const reason = (await absence(device, machine)) ?? (await failure(candidate, machine));
    if (reason === undefined) {
      const { adapter } = await adapterOf(candidate, machine);
      const words = why(`${deviceName(candidate)}${adapter === null ? '' : ` (${adapter})`}`);
      return take(candidate, words, words);
    }
    left.push(`${device}: ${reason}`);
  }
  const candidate: Candidate = { engine, device: 'cpu' };
  if (engine === 'tfjs') await mustTrain(candidate, machine);
  const words = why(deviceName(candidate));
  const expectsGpu = machine.platform !== 'linux' || machine.gpuFiles().length > 0;
  return take(candidate, words, ...(expectsGpu ? [`${words}; ple doctor says more`] : []));
}

/** Why `auto` does not try a device. It starts no process on a Linux without a GPU, so that start-up stays fast. */
async function absence(device: 'cuda' | 'webgpu', machine: Machine): Promise<string | undefined> {
  const isLinux = machine.platform === 'linux';
  if (device === 'cuda') return isLinux ? nvidiaAbsence(machine) : 'auto tries it on Linux alone';
  if (!isLinux) return undefined;
  if (machine.gpuFiles().length === 0) return 'there is no GPU (/dev/dri/renderD128)';
  const { adapter, software } = await adapterOf({ engine: 'compiled', device }, machine);
  if (adapter === null) return 'vulkaninfo (Debian: vulkan-tools) shows no adapter';
  return software ? `${adapter} is a software adapter` : undefined;
}

function nvidiaAbsence({ platform, gpuFiles }: Machine): string | undefined {
  const isAbsent = platform === 'linux' && !gpuFiles().some((file) => /nvidia|dxg/.test(file));
  return isAbsent ? 'there is no NVIDIA GPU (/dev/nvidia0)' : undefined;
}

async function failure(candidate: Candidate, machine: Machine): Promise<string | undefined> {
  const attempt = await machine.attempt(candidate);
  return attempt.kind === 'failed' ? attempt.reason : undefined;
}

async function mustTrain(candidate: Candidate, machine: Machine): Promise<void> {
  const { engine, device, deviceId } = candidate;
  const reason = (device === 'cuda' ? nvidiaAbsence(machine) : undefined) ?? (await failure(candidate, machine));
  if (reason === undefined) return;
  const which = deviceId === undefined ? device : `${device} ${deviceId}`;
  throw new ConfigError(
    `engine.device: ${which} cannot be used by the ${engine} engine: ${reason}; ${fixOf(candidate)} has the fix.`,
  );
}

/** Where the fix stands. */
export function fixOf({ device }: Candidate): string {
  return `docs/gpu.md (${{ cpu: 'CPU', cuda: 'CUDA', webgpu: 'WebGPU' }[device]})`;
}

/** `compiled on cuda`. */
export function deviceName({ engine, device, deviceId }: Candidate): string {
  return `${engine} on ${device}${deviceId === undefined ? '' : ` ${deviceId}`}`;
}

/** Every engine on every device, with an id if CUDA sees several GPUs. */
export async function candidates(machine: Machine): Promise<readonly Candidate[]> {
  const gpus = (await cudaGpus(machine)).length;
  const ids = gpus > 1 ? Array.from({ length: gpus }, (_, deviceId) => ({ deviceId })) : [{}];
  return [
    ...(['compiled', 'tfjs'] as const).flatMap((engine) =>
      ids.map((id) => ({ engine, device: 'cuda', ...id }) as const),
    ),
    { engine: 'compiled', device: 'webgpu' },
    { engine: 'compiled', device: 'cpu' },
    { engine: 'tfjs', device: 'cpu' },
    javascript,
  ];
}

export async function adapterOf({ device, deviceId = 0 }: Candidate, machine: Machine): Promise<Adapter> {
  if (device === 'cpu') return { adapter: cpus()[0]?.model.trim() ?? null, software: false };
  if (device === 'cuda') return { adapter: (await cudaGpus(machine))[deviceId] ?? null, software: false };
  return vulkanAdapter(machine.platform === 'linux' ? await machine.ask('vulkaninfo', '--summary') : null);
}

/**
 * The adapter that ONNX Runtime's WebGPU takes, which it does not tell. It asks for high performance: a discrete GPU before
 * an integrated one, and a software one last.
 */
function vulkanAdapter(summary: string | null): Adapter {
  const listed = [...(summary ?? '').matchAll(/deviceType\s*= PHYSICAL_DEVICE_TYPE_(\w+)\s+deviceName\s*= (.*\S)/g)];
  const rank = ([, type = '']: readonly string[]) => ['DISCRETE_GPU', 'INTEGRATED_GPU', 'VIRTUAL_GPU'].indexOf(type);
  const gpus = listed.filter((adapter) => rank(adapter) >= 0).toSorted((a, b) => rank(a) - rank(b));
  const [adapter] = [...gpus, ...listed];
  return { adapter: adapter?.[2] ?? null, software: adapter ? gpus.length === 0 : null };
}

/**
 * Name, memory and driver of each GPU by CUDA's id. CUDA counts those in `CUDA_VISIBLE_DEVICES` alone, in bus order (set in
 * `engineOn`). Empty: nvidia-smi lists none.
 */
export async function cudaGpus(machine: Machine): Promise<readonly string[]> {
  const query = '--query-gpu=index,uuid,name,memory.total,driver_version';
  const text = (await machine.ask('nvidia-smi', query, '--format=csv,noheader')) ?? '';
  const gpus = [...text.matchAll(/^(\d+), (\S+), (.*), (.*)$/gm)].map(([, index, uuid = '', name, driver]) => {
    return { index, uuid, title: `${name}, driver ${driver}` };
  });
  const titles: string[] = [];
  for (const word of process.env.CUDA_VISIBLE_DEVICES?.split(',') ?? gpus.map(({ index }) => String(index))) {
    const id = word.trim();
    const gpu = gpus.find(({ index, uuid }) => id === index || (id.startsWith('GPU-') && uuid.startsWith(id)));
    if (!gpu) break; // like CUDA: an unknown id hides itself and everything after it
    titles.push(gpu.title);
  }
  return titles;
}

export interface OpenedEngine extends DeviceChoice {
  readonly engine: Engine;
}

/**
 * Opens the engine of a choice, after its device was tried. A chosen device opens at once.
 * @throws ConfigError: one line, if the device cannot be used.
 */
export async function openEngine(choice: EngineChoice | ChosenDevice, machine?: Machine): Promise<OpenedEngine> {
  const { chosen, notes } = 'candidate' in choice ? { chosen: choice, notes: [] } : await chooseDevice(choice, machine);
  return { engine: engineOn(chosen.candidate, chosen), chosen, notes };
}

/** The engine on this device, untried. Errors of its library are passed on. */
export function engineOn(
  { engine, device, deviceId, pureJs: inJavaScript }: Candidate,
  { threads, spinning }: EngineResources = {},
): Engine {
  if (device === 'cuda') process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID'; // number GPUs as nvidia-smi does, not fastest first
  if (engine === 'compiled') return createCompiledEngine({ device, deviceId, threads, spinning });
  if (device === 'webgpu') throw new Error('the tfjs engine has no WebGPU');
  return createTfjsEngine(inJavaScript ? pureJs : nativeBackend(device, { deviceId, threads }));
}

/** @param signal When it fires, an attempt in progress ends with a UserError. */
export function thisMachine(signal?: AbortSignal): Machine {
  const answers = new Map<string, Promise<string | null>>(); // nvidia-smi may take seconds
  return {
    platform: process.platform,
    gpuFiles,
    ask(tool, ...words) {
      const answer = answers.get(tool) ?? printedBy(tool, words);
      answers.set(tool, answer);
      return answer;
    },
    attempt: (candidate) => attempt(candidate, { signal }),
  };
}

/** `/dev/nvidia0`, `/dev/dri/renderD128`, and `/dev/dxg` for Linux under Windows. */
function gpuFiles(): readonly string[] {
  return ['/dev', '/dev/dri'].flatMap((folder) =>
    (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => /^(nvidia\d+|dxg|renderD\d+)$/.test(name))
      .map((name) => join(folder, name)),
  );
}

/** Environment of a process that only looks. Mesa's drivers then leave nothing in the user's cache folder. */
const lookingEnvironment = () => ({ ...process.env, MESA_SHADER_CACHE_DISABLE: 'true' });

export function printedBy(tool: string, words: readonly string[], seconds = 20): Promise<string | null> {
  return new Promise((resolve) => {
    const child = execFile(tool, words, { env: lookingEnvironment(), maxBuffer: 2 ** 24 }, (error, stdout) => {
      clearTimeout(timer);
      resolve(error ? null : stdout);
    });
    const timer = setTimeout(() => {
      resolve(null);
      abandon(child);
    }, 1000 * seconds);
  });
}

/** Kills a process without waiting for its end: one stuck in a driver does not end, and its children may hold its pipes. */
function abandon(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.connected) child.disconnect();
  child.unref();
}

interface AttemptOptions {
  readonly signal?: AbortSignal | undefined;
  /** A GPU's first step compiles for seconds. */
  readonly seconds?: number | undefined;
  readonly script?: string;
}

/**
 * Trains a few steps in a child process: a library that crashes, hangs or prints does so there.
 * @throws Interrupted
 */
export async function attempt(
  candidate: Candidate,
  { signal, seconds = 120, script = fileURLToPath(new URL('./smoke.js', import.meta.url)) }: AttemptOptions = {},
): Promise<Attempt> {
  const child = fork(script, [JSON.stringify(candidate)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // The name of a missing library appears only in a warning of TensorFlow.
    env: { ...lookingEnvironment(), ORT_DISABLE_TELEMETRY: '1', TF_CPP_MIN_LOG_LEVEL: '0' },
  });
  let printed = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-20_000);
  });
  let answer: Attempt | undefined;
  child.on('message', (message: Attempt) => {
    answer = message;
  });
  const ending = await endingOf(child, seconds, signal);
  if (signal?.aborted) throw new Interrupted('Interrupted while a device was tried.');
  if (answer?.kind === 'trained') return answer; // a library may still fail while its process exits
  const lines = stripVTControlCharacters(printed)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const [cause] = causeInText.exec([answer?.reason, ...lines].join('\n')) ?? [];
  const reason = (cause ?? answer?.reason ?? ending).trim();
  return { kind: 'failed', reason, printed: lines.slice(-linesKept) };
}

const linesKept = 8;

/** A cause that the exceptions of ONNX Runtime and TensorFlow lack, or hide in a line of C++ types. */
const causeInText = /(?<=with error: ).*|CUDA failure \d+.*|failed call to cuInit: .*/;

/** How a child process ended. One that takes too long, or is interrupted, is killed. */
function endingOf(child: ChildProcess, seconds: number, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const leave = (how: string) => () => {
      resolve(how);
      abandon(child);
    };
    const timer = setTimeout(leave(`a training step was not done within ${seconds} s`), 1000 * seconds);
    const interrupt = leave('interrupted');
    signal?.addEventListener('abort', interrupt);
    if (signal?.aborted) interrupt();
    child.once('error', reject);
    child.once('close', (code, by) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
      resolve(`its process ended with ${by ?? `exit code ${code}`}`);
    });
  });
}

/** In a child process: ends it when its parent is gone, even while a native library blocks the main thread. */
export function endWithParent(): void {
  const script = `
    const { workerData: parent } = require('node:worker_threads');
    setInterval(() => {
      try {
        process.kill(parent, 0);
        if (process.ppid === parent) return;
      } catch {}
      process.kill(process.pid, 'SIGKILL');
    }, 500);`;
  new Worker(script, { eval: true, execArgv: [], workerData: process.ppid }).unref();
}
