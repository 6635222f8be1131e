import { availableParallelism } from 'node:os';
import type { Experiment } from '../../config/experiment.js';
import { type ChosenDevice, chooseDevice, cudaGpus, type Machine, thisMachine } from '../../engine/devices/devices.js';

/** What the runs of a comparison train on: one device, or several CUDA GPUs. Detected once for all processes. */
export interface SharedDevices {
  readonly all: readonly [ChosenDevice, ...ChosenDevice[]];
  /** Notes for the user. */
  readonly notes: readonly string[];
}

/**
 * The device of a config's `engine`. For CUDA without `engine.deviceId`: every GPU.
 * @throws ConfigError for a device that cannot be used.
 */
export async function shareDevices(
  engine: Experiment['engine'],
  machine: Machine = thisMachine(),
): Promise<SharedDevices> {
  const { chosen, notes } = await chooseDevice(engine, machine);
  const { engine: name, device, deviceId } = chosen.candidate;
  const gpus = device === 'cuda' && deviceId === undefined ? (await cudaGpus(machine)).length : 1;
  if (gpus < 2) return { all: [chosen], notes };
  const others: ChosenDevice[] = [];
  for (let deviceId = 1; deviceId < gpus; deviceId++) {
    const other = await chooseDevice({ ...engine, name, device, deviceId }, machine);
    others.push({ ...other.chosen, why: chosen.why });
  }
  return { all: [{ ...chosen, candidate: { ...chosen.candidate, deviceId: 0 } }, ...others], notes };
}

/** The default number of runs at a time: one on each GPU, else as many as there are cores for. */
export function usualJobs({ all: [first, ...others] }: SharedDevices): number {
  if (first.candidate.device !== 'cpu') return 1 + others.length;
  return Math.max(1, Math.floor(availableParallelism() / (first.threads ?? 1)));
}

/**
 * The device of a job, by its number from 0. GPUs take turns. Jobs share the machine's threads equally, unless the config
 * sets their number.
 */
export function deviceFor({ all }: SharedDevices, jobs: number, job: number): ChosenDevice {
  const device = all[job % all.length] ?? all[0];
  if (jobs === 1) return device;
  return { ...device, threads: threadsOfJob(device.threads, jobs), spinning: false };
}

/** @param threads what the config says @param jobs default: one for each core */
export function threadsOfJob(threads: number | undefined, jobs = availableParallelism()): number {
  return threads ?? Math.max(1, Math.floor(availableParallelism() / jobs));
}
