import { availableParallelism } from 'node:os';
import type { DeviceName } from '../../config/device-names.js';
import { ConfigError } from '../../support/errors.js';
import type { Engine } from '../engine.js';
import { type Adapter, type Candidate, deviceName, type Finding, type Unusable } from './device.js';
import { type EngineResources, engineOn } from './engine-on.js';
import { type Facts, machineFacts } from './facts.js';
import { probe as probeDevice } from './probe.js';
import { checkHardware, checkStatically } from './static-checks.js';

/** The `engine` part of a config. */
export interface EngineChoice extends EngineResources {
  readonly name: 'compiled' | 'tfjs';
  readonly device: DeviceName;
  /** GPU index, for device cuda. */
  readonly deviceId?: number | undefined;
  /** Of the tfjs engine; default: TensorFlow. */
  readonly library?: 'tensorflow' | 'javascript' | undefined;
}

/** The result of a choice as plain data. Another process can open it without detecting devices again. */
export interface ChosenDevice extends EngineResources {
  readonly candidate: Candidate;
  readonly adapter: Adapter;
  /** The reason, on one line. */
  readonly why: string;
}

export interface Choice {
  readonly chosen: ChosenDevice;
  /** Notes for the user: the device is a GPU, or is not although there is one, or is slow. */
  readonly notes: readonly string[];
}

/** How devices are detected. Tests replace it. */
export interface Inspection {
  readonly facts: Facts;
  probe(candidate: Candidate): Promise<Finding>;
}

/** @param signal When it fires, the attempt in progress ends with a UserError. */
export function inspectMachine(signal?: AbortSignal, facts: Facts = machineFacts()): Inspection {
  return { facts, probe: (candidate) => probeDevice(candidate, { facts, signal }) };
}

/**
 * Finds the device of a choice. A named device must pass a smoke step; there is no fallback.
 * @throws ConfigError: one line with what is missing and the fix.
 */
export async function chooseDevice(choice: EngineChoice, look: Inspection = inspectMachine()): Promise<Choice> {
  const { name, device, deviceId, library, threads, spinning } = choice;
  checkThreads(threads);
  const resources = { threads, spinning };
  if (library === 'javascript') return inJavaScript(resources, look);
  if (device === 'auto') return automatic(name, resources, look);
  if (device === 'cpu') return (name === 'tfjs' ? tfjsOnCpu : onCpu)(resources, look, 'asked for', []);
  const candidate = { engine: name, device, ...(deviceId === undefined ? {} : { deviceId }) };
  const finding = await look.probe(candidate);
  if (!finding.usable) throw refusal(candidate, finding);
  const notes = finding.software
    ? [`${device} runs on ${finding.adapter}, a software adapter: the CPU computes it`]
    : [];
  return { chosen: { candidate, adapter: pickAdapter(finding), why: 'asked for', ...resources }, notes };
}

function checkThreads(threads: number | undefined): void {
  const most = 4 * availableParallelism();
  if (threads === undefined || threads <= most) return;
  throw new ConfigError(
    `engine.threads: ${threads} is more than four times this machine's cores; say ${most} or fewer.`,
  );
}

function refusal({ engine, device, deviceId }: Candidate, { reason, mend }: Unusable): ConfigError {
  const which = deviceId === undefined ? device : `${device} ${deviceId}`;
  return new ConfigError(
    `engine.device: ${which} is not usable by the ${engine} engine: ${reason}; to fix it: ${mend}`,
  );
}

/** Tried in this order, before the CPU. */
const gpus: Readonly<Record<EngineChoice['name'], readonly Candidate[]>> = {
  compiled: [
    { engine: 'compiled', device: 'cuda' },
    { engine: 'tfjs', device: 'cuda' },
    { engine: 'compiled', device: 'webgpu' },
  ],
  tfjs: [{ engine: 'tfjs', device: 'cuda' }],
};

async function automatic(name: EngineChoice['name'], resources: EngineResources, look: Inspection): Promise<Choice> {
  const reasons: string[] = [];
  for (const candidate of gpus[name]) {
    const left = candidate.device === 'webgpu' ? await checkHardware(look.facts) : undefined;
    const finding = left ?? (await look.probe(candidate));
    if (!finding.usable) {
      reasons.push(`${deviceName(candidate)}: ${finding.reason}`);
      continue;
    }
    const adapter = pickAdapter(finding);
    const what = [adapter.adapter, adapter.driver && `driver ${adapter.driver}`].filter((part) => part !== null);
    const why = `auto: the first that passes a training step is ${deviceName(candidate)}${what.length > 0 ? ` (${what.join(', ')})` : ''}`;
    return { chosen: { candidate, adapter, why, ...resources }, notes: [why] };
  }
  const why = `auto: no GPU is usable: ${reasons.join('; ')}`;
  const notes = seesGpu(look.facts) ? [`${why}; ple doctor prints the fix`] : [];
  return (name === 'tfjs' ? tfjsOnCpu : onCpu)(resources, look, why, notes);
}

/** The machine has something that the user may expect to be used. */
function seesGpu({ platform, nvidiaDriver, gpuFiles }: Facts): boolean {
  return platform !== 'linux' || nvidiaDriver() !== null || gpuFiles().length > 0;
}

async function onCpu(
  resources: EngineResources,
  { facts }: Inspection,
  why: string,
  notes: readonly string[],
): Promise<Choice> {
  const candidate = { engine: 'compiled', device: 'cpu' } as const;
  const adapter = await checkStatically(candidate, facts);
  if ('usable' in adapter) throw refusal(candidate, adapter);
  return { chosen: { candidate, adapter, why, ...resources }, notes };
}

/** TensorFlow, which must be installed: plain JavaScript takes thousands of times as long, so nobody gets it unasked. */
async function tfjsOnCpu(
  resources: EngineResources,
  look: Inspection,
  why: string,
  notes: readonly string[],
): Promise<Choice> {
  const candidate = { engine: 'tfjs', device: 'cpu' } as const;
  const finding = await look.probe(candidate);
  if (!finding.usable)
    throw refusal(candidate, { ...finding, mend: `${finding.mend}, or say engine.library=javascript` });
  return { chosen: { candidate, adapter: pickAdapter(finding), why, ...resources }, notes };
}

async function inJavaScript(resources: EngineResources, { facts }: Inspection): Promise<Choice> {
  const candidate = { engine: 'tfjs', device: 'cpu', pureJs: true } as const;
  const adapter = await checkStatically(candidate, facts);
  if ('usable' in adapter) throw refusal(candidate, adapter);
  const notes = ['tfjs trains in plain JavaScript, which is for checks only'];
  return { chosen: { candidate, adapter, why: 'asked for', ...resources }, notes };
}

function pickAdapter({ adapter, driver, memoryBytes, software }: Adapter): Adapter {
  return { adapter, driver, memoryBytes, software };
}

export interface OpenedEngine {
  readonly engine: Engine;
  readonly chosen: ChosenDevice;
  /** Notes for the user on how it was chosen. */
  readonly notes: readonly string[];
}

/**
 * Opens the engine of a choice, after its device was tried. A chosen device opens at once.
 * @throws ConfigError: one line, if the device cannot be used.
 */
export async function openEngine(choice: EngineChoice | ChosenDevice, look?: Inspection): Promise<OpenedEngine> {
  const { chosen, notes } = 'candidate' in choice ? { chosen: choice, notes: [] } : await chooseDevice(choice, look);
  return { engine: engineOn(chosen.candidate, chosen), chosen, notes };
}
